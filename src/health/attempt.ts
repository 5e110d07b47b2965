/** One probe from start to end: settles once, never later than its timeout, and lets go of everything it opened. */
import { toMilliseconds } from '../time/microseconds.js';
import type { ActiveCheck } from './check-key.js';
import { describeFailure } from './failure.js';
import type { ProbeResult } from './state.js';
import { describeDuration } from './wording.js';

/** Makes one probe; never rejects. `stop`: gives it up at once. */
export type Probe<C extends ActiveCheck = ActiveCheck> = (check: C, stop: AbortSignal) => Promise<ProbeResult>;

export interface Attempt {
  /** what is being waited for, in words: told when the time is up */
  stage: string;
  /** what the end of the time means; a failure unless set */
  onTimeout: (() => void) | undefined;
  readonly succeed: (detail: string) => void;
  readonly fail: (reason: string) => void;
  /** fails with the error's reason in words */
  readonly error: (error: unknown) => void;
  /** called with the result when settled, the last one given first */
  readonly onSettled: (release: (result: ProbeResult) => void) => void;
}

/** Runs `start`; the first call of succeed, fail or error settles, what comes later is ignored. */
export function attempt(check: ActiveCheck, stop: AbortSignal, start: (attempt: Attempt) => void): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const releases: ((result: ProbeResult) => void)[] = [];
    let settled = false;
    const settle = (result: ProbeResult): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      // Not within the callback that settled: the parser of undici, for one, does not expect its socket to go meanwhile.
      queueMicrotask(() => {
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
      succeed: (detail) => settle({ ok: true, detail }),
      fail,
      error: (error) => fail(describeFailure(error)),
      onSettled: (release) => void releases.push(release),
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
