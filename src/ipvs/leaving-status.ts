/** What status says of destinations that leave the table. */
import type { LeavingStatus, VirtualServerStatus } from '../control/status.js';
import { LEAVING_AT_MOST } from '../health/leaving.js';
import { minus, plus, toMilliseconds, type Microseconds } from '../time/microseconds.js';
import { destinationKey, type DestinationEntry } from './destination.js';

export interface LeavingDestination {
  readonly destination: DestinationEntry;
  /** of the monotonic clock */
  readonly since: Microseconds;
}

/** Of all services of one pool: a destination that leaves several of them leaves since the first. `now`: of the monotonic clock; `wallClock`: milliseconds since the epoch, at the same time. */
export const leavingStatus = (leaving: readonly LeavingDestination[], now: Microseconds, wallClock = Date.now()): Pick<VirtualServerStatus, 'leaving'> => {
  const time = (instant: Microseconds): string => new Date(wallClock + toMilliseconds(minus(instant, now))).toISOString();
  const earliestOf = new Map<string, LeavingDestination>();
  for (const each of leaving) {
    const key = destinationKey(each.destination);
    const known = earliestOf.get(key);
    if (known === undefined || each.since < known.since) earliestOf.set(key, each);
  }
  const entries = [...earliestOf.values()].map(({ destination: { address, port }, since }): LeavingStatus => ({ address, port, since: time(since), until: time(plus(since, LEAVING_AT_MOST)) }));
  return entries.length === 0 ? {} : { leaving: entries };
};
