/** The verdict on one health check: counts consecutive results until `rise` or `fall` of them agree. */

export type Verdict = 'unknown' | 'up' | 'down';

/** What one probe found; `detail` and `reason` in words. */
export type ProbeResult = { readonly ok: true; readonly detail: string } | { readonly ok: false; readonly reason: string };

export interface HealthState {
  readonly verdict: Verdict;
  /** consecutive, up to now; one of the two is always 0 */
  readonly successes: number;
  readonly failures: number;
  /** milliseconds since the epoch, of the verdict; for display, nothing is decided by it */
  readonly since: number;
  /** in words: the last result that agrees with the verdict; while there is none, the last result */
  readonly reason: string;
}

export interface Thresholds {
  /** consecutive successes before up, 1.. */
  readonly rise: number;
  /** consecutive failures before down, 1.. */
  readonly fall: number;
}

export const initialHealthState = (now: number): HealthState => ({ verdict: 'unknown', successes: 0, failures: 0, since: now, reason: 'not checked yet' });

/** The verdict of a server whose check is `none`. */
export const uncheckedHealthState = (now: number): HealthState => ({ verdict: 'up', successes: 0, failures: 0, since: now, reason: 'not checked' });

/** The first verdict takes one success or `fall` failures; afterwards `rise` successes or `fall` failures in a row. `now`: milliseconds since the epoch. */
export function applyResult(state: HealthState, result: ProbeResult, { rise, fall }: Thresholds, now: number): HealthState {
  const successes = result.ok ? state.successes + 1 : 0;
  const failures = result.ok ? 0 : state.failures + 1;
  const verdict = nextVerdict(state.verdict, successes, failures, { rise, fall });
  const changed = verdict !== state.verdict;
  const agrees = verdict === 'unknown' || (verdict === 'up') === result.ok;
  return {
    verdict,
    successes,
    failures,
    since: changed ? now : state.since,
    reason: agrees ? (result.ok ? result.detail : result.reason) : state.reason,
  };
}

function nextVerdict(verdict: Verdict, successes: number, failures: number, { rise, fall }: Thresholds): Verdict {
  if (failures >= fall) return 'down';
  if (successes >= (verdict === 'unknown' ? 1 : rise)) return 'up';
  return verdict;
}
