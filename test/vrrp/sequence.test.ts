/** Sequence numbers: the form of the draft, growth whatever the clock does, and the wrap of 2106. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ahead, isNewer, nextSequence, sequenceAt } from '../../src/vrrp/sequence.js';

const now = Date.UTC(2026, 10, 21, 2, 24, 11, 500);

it('a sequence number is seconds, 1/65536 s and a counter', () => {
  expect(sequenceAt(0x68000000 * 1_000 + 500)).toBe(0x6800000080000000n); // as in the draft's vectors
});

describe('the next sequence number', () => {
  it('is the time', () => {
    expect(nextSequence(undefined, now, 5_000)).toBe(sequenceAt(now));
    expect(nextSequence(sequenceAt(now - 10), now, 5_000)).toBe(sequenceAt(now));
  });

  it('counts on while the clock stands, or was put back a little', () => {
    const first = sequenceAt(now);
    expect(nextSequence(first, now, 5_000)).toBe(first + 1n);
    expect(nextSequence(first, now - 4_000, 5_000)).toBe(first + 1n);
  });

  it('follows a clock that was put back by more than the window, unless only growth counts', () => {
    const first = sequenceAt(now);
    expect(nextSequence(first, now - 3_600_000, 5_000)).toBe(sequenceAt(now - 3_600_000));
    expect(nextSequence(first, now - 3_600_000, undefined)).toBe(first + 1n);
  });

  it('always grows while the clock goes back by no more than the window', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2_000, max: 2_000 }), { maxLength: 50 }), (steps) => {
        let [clock, last] = [now, sequenceAt(now)];
        for (const step of steps) {
          clock = Math.max(now, clock + step);
          const next = nextSequence(last, clock, 300_000);
          expect(isNewer(next, last)).toBe(true);
          last = next;
        }
      }),
    );
  });
});

it('numbers are compared across the wrap of the seconds in 2106', () => {
  const wrap = 2 ** 32 * 1_000;
  expect(isNewer(sequenceAt(wrap + 1_000), sequenceAt(wrap - 1_000))).toBe(true);
  expect(ahead(sequenceAt(wrap + 1_000), sequenceAt(wrap - 1_000))).toBe(2_000);
  expect(ahead(sequenceAt(wrap - 1_000), sequenceAt(wrap + 1_000))).toBe(-2_000);
});
