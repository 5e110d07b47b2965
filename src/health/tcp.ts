/** The `tcp` check: a connection can be made, and what the server says holds what is expected, where that is given. */
import type { TcpHealthCheck } from '../config/model.js';
import { attempt, type Probe } from './attempt.js';
import { connectTcp } from './connect.js';
import { answerLimit, describeExpected, describeMismatch, judge, octetsOf } from './octets.js';

export const probeTcp: Probe<TcpHealthCheck> = (check, stop) =>
  attempt(check, stop, (self) =>
    connectTcp(check, self, (socket) => {
      const { send, expect } = check;
      if (expect === undefined) return self.succeed('connected');
      const matches = judge(expect);
      const expected = describeExpected(expect);
      // One buffer, grown by doubling: what trickles in octet by octet is not copied each time.
      let answer = Buffer.alloc(512);
      let length = 0;
      self.stage = `waiting for ${expected}`;
      socket.on('data', (chunk: Buffer) => {
        const wanted = Math.min(length + chunk.length, answerLimit);
        if (wanted > answer.length) answer = Buffer.concat([answer.subarray(0, length)], Math.min(answerLimit, Math.max(wanted, 2 * answer.length)));
        length += chunk.copy(answer, length, 0, wanted - length);
        const found = matches(answer.subarray(0, length));
        if (typeof found === 'object') self.fail(found.overrun);
        else if (found) self.succeed(`answer ${expect.form === 'regex' ? 'matches' : 'holds'} ${expected}`);
        else if (length >= answerLimit) self.fail(`${describeMismatch(expect, answer)} in its first 64 KiB`);
        else self.stage = `waiting for ${expected}; ${describeMismatch(expect, answer.subarray(0, length))}`;
      });
      socket.once('end', () => self.fail(length === 0 ? `connection closed by the server without an answer, expected ${expected}` : describeMismatch(expect, answer.subarray(0, length))));
      if (send !== undefined) socket.write(octetsOf(send));
    }),
  );
