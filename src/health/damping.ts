/** Flap damping: a server whose verdict changes too often is held down for a time. Pure. */
import type { DampingConfiguration } from '../config/model.js';
import { minus, plus, type Microseconds } from '../time/microseconds.js';

export interface DampingState {
  /** the last changes of its verdict within the period, the oldest first */
  readonly changes: readonly Microseconds[];
  readonly heldUntil: Microseconds | undefined;
}

export const undamped: DampingState = { changes: [], heldUntil: undefined };

/** Held from the change that is one too many; a server that goes on changing as often is held longer. `now`: of the monotonic clock. */
export const stepDamping = (state: DampingState, configuration: DampingConfiguration | undefined, changed: boolean, now: Microseconds): DampingState => {
  if (configuration === undefined) return undamped;
  const recent = [...state.changes, ...(changed ? [now] : [])].filter((time) => minus(now, time) < configuration.period);
  if (recent.length > configuration.changes) return { changes: [], heldUntil: plus(now, configuration.hold) };
  const held = state.heldUntil !== undefined && now < state.heldUntil;
  return { changes: recent, heldUntil: held ? state.heldUntil : undefined };
};
