/** A pause of the whole process (SIGSTOP, a VM that stood still): which masters it may have cost their mastership, and what is told. Pure. */
import type { LogEvent } from '../supervisor/messages.js';
import { minus, type Microseconds, toMilliseconds, toSeconds } from '../time/microseconds.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import type { RouterState } from './router.js';
import { masterDownInterval } from './timers.js';

export interface StalledMaster {
  readonly instance: string;
  /** since its last advertisement: what its backups saw of the pause, which is up to an interval longer than the pause itself */
  readonly silence: Microseconds;
}

/**
 * Masters whose backups may have taken over, since they heard nothing for longer than the master down interval.
 * @param advertisedAt when an instance last advertised; undefined = not yet
 */
export const stalledMasters = (router: RouterState, advertisedAt: (instance: string) => Microseconds | undefined, now: Microseconds): readonly StalledMaster[] =>
  [...router].flatMap(([instance, { state, settings }]) => {
    const silence = minus(now, advertisedAt(instance) ?? now);
    return state.state === 'MASTER' && silence > masterDownInterval(settings.version, settings.priority, settings.advertisementInterval) ? [{ instance, silence }] : [];
  });

/**
 * @param late how long the process did not run, from its next deadline on
 * @param stillMaster after what was queued meanwhile has been heard
 */
export const stallEvent = ({ configuration }: Instance, late: Microseconds, silence: Microseconds, stillMaster: boolean): LogEvent => {
  const outcome = stillMaster ? 'no better master was heard, announcing again' : 'another master took over meanwhile and keeps its place';
  const sentence = `this process did not run for ${toSeconds(late).toFixed(2)} s and sent nothing for ${toSeconds(silence).toFixed(2)} s, longer than the master down interval; ${outcome}`;
  return instanceEvent('warn', configuration, sentence, { stall_ms: Math.round(toMilliseconds(late)), silence_ms: Math.round(toMilliseconds(silence)) });
};
