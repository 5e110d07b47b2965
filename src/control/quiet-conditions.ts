/** Conditions that have no end of their own: they end when nothing was noted for a while. */
import type { LogEvent } from '../supervisor/messages.js';
import { Conditions } from './conditions.js';

interface Noted {
  readonly lastAt: number;
  readonly count: number;
  readonly makeEnd: (count: number, durationMs: number) => LogEvent;
}

/** milliseconds without a repetition that end a condition */
const quietMilliseconds = 60_000;
/** conditions at once: whoever forges senders must not fill the memory */
const conditionsAtMost = 1_000;

export class QuietConditions {
  private readonly conditions: Conditions;
  private readonly noted = new Map<string, Noted>();

  /** @param now milliseconds since the epoch */
  constructor(
    report: (event: LogEvent) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.conditions = new Conditions(report, now);
  }

  /**
   * Logged the first time; repetitions are counted.
   * @param after so many repetitions it is worth a line
   * @returns true when the line was written
   */
  note(key: string, makeBegin: () => LogEvent, makeEnd: (count: number, durationMs: number) => LogEvent, after = 0): boolean {
    const before = this.noted.get(key);
    if (this.noted.size >= conditionsAtMost && !before) return false;
    const count = (before?.count ?? 0) + 1;
    this.noted.set(key, { lastAt: this.now(), count, makeEnd });
    return count > after && this.conditions.begin(key, makeBegin);
  }

  /** To be called now and then: ends what has been quiet. What happened only once ends without a word. */
  sweep(): void {
    const now = this.now();
    for (const [key, { lastAt, makeEnd }] of this.noted) {
      if (now - lastAt < quietMilliseconds) continue;
      this.noted.delete(key);
      if (this.conditions.count(key) > 1) this.conditions.end(key, makeEnd);
      else this.conditions.forget(key);
    }
  }
}
