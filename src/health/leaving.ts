/**
 * Destinations that leave the table although they have not failed (the sorry server, a real server that a reload removes, or that the quorum
 * takes out): weight 0 first, so that the requests on their way through them come to their end. Pure.
 */
import { earliest, minus, plus, Seconds, type Microseconds } from '../time/microseconds.js';

/** A connection that is being opened counts as established only after a moment. */
const AT_LEAST = Seconds(1);
/** What is connected still is cut then. */
export const LEAVING_AT_MOST = Seconds(30);

/** A destination as the kernel has it. */
export interface LeavingCandidate {
  readonly key: string;
  readonly weight: number;
  /** established; undefined: not read */
  readonly activeConnections?: number;
  readonly inactiveConnections?: number;
}

/** Since when each of them leaves, by its key; of the monotonic clock. */
export type LeavingState = ReadonlyMap<string, Microseconds>;

export interface LeavingStep {
  readonly state: LeavingState;
  /** when to look again */
  readonly next: Microseconds | undefined;
}

const isIdle = ({ activeConnections, inactiveConnections }: LeavingCandidate): boolean => activeConnections === 0 && inactiveConnections === 0;

/**
 * @param unwanted what the kernel has and should not have
 * @param isOurs whether it was wanted until now, and has not failed: what is neither goes at once
 * @param now of the monotonic clock
 */
export const stepLeaving = (state: LeavingState, unwanted: readonly LeavingCandidate[], isOurs: (key: string) => boolean, now: Microseconds): LeavingStep => {
  const leaving = unwanted.flatMap((candidate): readonly (readonly [string, Microseconds])[] => {
    const since = state.get(candidate.key);
    if (since === undefined) return isOurs(candidate.key) && candidate.weight > 0 && !isIdle(candidate) ? [[candidate.key, now]] : [];
    const elapsed = minus(now, since);
    const isDone = elapsed >= LEAVING_AT_MOST || (elapsed >= AT_LEAST && candidate.activeConnections === 0);
    return isDone || !isOurs(candidate.key) ? [] : [[candidate.key, since]];
  });
  return { state: new Map(leaving), next: earliest(leaving.map(([, since]) => nextLook(since, now))) };
};

/** After a moment, then ever more rarely. */
const nextLook = (since: Microseconds, now: Microseconds): Microseconds => {
  let wait = AT_LEAST;
  while (wait <= minus(now, since)) wait = plus(wait, wait);
  return plus(since, wait < LEAVING_AT_MOST ? wait : LEAVING_AT_MOST);
};
