/** E-mail on what happens: gathered for a moment, sent in one message, tried again later and later; what waits is bounded. */
import type { Configuration, EmailConfiguration } from '../config/model.js';
import { Conditions } from '../control/conditions.js';
import { counted, event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import type { EmailStatus } from '../control/status.js';
import type { Happening } from './happening.js';
import { composeMail, isTold, type MailMessage } from './mail-message.js';

/** What happens within this goes into one message. */
const GATHER_MS = 1_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 600_000;
/** Happenings that wait; beyond it the oldest go. */
export const WAITING_LIMIT = 1_000;

/** Before the try after so many failures in a row, milliseconds. */
export const retryDelay = (failures: number): number => Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);

/** The message was not taken. `permanent`: the server refuses this message, and would again. */
export class SendError extends Error {
  readonly code = 'SEND';
  constructor(
    message: string,
    readonly permanent: boolean,
  ) {
    super(message);
    this.name = 'SendError';
  }
}

/** Rejects with whatever kept it from being taken, also when `signal` ends it. */
export type Send = (email: EmailConfiguration, message: MailMessage, signal: AbortSignal) => Promise<void>;

/** The library is loaded when the first message is sent: who sends none has nothing of it in memory. */
const sendBySmtp: Send = async (...message) => (await import('./smtp.js')).sendMail(...message);

export class Mailer {
  readonly #conditions: Conditions;
  #email: EmailConfiguration | undefined;
  #routerId = '';
  #waiting: readonly Happening[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: { readonly ended: Promise<void>; readonly abort: AbortController } | undefined;
  #failures = 0;
  /** not kept, and not told of yet */
  #lost = 0;
  #counters = { sent: 0, failed: 0, dropped: 0 };
  #problem: string | null = null;

  constructor(
    private readonly report: Report,
    private readonly send: Send = sendBySmtp,
  ) {
    this.#conditions = new Conditions(report);
  }

  /** What waits is sent by the new settings, at once. */
  configure({ email, routerId }: Pick<Configuration, 'email' | 'routerId'>): void {
    const same = JSON.stringify([email, routerId]) === JSON.stringify([this.#email, this.#routerId]);
    this.#email = email;
    this.#routerId = routerId;
    if (same) return;
    this.#failures = 0;
    if (email === undefined) {
      this.#drop(this.#waiting.length, 'e-mail is not configured any more');
      this.#waiting = [];
      this.#problem = null;
      this.#conditions.forget('failing');
    }
    this.#schedule(0);
  }

  tell(happenings: readonly Happening[]): void {
    const { on } = this.#email ?? { on: [] };
    const told = happenings.filter((happening) => isTold(happening, on));
    if (told.length === 0) return;
    this.#keep([...this.#waiting, ...told]);
    if (this.#timer === undefined) this.#schedule(GATHER_MS);
  }

  /** Undefined when none is configured. */
  get status(): EmailStatus | undefined {
    return this.#email && { server: `${this.#email.server}:${this.#email.port}`, ...this.#counters, waiting: this.#waiting.length, problem: this.#problem };
  }

  /** Tries once more to send what waits; after `milliseconds` it is given up. */
  async finish(milliseconds: number): Promise<void> {
    let over = false;
    const limit = setTimeout(() => {
      over = true;
      this.#sending?.abort.abort();
    }, milliseconds);
    await this.#sending?.ended;
    if (!over) {
      this.#deliver();
      await this.#sending?.ended;
    }
    clearTimeout(limit);
    clearTimeout(this.#timer);
    this.#drop(this.#waiting.length, 'tandemd stops');
  }

  #schedule(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0 || this.#sending !== undefined) return;
    this.#timer = setTimeout(() => this.#deliver(), milliseconds);
  }

  #deliver(): void {
    this.#timer = undefined;
    const email = this.#email;
    if (email === undefined || this.#sending !== undefined || this.#waiting.length === 0) return;
    const batch = this.#waiting;
    const lost = this.#lost;
    this.#waiting = [];
    const abort = new AbortController();
    const begin = performance.now();
    const ended = this.send(email, composeMail(this.#routerId, batch, lost, Date.now()), abort.signal).then(
      () => this.#sent(email, batch.length, lost, performance.now() - begin),
      (error: unknown) => this.#failed(email, batch, error),
    );
    this.#sending = { ended, abort };
  }

  #sent({ to, server, port }: EmailConfiguration, events: number, lost: number, milliseconds: number): void {
    this.#sending = undefined;
    this.#failures = 0;
    this.#lost -= lost;
    this.#counters.sent++;
    this.#problem = null;
    this.#conditions.end('failing', (count, duration) => event('info', `e-mail is delivered to ${server}:${port} again`, { failed: count, seconds: Math.round(duration / 1_000) }));
    this.#conditions.forget('full');
    this.report(event('info', `e-mail on ${counted(events, 'event')} sent to ${to.join(', ')}`, { server: `${server}:${port}`, took_ms: Math.round(milliseconds) }));
    this.#schedule(GATHER_MS);
  }

  #failed({ server, port }: EmailConfiguration, batch: readonly Happening[], error: unknown): void {
    this.#sending = undefined;
    this.#failures++;
    this.#counters.failed++;
    const problem = inWords(error);
    this.#problem = problem;
    if (error instanceof SendError && error.permanent) this.#drop(batch.length, `${server}:${port} refuses the message: ${problem}`);
    else if (this.#email === undefined) this.#drop(batch.length, 'e-mail is not configured any more');
    else {
      this.#keep([...batch, ...this.#waiting]);
      this.#conditions.begin('failing', () => event('warn', `e-mail cannot be delivered to ${server}:${port}: ${problem}; it is tried again in ${FIRST_RETRY_MS / 1_000} s, then later and later`, { waiting: this.#waiting.length }));
    }
    this.#schedule(retryDelay(this.#failures));
  }

  #keep(happenings: readonly Happening[]): void {
    this.#waiting = happenings.slice(-WAITING_LIMIT);
    const lost = happenings.length - this.#waiting.length;
    if (lost === 0) return;
    this.#lost += lost;
    this.#counters.dropped += lost;
    this.#conditions.begin('full', () => event('warn', `more than ${WAITING_LIMIT} events wait to be told by e-mail: the oldest are dropped, and counted`));
  }

  #drop(count: number, why: string): void {
    if (count === 0) return;
    this.#counters.dropped += count;
    this.report(event('warn', `${counted(count, 'event')} will not be told by e-mail: ${why}`));
  }
}
