/** One probe from start to end: settles once, never later than its timeout, and lets go of everything it opened. */
import { isShortage } from '../network/shortage.js';
import { toMilliseconds } from '../time/microseconds.js';
import type { ActiveCheck } from './check-key.js';
import { describeFailure } from './failure.js';
import type { ProbeResult, ProbeSuccess } from './state.js';
import { describeDuration } from './wording.js';

/** Makes one probe; never rejects. `stop`: gives it up at once. */
export type Probe<C extends ActiveCheck = ActiveCheck> = (check: C, stop: AbortSignal) => Promise<ProbeResult>;

export interface Attempt {
  /** what is being waited for, in words: told when the time is up */
  stage: string;
  /** what the end of the time means; a failure unless set */
  onTimeout: (() => void) | undefined;
  /** what a success tells beside it, see `ProbeSuccess` */
  warning: string | undefined;
  readonly succeed: (detail: string, more?: Pick<ProbeSuccess, 'decisive' | 'weight' | 'report'>) => void;
  readonly fail: (reason: string) => void;
  /** a failure that holds at once: see `ProbeResult` */
  readonly order: (reason: string) => void;
  /** fails with the error's reason in words; where this host lacks something, the attempt is void: see `ProbeResult` */
  readonly error: (error: unknown) => void;
  /** called with the result when settled, the last one given first; at once when that has been */
  readonly onSettled: (release: (result: ProbeResult) => void) => void;
}

/** What waits for it comes after what runs: in Node `queueMicrotask` makes an object that accounts for it besides, which costs as much as a request's head. */
export const afterThis = Promise.resolve();

/** Runs `start`; the first call of succeed, fail or error settles, what comes later is ignored. */
export function attempt(check: ActiveCheck, stop: AbortSignal, start: (attempt: Attempt) => void): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const releases: ((result: ProbeResult) => void)[] = [];
    let settled = false;
    let released: ProbeResult | undefined;
    const settle = (result: ProbeResult): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      // Not within the callback that settled: the parser of undici, for one, does not expect its socket to go meanwhile.
      void afterThis.then(() => {
        released = result;
        for (const release of releases.reverse()) release(result);
        resolve(result);
      });
    };
    const fail = (reason: string): void => settle({ ok: false, reason });
    const onStop = (): void => fail('the check was stopped');
    // After a stall of the event loop timers come before input: one more turn lets an answer count that has arrived long since.
    const timer = setTimeout(() => setImmediate(onTimeout), Math.max(1, toMilliseconds(check.timeout)));
    const self: Attempt = {
      stage: 'connecting',
      onTimeout: undefined,
      warning: undefined,
      succeed: (detail, more = {}) => settle({ ok: true, detail, ...more, ...(self.warning === undefined ? {} : { warning: self.warning }) }),
      fail,
      order: (reason) => settle({ ok: false, reason, decisive: true }),
      error: (error) => settle({ ok: false, reason: describeFailure(error), ...(isShortage(error) ? { isVoid: true } : {}) }),
      onSettled: (release) => void (released === undefined ? releases.push(release) : release(released)),
    };
    const onTimeout = (): void => self.onTimeout ? self.onTimeout() : fail(`no answer within ${describeDuration(check.timeout)} (${self.stage})`);
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) return onStop();
    try {
      start(self);
    } catch (error) {
      self.error(error);
    }
  });
}

/** A part of an attempt, such as one request of several. */
export interface Part {
  readonly attempt: Attempt;
  /** It is over: what still goes wrong with it says nothing. */
  readonly close: () => void;
  /** Lets go of what it opened; the whole does so too when it is settled. */
  readonly release: () => void;
}

export function partOf(whole: Attempt): Part {
  const attempt = new PartialAttempt(whole);
  return { attempt, close: () => void (attempt.isClosed = true), release: () => attempt.release({ ok: true, detail: '' }) };
}

class PartialAttempt implements Attempt {
  isClosed = false;
  #isOver = false;
  #releases: ((result: ProbeResult) => void)[] = [];
  readonly succeed: Attempt['succeed'];
  readonly order: Attempt['order'];

  constructor(private readonly whole: Attempt) {
    this.succeed = whole.succeed;
    this.order = whole.order;
    whole.onSettled((result) => {
      this.#isOver = true;
      this.release(result);
    });
  }

  get stage(): string {
    return this.whole.stage;
  }

  set stage(stage: string) {
    this.whole.stage = stage;
  }

  get warning(): string | undefined {
    return this.whole.warning;
  }

  set warning(warning: string | undefined) {
    this.whole.warning = warning;
  }

  get onTimeout(): (() => void) | undefined {
    return this.whole.onTimeout;
  }

  set onTimeout(onTimeout: (() => void) | undefined) {
    this.whole.onTimeout = onTimeout;
  }

  readonly fail = (reason: string): void => (this.isClosed ? undefined : this.whole.fail(reason));
  readonly error = (error: unknown): void => (this.isClosed ? undefined : this.whole.error(error));
  readonly onSettled: Attempt['onSettled'] = (release) => (this.#isOver ? this.whole.onSettled(release) : void this.#releases.push(release));

  release(result: ProbeResult): void {
    const due = this.#releases.reverse();
    this.#releases = [];
    for (const each of due) each(result);
  }
}
