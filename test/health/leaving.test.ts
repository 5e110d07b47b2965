/** Destinations that leave without having failed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAVING_AT_MOST, stepLeaving, type LeavingCandidate, type LeavingState } from '../../src/health/leaving.js';
import { toSeconds, Seconds } from '../../src/time/microseconds.js';

const busy: LeavingCandidate = { key: 'a', weight: 1, activeConnections: 3, inactiveConnections: 10 };
const none: LeavingState = new Map();
const ours = (): boolean => true;

describe('a destination that leaves', () => {
  it('stays without weight while it has connections, and goes when they have ended', () => {
    const begun = stepLeaving(none, [busy], ours, Seconds(100));
    expect([...begun.state]).toEqual([['a', Seconds(100)]]);
    expect(begun.next).toBe(Seconds(101));
    const later = stepLeaving(begun.state, [{ ...busy, weight: 0 }], ours, Seconds(101));
    expect([...later.state.keys()]).toEqual(['a']);
    expect(later.next).toBe(Seconds(102));
    expect([...stepLeaving(later.state, [{ ...busy, weight: 0, activeConnections: 0 }], ours, Seconds(102)).state]).toEqual([]);
  });

  it('stays for a moment when its connections are only being opened or closed', () => {
    const { state } = stepLeaving(none, [{ ...busy, activeConnections: 0 }], ours, Seconds(100));
    expect([...state.keys()]).toEqual(['a']);
    expect([...stepLeaving(state, [{ ...busy, activeConnections: 0 }], ours, Seconds(101)).state]).toEqual([]);
  });

  it('goes at once when it has no connections, has failed, is a stranger\'s, or took nothing new already', () => {
    expect([...stepLeaving(none, [{ ...busy, activeConnections: 0, inactiveConnections: 0 }], ours, Seconds(1)).state]).toEqual([]);
    expect([...stepLeaving(none, [busy], () => false, Seconds(1)).state]).toEqual([]);
    expect([...stepLeaving(none, [{ ...busy, weight: 0 }], ours, Seconds(1)).state]).toEqual([]);
  });

  it('that fails meanwhile goes at once', () => {
    const { state } = stepLeaving(none, [busy], ours, Seconds(1));
    expect([...stepLeaving(state, [busy], () => false, Seconds(2)).state]).toEqual([]);
  });

  it('that is wanted again leaves no more', () => {
    const { state } = stepLeaving(none, [busy], ours, Seconds(1));
    expect(stepLeaving(state, [], ours, Seconds(2))).toEqual({ state: new Map(), next: undefined });
  });

  it('is looked at a few times only, and gone after its time whatever hangs on it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (start) => {
        let step = stepLeaving(none, [busy], ours, Seconds(start));
        let looks = 0;
        let now = Seconds(start);
        while (step.next !== undefined) {
          expect(step.next).toBeGreaterThan(now);
          now = step.next;
          step = stepLeaving(step.state, [{ ...busy, weight: 0 }], ours, now);
          looks++;
        }
        expect(toSeconds(now) - start).toBe(toSeconds(LEAVING_AT_MOST));
        expect(looks).toBeLessThan(8);
        expect(step.state.size).toBe(0);
      }),
    );
  });
});
