import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/config/duration.js';
import { Microseconds } from '../../src/time/microseconds.js';

describe('a duration', () => {
  test.each([
    ['500ms', 500_000],
    ['2s', 2_000_000],
    ['5m', 300_000_000],
    ['1h', 3_600_000_000],
    ['0s', 0],
    ['40.95s', 40_950_000],
    ['0.0011s', 1_100],
    ['1.5m', 90_000_000],
    ['360', 360_000_000],
    [2, 2_000_000],
    [0.5, 500_000],
    [0.000001, 1],
  ])('%s is %d microseconds', (input, expected) => {
    expect(parseDuration(input)).toBe(expected);
  });

  test.each(['', 's', '-1s', '1 s', '1w', '1m30s', '1e3', '.5s', '5.s', '0.0000001s', '99999999999999h', '1S', '１s', Number.NaN, Number.POSITIVE_INFINITY, -1, 1e-7])('%s is none', (input) => {
    expect(parseDuration(input)).toBeUndefined();
  });

  test.each([
    [0, '0s'],
    [1, '0.001ms'],
    [500_000, '500ms'],
    [1_000_000, '1s'],
    [40_950_000, '40.95s'],
    [90_000_000, '90s'],
    [360_000_000, '6m'],
    [7_200_000_000, '2h'],
  ])('of %d microseconds is written %s', (count, expected) => {
    expect(formatDuration(Microseconds(count))).toBe(expected);
  });

  test('is read again as what was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 31 * 86_400 * 1_000_000 }), (count) => {
        expect(parseDuration(formatDuration(Microseconds(count)))).toBe(count);
      }),
    );
  });
});
