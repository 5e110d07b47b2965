/** When checks start. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from '../../src/health/heap.js';
import { firstStarts, intervalNow, nextStart } from '../../src/health/schedule.js';
import { Seconds } from '../../src/time/microseconds.js';

describe('the first starts', () => {
  it('are spread evenly over the interval', () => {
    expect(firstStarts(Array.from({ length: 4 }, () => ({ interval: Seconds(2) })), Seconds(100))).toEqual([100, 100.5, 101, 101.5].map(Seconds));
  });

  it('are spread for each interval by itself', () => {
    expect(firstStarts([1, 2, 1, 2].map((s) => ({ interval: Seconds(s) })), Seconds(0))).toEqual([0, 0, 0.5, 1].map(Seconds));
  });
});

describe('the next start', () => {
  it('comes one interval after the last was due, however late that ran', () => {
    expect(nextStart(Seconds(10), Seconds(2), Seconds(11.7))).toBe(Seconds(12));
  });

  it('comes at once after a probe that took longer than the interval', () => {
    expect(nextStart(Seconds(10), Seconds(2), Seconds(15.5))).toBe(Seconds(15.5));
  });
});

describe('the interval', () => {
  const check = { interval: Seconds(5), fastInterval: Seconds(1) };
  it.each([
    ['up, and the last probe agrees', { verdict: 'up', successes: 9, failures: 0 }, 5],
    ['up, after a first failure', { verdict: 'up', successes: 0, failures: 1 }, 1],
    ['down, and the last probe agrees', { verdict: 'down', successes: 0, failures: 4 }, 5],
    ['down, after a first success', { verdict: 'down', successes: 1, failures: 0 }, 1],
    ['without a verdict', { verdict: 'unknown', successes: 0, failures: 2 }, 1],
  ] as const)('%s', (_, state, seconds) => {
    expect(intervalNow(check, state)).toBe(Seconds(seconds));
    expect(intervalNow({ interval: Seconds(5) }, state)).toBe(Seconds(5));
  });
});

describe('a heap', () => {
  it('gives everything back in order, whatever was put in and dropped', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (numbers, limit) => {
        const heap = new Heap<number>((a, b) => a < b);
        for (const number of numbers) heap.push(number);
        heap.retain((number) => number > limit);
        const out: number[] = [];
        for (let next = heap.pop(); next !== undefined; next = heap.pop()) out.push(next);
        expect(out).toEqual(numbers.filter((number) => number > limit).sort((a, b) => a - b));
        expect(heap.size).toBe(0);
      }),
    );
  });
});
