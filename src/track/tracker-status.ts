/** The trackers of an instance as `tandem status` shows them. */
import type { TrackerStatus } from '../control/status.js';
import type { Tracked } from './contribution.js';

export const trackerStatuses = (tracked: readonly Tracked[]): readonly TrackerStatus[] =>
  tracked.map(({ tracker: { kind, name, weight }, result: { verdict, detail }, contribution, fault }) => ({
    type: kind,
    name,
    state: verdict,
    weight: weight ?? null,
    contribution,
    fault: fault !== undefined,
    reason: detail,
  }));
