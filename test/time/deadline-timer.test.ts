/** The timer on real time: never early, once for each deadline, and replaced as often as wanted. */
import { describe, expect, it } from 'vitest';
import { monotonicNow } from '../../src/time/clock.js';
import { DeadlineTimer } from '../../src/time/deadline-timer.js';
import { type Microseconds, Microseconds as microseconds, Milliseconds, minus, plus } from '../../src/time/microseconds.js';

interface Fired {
  readonly deadline: Microseconds;
  readonly at: Microseconds;
}

/** A timer and what it did; `next` resolves at its next call. */
const watched = () => {
  const fired: Fired[] = [];
  let wake: () => void = () => undefined;
  const timer = new DeadlineTimer((deadline) => {
    fired.push({ deadline, at: monotonicNow() });
    wake();
  });
  return { timer, fired, next: () => new Promise<void>((resolve) => (wake = resolve)) };
};
const inMilliseconds = (count: number): Microseconds => plus(monotonicNow(), Milliseconds(count));

describe('the monotonic clock', () => {
  it('counts whole microseconds and never goes back', () => {
    let last = monotonicNow();
    for (let count = 0; count < 10_000; count++) {
      const now = monotonicNow();
      expect(Number.isSafeInteger(now) && now >= last).toBe(true);
      last = now;
    }
  });
});

describe('a deadline timer', () => {
  it('fires once, with its deadline, and never before it', async () => {
    const { timer, fired, next } = watched();
    for (const wait of [0.2, 1, 1.7, 5, 10.5]) {
      const deadline = plus(monotonicNow(), microseconds(wait * 1_000));
      timer.set(deadline);
      await next();
      const last = fired.at(-1);
      expect(last?.deadline).toBe(deadline);
      expect(last && minus(last.at, last.deadline)).toBeGreaterThanOrEqual(0);
    }
    expect(fired).toHaveLength(5);
  });

  it('fires at once for a deadline that is over, but not within the call', async () => {
    const { timer, fired, next } = watched();
    timer.set(microseconds(1));
    expect(fired).toEqual([]);
    await next();
    expect(fired.map(({ deadline }) => deadline)).toEqual([1]);
  });

  it('forgets the deadline that another one replaces, be it earlier or later', async () => {
    const { timer, fired, next } = watched();
    timer.set(inMilliseconds(2));
    const later = inMilliseconds(8);
    timer.set(later);
    await next();
    timer.set(inMilliseconds(1_000));
    const earlier = inMilliseconds(3);
    timer.set(earlier);
    await next();
    expect(fired.map(({ deadline }) => deadline)).toEqual([later, earlier]);
  });

  it('fires no more when its deadline is taken away', async () => {
    const { timer, fired } = watched();
    const other = watched();
    timer.set(inMilliseconds(0.5));
    timer.set(undefined);
    other.timer.set(inMilliseconds(5));
    await other.next();
    expect(fired).toEqual([]);
  });

  it('takes the same deadline again once it has fired', async () => {
    const { timer, fired, next } = watched();
    const deadline = inMilliseconds(1);
    timer.set(deadline);
    timer.set(deadline);
    await next();
    timer.set(deadline);
    await next();
    expect(fired).toHaveLength(2);
  });

  it('may be set from within its own call: 50 deadlines 1 ms apart are all met, and lateness does not add up', async () => {
    const began = inMilliseconds(2);
    const met: Microseconds[] = [];
    await new Promise<void>((resolve) => {
      const timer = new DeadlineTimer((deadline) => {
        met.push(deadline);
        if (met.length === 50) resolve();
        else timer.set(plus(deadline, Milliseconds(1)));
      });
      timer.set(began);
    });
    expect(met.at(-1)).toBe(plus(began, Milliseconds(49)));
  });
});
