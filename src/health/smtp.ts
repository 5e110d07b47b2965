/** The `smtp` check: greeting, EHLO, TLS where it is asked for, QUIT (RFC 5321, RFC 3207, RFC 8314). */
import type net from 'node:net';
import type { SmtpHealthCheck } from '../config/model.js';
import { attempt, type Attempt, type Probe } from './attempt.js';
import { connectTcp, connectTls } from './connect.js';
import { excerpt } from './octets.js';
import { SmtpReplies, type SmtpReply } from './smtp-reply.js';

export const probeSmtp: Probe<SmtpHealthCheck> = (check, stop) =>
  attempt(check, stop, (self) => {
    const begin = (socket: net.Socket): void => greet(new Conversation(socket, self), check, self);
    if (check.security === 'implicit_tls') connectTls(check, self, [], begin);
    else connectTcp(check, self, begin);
  });

/** One question at a time; a reply that is not as it should be fails the attempt. */
class Conversation {
  #replies = new SmtpReplies();
  #waiting: ((reply: SmtpReply) => void) | undefined;

  constructor(
    readonly socket: net.Socket,
    private readonly attempt: Attempt,
  ) {
    socket.on('data', this.#onData);
    socket.once('end', this.#onEnd);
  }

  /** `line`: what is said, if anything; `about`: the reply that is waited for, in words. */
  ask(line: string | undefined, about: string, onReply: (reply: SmtpReply) => void): void {
    this.attempt.stage = `waiting for ${about}`;
    this.#waiting = onReply;
    if (line !== undefined) this.socket.write(`${line}\r\n`);
  }

  /** Hands the socket on. False: the server has said more than it was asked for. */
  leave(): boolean {
    this.socket.off('data', this.#onData);
    this.socket.off('end', this.#onEnd);
    return this.#replies.isEmpty;
  }

  readonly #onData = (chunk: Buffer): void => {
    const reading = this.#replies.push(chunk);
    if (reading === undefined) return;
    if ('problem' in reading) return this.attempt.fail(reading.problem);
    const onReply = this.#waiting;
    this.#waiting = undefined;
    onReply?.(reading);
  };

  readonly #onEnd = (): void => this.attempt.fail(`connection closed by the server (${this.attempt.stage})`);
}

const greet = (conversation: Conversation, check: SmtpHealthCheck, self: Attempt): void =>
  conversation.ask(undefined, 'the greeting', (greeting) => {
    if (greeting.code !== 220) return self.fail(unexpected('greeting', greeting, 220));
    hello(conversation, check, self, (offers) => {
      if (check.security === 'starttls') upgrade(conversation, offers, check, self);
      else quit(conversation, self, check.security === 'none' ? 'greeting and EHLO' : 'TLS, greeting and EHLO');
    });
  });

/** HELO where EHLO is not known (RFC 5321 3.2); `offers`: the extensions' lines, in capitals. */
const hello = (conversation: Conversation, check: SmtpHealthCheck, self: Attempt, onDone: (offers: readonly string[]) => void): void => {
  const name = check.helo ?? ownLiteral(conversation.socket);
  conversation.ask(`EHLO ${name}`, 'the answer to EHLO', (reply) => {
    if (reply.code === 250) return onDone(reply.lines.slice(1).map((line) => line.toUpperCase()));
    if (![500, 502, 504].includes(reply.code)) return self.fail(unexpected('answer to EHLO', reply, 250));
    conversation.ask(`HELO ${name}`, 'the answer to HELO', (second) => (second.code === 250 ? onDone([]) : self.fail(unexpected('answer to HELO', second, 250))));
  });
};

const upgrade = (conversation: Conversation, offers: readonly string[], check: SmtpHealthCheck, self: Attempt): void => {
  if (!offers.some((line) => line.split(' ', 1)[0] === 'STARTTLS')) return self.fail('the server does not offer STARTTLS');
  conversation.ask('STARTTLS', 'the answer to STARTTLS', (reply) => {
    if (reply.code !== 220) return self.fail(unexpected('answer to STARTTLS', reply, 220));
    // what was said in the clear must not count as said under TLS
    if (!conversation.leave()) return self.fail('the server says more in the clear after its answer to STARTTLS');
    const { socket } = conversation;
    connectTls(check, self, [], (secured) => {
      const second = new Conversation(secured, self);
      hello(second, check, self, () => quit(second, self, 'greeting, EHLO and STARTTLS'));
    }, (_check, _attempt, onConnect) => onConnect(socket));
  });
};

/** So that the server has no broken session to log. */
const quit = (conversation: Conversation, self: Attempt, detail: string): void => conversation.ask('QUIT', 'the answer to QUIT', () => self.succeed(detail));

/** RFC 5321 4.1.3 */
const ownLiteral = ({ localAddress = '127.0.0.1' }: net.Socket): string => `[${localAddress.includes(':') ? 'IPv6:' : ''}${localAddress}]`;

const unexpected = (what: string, { text }: SmtpReply, expected: number): string => `${what} is ${excerpt(Buffer.from(text))}, expected ${expected}`;
