/** The `dns` check: a question over UDP or TCP, and the response code and the data of its answer. */
import { randomInt } from 'node:crypto';
import type { DnsHealthCheck } from '../config/model.js';
import { isShortage } from '../network/shortage.js';
import { attempt, type Attempt, type Probe } from './attempt.js';
import { connectTcp } from './connect.js';
import { openDatagram } from './datagram.js';
import { encodeQuery, readResponse, type Reading } from './dns-message.js';
import { describeFailure } from './failure.js';

/** As a resolver does: answers to other questions are passed over, and a truncated one is asked for again over TCP, all within one timeout. */
export const probeDns: Probe<DnsHealthCheck> = (check, stop) => attempt(check, stop, (self) => (check.protocol === 'tcp' ? askTcp(check, self, '') : askUdp(check, self)));

const settle = (reading: Reading, self: Attempt, over = ''): void => {
  switch (reading.type) {
    case 'other':
      return self.fail(`${reading.why} has come${over}`);
    case 'truncated':
      return self.fail(`the answer is truncated${over === '' ? ' over TCP' : over}`);
    case 'judged':
      if (reading.result.ok) self.succeed(`${reading.result.detail}${over}`);
      else self.fail(`${reading.result.reason}${over}`);
  }
};

const askUdp = (check: DnsHealthCheck, self: Attempt): void => {
  const id = randomInt(0x10000);
  let truncated = false;
  openDatagram(check, self, (socket) => {
    self.stage = 'waiting for the answer';
    socket.on('message', (message) => {
      if (truncated) return;
      const reading = readResponse(message, check, id);
      // passed over, as a late one to an earlier question or a forged one
      if (reading.type === 'other') return void (self.stage = `waiting for the answer; ${reading.why} has come`);
      if (reading.type === 'judged') return settle(reading, self);
      truncated = true;
      askTcp(check, self, ' over TCP, since over UDP it was truncated');
    });
    socket.send(encodeQuery(check, id), (error) => {
      if (error) self.error(error);
    });
  });
};

/** `over`: in words, where that is not what the check says. A message comes behind its length, two octets (RFC 1035 4.2.2). */
const askTcp = (check: DnsHealthCheck, self: Attempt, over: string): void => {
  const id = randomInt(0x10000);
  self.stage = `connecting${over}`;
  connectTcp(check, { ...self, error: (error) => (isShortage(error) ? self.error(error) : self.fail(`${describeFailure(error)}${over}`)) }, (socket) => {
    self.stage = `waiting for the answer${over}`;
    const chunks: Buffer[] = [];
    let length = 0;
    let whole: number | undefined;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length < 2) return;
      whole ??= 2 + Buffer.concat(chunks, 2).readUInt16BE(0);
      if (length >= whole) settle(readResponse(Buffer.concat(chunks, whole).subarray(2), check, id), self, over);
    });
    socket.once('end', () => self.fail(`connection closed by the server before the answer was complete${over}`));
    const query = encodeQuery(check, id);
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(query.length, 0);
    socket.write(Buffer.concat([prefix, query]));
  });
};
