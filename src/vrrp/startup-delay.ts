/** The state of an instance that does not take part yet: vrrp.startup_delay. Pure. */
import { minus, type Microseconds, toSeconds } from '../time/microseconds.js';
import type { InstanceState } from './machine.js';

export const waiting = (until: Microseconds, now: Microseconds): InstanceState => ({
  state: 'INIT',
  since: now,
  reason: `startup_delay, ${toSeconds(minus(until, now)).toFixed(1)} s to go`,
});
