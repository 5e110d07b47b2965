/** Replies of an SMTP server (RFC 5321 4.2), put together from what arrives: pure. */
import { excerpt } from './octets.js';

export interface SmtpReply {
  /** 200..599 */
  readonly code: number;
  /** without code and separator */
  readonly lines: readonly string[];
  /** as it came */
  readonly text: string;
}

/** A reply longer than this is none. */
const replyLimit = 16 * 1024;

export class SmtpReplies {
  #text = '';
  /** where the line begins that is not complete yet */
  #lineStart = 0;
  #lines: string[] = [];

  get isEmpty(): boolean {
    return this.#text === '';
  }

  /** The reply that is complete with this, or what is wrong; undefined: more must come. What follows a reply is kept. */
  push(chunk: Buffer): SmtpReply | { readonly problem: string } | undefined {
    this.#text += chunk.toString('latin1');
    for (;;) {
      const end = this.#text.indexOf('\n', this.#lineStart);
      if (end < 0 || end > replyLimit) return this.#text.length > replyLimit ? { problem: `the reply is longer than ${replyLimit / 1024} KiB` } : undefined;
      const line = this.#text.slice(this.#lineStart, end).replace(/\r$/, '');
      const [, code, separator = ' ', words = ''] = /^([2-5]\d\d)(?:([ -])(.*))?$/.exec(line) ?? [];
      if (code === undefined) return { problem: `the answer is not SMTP: ${excerpt(Buffer.from(line, 'latin1'))}` };
      this.#lines.push(words);
      this.#lineStart = end + 1;
      if (separator === '-') continue;
      const reply = { code: Number(code), lines: this.#lines, text: this.#text.slice(0, end).trimEnd() };
      this.#text = this.#text.slice(end + 1);
      this.#lineStart = 0;
      this.#lines = [];
      return reply;
    }
  }
}
