/** The trackers of an instance as `tandem status` shows them. */
import type { TrackerStatus } from '../control/status.js';
import type { Tracked } from './contribution.js';

export const trackerStatuses = (tracked: readonly Tracked[]): readonly TrackerStatus[] =>
  tracked.map(({ tracker: { kind, name, weight, reverse = false }, result: { verdict, detail }, contribution, fault }) => ({
    type: kind,
    name,
    state: verdict,
    weight: weight ?? null,
    ...(reverse ? { reverse } : {}),
    contribution,
    fault: fault !== undefined,
    reason: detail,
  }));
