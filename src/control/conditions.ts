/** Conditions: what lasts is logged when it begins and when it ends, with a count, never in between. */
import type { LogEvent } from '../supervisor/messages.js';

interface Condition {
  readonly since: number;
  count: number;
}

export class Conditions {
  readonly #running = new Map<string, Condition>();

  /**
   * @param report where the lines go
   * @param now milliseconds since the epoch
   */
  constructor(
    private readonly report: (event: LogEvent) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Reports the first time only, counts the others. @returns true the first time */
  begin(key: string, makeEvent: () => LogEvent): boolean {
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.count++;
      return false;
    }
    this.#running.set(key, { since: this.now(), count: 1 });
    this.report(makeEvent());
    return true;
  }

  /** Reports the end of what had begun; nothing when it had not. @returns true when it had */
  end(key: string, makeEvent: (count: number, durationMs: number) => LogEvent): boolean {
    const running = this.#running.get(key);
    if (running === undefined) return false;
    this.#running.delete(key);
    this.report(makeEvent(running.count, this.now() - running.since));
    return true;
  }

  has(key: string): boolean {
    return this.#running.has(key);
  }

  /** How often it was reported or counted since it began; 0 when it does not last. */
  count(key: string): number {
    return this.#running.get(key)?.count ?? 0;
  }

  /** Forgets without a word, e.g. when what the condition was about is no longer configured. */
  forget(key: string): void {
    this.#running.delete(key);
  }
}
