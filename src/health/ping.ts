/** The `ping` check: an ICMP or ICMPv6 echo request, and its reply. */
import type { PingHealthCheck } from '../config/model.js';
import { monotonicNow } from '../time/clock.js';
import { minus, toMilliseconds } from '../time/microseconds.js';
import { attempt, type Probe } from './attempt.js';
import { EchoSockets, PingError } from './echo-sockets.js';

const shared = new EchoSockets();

export const pingBy = (sockets: EchoSockets): Probe<PingHealthCheck> => (check, stop) =>
  attempt(check, stop, (self) => {
    self.stage = 'waiting for the echo reply';
    const begin = monotonicNow();
    try {
      const giveUp = sockets.send(check.address, check, (problem) => {
        if (problem === undefined) self.succeed(`echo reply in ${toMilliseconds(minus(monotonicNow(), begin)).toFixed(1)} ms`);
        else self.fail(problem);
      });
      self.onSettled(giveUp);
    } catch (error) {
      if (error instanceof PingError) self.fail(error.message);
      else self.error(error);
    }
  });

export const probePing = pingBy(shared);
