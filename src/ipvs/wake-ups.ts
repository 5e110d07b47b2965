/** Calls back for each virtual server when something changes in it without a verdict: the next step of a slow start, the end of a hold. */
import { monotonicNow } from '../time/clock.js';
import { minus, toMilliseconds, type Microseconds } from '../time/microseconds.js';

/** setTimeout takes no more; who is woken early sets it again. */
const longestTimeout = 2 ** 31 - 1;

export class WakeUps<Key> {
  readonly #timers = new Map<Key, NodeJS.Timeout>();

  constructor(private readonly wake: (key: Key) => void) {}

  /** `at`: of the monotonic clock; undefined: never. */
  set(key: Key, at: Microseconds | undefined): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    if (at === undefined) return;
    const delay = Math.min(longestTimeout, Math.max(0, Math.ceil(toMilliseconds(minus(at, monotonicNow())))));
    this.#timers.set(key, setTimeout(() => {
      this.#timers.delete(key);
      this.wake(key);
    }, delay));
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
