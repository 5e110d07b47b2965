/** The `udp` check: a datagram, and a reply that holds what is expected; or, where none is required, nobody who says that it cannot be delivered. */
import type { UdpHealthCheck } from '../config/model.js';
import { attempt, type Probe } from './attempt.js';
import { openDatagram } from './datagram.js';
import { describeExpected, describeMismatch, judge, octetsOf } from './octets.js';
import { describeDuration } from './wording.js';

export const probeUdp: Probe<UdpHealthCheck> = (check, stop) =>
  attempt(check, stop, (self) => {
    const { expect, requireReply, send } = check;
    self.stage = expect === undefined ? 'waiting for a reply' : `waiting for ${describeExpected(expect)}`;
    if (!requireReply) self.onTimeout = () => self.succeed(`no error within ${describeDuration(check.timeout)}`);
    const matches = expect && judge(expect);
    openDatagram(check, self, (socket) => {
      socket.on('message', (reply) => {
        const found = matches?.(reply);
        if (expect === undefined || found === undefined) self.succeed(`reply of ${reply.length} octets`);
        else if (typeof found === 'object') self.fail(found.overrun);
        else if (found) self.succeed(`reply ${expect.form === 'regex' ? 'matches' : 'holds'} ${describeExpected(expect)}`);
        else self.fail(describeMismatch(expect, reply, 'reply'));
      });
      socket.send(send === undefined ? Buffer.alloc(0) : octetsOf(send), (error) => {
        if (error) self.error(error);
      });
    });
  });
