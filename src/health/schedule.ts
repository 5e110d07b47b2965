/** When checks start: spread over their interval at first, then at a fixed rate on absolute deadlines. */
import type { HealthState } from './state.js';
import { type Microseconds, minus, plus, Microseconds as microseconds } from '../time/microseconds.js';

export interface Periodic {
  readonly interval: Microseconds;
}

/** First starts of `checks`, in their order: the n-th of N checks of one interval begins n/N of it after `now`, n from 0. */
export function firstStarts(checks: readonly Periodic[], now: Microseconds): readonly Microseconds[] {
  const total = new Map<Microseconds, number>();
  for (const { interval } of checks) total.set(interval, (total.get(interval) ?? 0) + 1);
  const seen = new Map<Microseconds, number>();
  return checks.map(({ interval }) => {
    const n = seen.get(interval) ?? 0;
    seen.set(interval, n + 1);
    return plus(now, microseconds((interval * n) / (total.get(interval) ?? 1)));
  });
}

/**
 * How long after one probe the next is due: sooner, where that is asked for, while the last results do not agree with the verdict, or there is none.
 * Beyond that the rhythm stays.
 */
export const intervalNow = ({ interval, fastInterval = interval }: Periodic & { readonly fastInterval?: Microseconds | undefined }, { verdict, successes, failures }: Pick<HealthState, 'verdict' | 'successes' | 'failures'>): Microseconds => {
  const agrees = verdict === 'up' ? failures === 0 : verdict === 'down' && successes === 0;
  return agrees ? interval : fastInterval;
};

/** The start after the one that was due at `due` and whose probe ended at `ended`: one interval later, or at once after a probe that took longer. */
export function nextStart(due: Microseconds, interval: Microseconds, ended: Microseconds): Microseconds {
  const next = plus(due, interval);
  return minus(next, ended) < 0 ? ended : next;
}
