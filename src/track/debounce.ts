/** A condition that counts only when it has lasted: up and down each have their delay. Pure. */
import { plus, type Microseconds } from '../time/microseconds.js';

export interface Debounced<T> {
  /** what counts */
  readonly value: T;
  /** what is seen now and will count from `at` on, unless it changes before */
  readonly pending: { readonly value: T; readonly at: Microseconds } | undefined;
}

/** What is seen first counts at once. */
export const initialDebounced = <T>(value: T): Debounced<T> => ({ value, pending: undefined });

/**
 * @param seen what is seen now
 * @param same whether two observations mean the same: a wait goes on when they do, and what counts takes the newer words
 * @param delay before `seen` counts
 */
export const observe = <T>(state: Debounced<T>, seen: T, same: (a: T, b: T) => boolean, delay: Microseconds, now: Microseconds): Debounced<T> => {
  if (same(seen, state.value)) return { value: seen, pending: undefined };
  if (delay <= 0) return { value: seen, pending: undefined };
  if (state.pending && same(state.pending.value, seen)) return { ...state, pending: { value: seen, at: state.pending.at } };
  return { ...state, pending: { value: seen, at: plus(now, delay) } };
};

/** To be called when `pending.at` has come. */
export const elapse = <T>(state: Debounced<T>, now: Microseconds): Debounced<T> => (state.pending && now >= state.pending.at ? { value: state.pending.value, pending: undefined } : state);
