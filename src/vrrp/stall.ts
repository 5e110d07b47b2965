/** A pause of the whole process (SIGSTOP, a VM that stood still): which masters it may have cost their mastership, and what is told. Pure. */
import type { LogEvent } from '../supervisor/messages.js';
import { type Microseconds, toMilliseconds, toSeconds } from '../time/microseconds.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import type { RouterState } from './router.js';
import { masterDownInterval } from './timers.js';

/** Masters whose backups may have taken over while this process was `late`. */
export const stalledMasters = (router: RouterState, late: Microseconds): readonly string[] =>
  [...router].flatMap(([name, { state, settings }]) =>
    state.state === 'MASTER' && late > masterDownInterval(settings.version, settings.priority, settings.advertisementInterval) ? [name] : [],
  );

/** @param stillMaster after what was queued meanwhile has been heard */
export const stallEvent = ({ configuration }: Instance, late: Microseconds, stillMaster: boolean): LogEvent => {
  const outcome = stillMaster ? 'no better master was heard, announcing again' : 'another master took over meanwhile and keeps its place';
  return instanceEvent('warn', configuration, `this process did not run for ${toSeconds(late).toFixed(2)} s, longer than the master down interval; ${outcome}`, { stall_ms: Math.round(toMilliseconds(late)) });
};
