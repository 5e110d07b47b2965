/** The unit of time: integers, conversions, and the first of some instants. */
import { describe, expect, it } from 'vitest';
import { earliest, Microseconds, Milliseconds, minus, plus, Seconds, toMilliseconds, toSeconds } from '../../src/time/microseconds.js';

describe('microseconds', () => {
  it('are made from seconds and milliseconds, and rounded to integers', () => {
    expect(Seconds(1.5)).toBe(1_500_000);
    expect(Milliseconds(10)).toBe(10_000);
    expect(Seconds(40.95)).toBe(40_950_000);
    expect(Microseconds(0.1 + 0.2)).toBe(0);
  });

  it('stay integers after 100 years of uptime', () => {
    const uptime = Seconds(100 * 366 * 86_400);
    expect(Number.isSafeInteger(uptime)).toBe(true);
    expect(minus(plus(uptime, Microseconds(1)), uptime)).toBe(1);
  });

  it('are told in milliseconds and seconds', () => {
    expect(toMilliseconds(Microseconds(1_500))).toBe(1.5);
    expect(toSeconds(Milliseconds(250))).toBe(0.25);
  });
});

describe('the earliest', () => {
  it('of some instants is the smallest, whatever stands beside it', () => {
    expect(earliest([undefined, Seconds(3), Seconds(0), undefined, Seconds(2)])).toBe(0);
  });

  it('of none is undefined', () => {
    expect(earliest([])).toBeUndefined();
    expect(earliest([undefined])).toBeUndefined();
  });
});
