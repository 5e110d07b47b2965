import { describe, expect, it } from 'vitest';
import { Milliseconds } from '../../src/time/microseconds.js';
import { type Debounced, elapse, initialDebounced, observe } from '../../src/track/debounce.js';

const same = (a: boolean, b: boolean): boolean => a === b;
const delays = { up: Milliseconds(300), down: Milliseconds(100) };
const see = (state: Debounced<boolean>, up: boolean, at: number): Debounced<boolean> => observe(state, up, same, up ? delays.up : delays.down, Milliseconds(at));

describe('a debounced condition', () => {
  it('counts as it is seen first', () => {
    expect(initialDebounced(false)).toEqual({ value: false, pending: undefined });
  });

  it('changes when it has lasted for its delay, not before', () => {
    const state = see(initialDebounced(true), false, 1_000);
    expect(state.value).toBe(true);
    expect(elapse(state, Milliseconds(1_099)).value).toBe(true);
    expect(elapse(state, Milliseconds(1_100))).toEqual({ value: false, pending: undefined });
  });

  it('forgets what did not last', () => {
    const state = see(see(initialDebounced(true), false, 1_000), true, 1_050);
    expect(state).toEqual({ value: true, pending: undefined });
    expect(elapse(state, Milliseconds(9_000)).value).toBe(true);
  });

  it('waits from the first sight of an unbroken change', () => {
    const state = see(see(initialDebounced(true), false, 1_000), false, 1_090);
    expect(state.pending?.at).toBe(Milliseconds(1_100));
  });

  it('begins the wait anew after a break', () => {
    const state = see(see(see(initialDebounced(true), false, 1_000), true, 1_050), false, 1_060);
    expect(state.pending?.at).toBe(Milliseconds(1_160));
  });

  it('waits differently for up and down', () => {
    const state = see(initialDebounced(false), true, 1_000);
    expect(state.pending?.at).toBe(Milliseconds(1_300));
  });

  it('without a delay changes at once', () => {
    expect(observe(initialDebounced(true), false, same, Milliseconds(0), Milliseconds(5))).toEqual({ value: false, pending: undefined });
  });
});
