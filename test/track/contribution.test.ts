import { describe, expect, it } from 'vitest';
import { assess, effectivePriority } from '../../src/track/contribution.js';
import type { TrackerKind, TrackResult } from '../../src/track/trackers.js';

type Condition = Pick<TrackResult, 'verdict'> & Partial<TrackResult>;
const assessed = (kind: TrackerKind, weight: number | undefined, condition: Condition, reverse = false) => {
  const { contribution, fault } = assess({ kind, name: 'x', weight, reverse, key: 'k' }, { key: 'k', detail: 'says so', ...condition });
  return { contribution, fault };
};

describe('the contribution of a tracker', () => {
  it.each([
    [20, 'up', 20],
    [20, 'down', 0],
    [-20, 'up', 0],
    [-20, 'down', -20],
    [20, 'unknown', 0],
    [-20, 'unknown', 0],
  ] as const)('of weight %d that is %s is %d, and no fault', (weight, verdict, contribution) => {
    expect(assessed('script', weight, { verdict })).toEqual({ contribution, fault: undefined });
  });

  it.each([
    [20, 'up', -20],
    [20, 'down', 0],
    [-20, 'up', 0],
    [-20, 'down', 20],
    [20, 'unknown', 0],
  ] as const)('of weight %d that is %s and reversed is %d, as keepalived reckons', (weight, verdict, contribution) => {
    expect(assessed('script', weight, { verdict }, true)).toEqual({ contribution, fault: undefined });
  });

  it('that is reversed without a weight is a fault while all is well', () => {
    expect(assessed('script', undefined, { verdict: 'up' }, true)).toEqual({ contribution: 0, fault: 'script x says so, and counts reversed' });
    for (const verdict of ['down', 'unknown'] as const) expect(assessed('script', undefined, { verdict }, true)).toEqual({ contribution: 0, fault: undefined });
  });

  it('that is a file and reversed takes its number away', () => {
    expect(assessed('file', 2, { verdict: 'up', value: 30 }, true)).toEqual({ contribution: -60, fault: undefined });
    expect(assessed('file', 1, { verdict: 'up', value: 254 }, true).fault).toBe('file x says so');
  });

  it('without a weight is none, and down is a fault in words', () => {
    expect(assessed('interface', undefined, { verdict: 'down' })).toEqual({ contribution: 0, fault: 'interface x says so' });
    expect(assessed('interface', undefined, { verdict: 'up' })).toEqual({ contribution: 0, fault: undefined });
  });

  it.each([
    [1, 30, 30],
    [1, -30, -30],
    [-2, 30, -60],
    [1, 0, 0],
    [1, 5_000, 253],
    [1, -253, -253],
  ])('that is a file is its number times its weight, at most 253: %d x %d = %d', (weight, value, contribution) => {
    expect(assessed('file', weight, { verdict: 'up', value })).toEqual({ contribution, fault: undefined });
  });

  it('that is a file is a fault from -254 down', () => {
    expect(assessed('file', 1, { verdict: 'up', value: -254 })).toEqual({ contribution: 0, fault: 'file x says so' });
    expect(assessed('file', -127, { verdict: 'up', value: 2 }).fault).toBe('file x says so');
  });
});

describe('the effective priority', () => {
  it.each([
    [150, -20, 130],
    [150, 20, 170],
    [100, -253, 1],
    [200, 253, 254],
    [254, 0, 254],
    [255, -100, 255],
  ])('of %d and %d is %d: never below 1 or above 254, and an owner keeps 255', (base, added, effective) => {
    expect(effectivePriority(base, added)).toBe(effective);
  });
});
