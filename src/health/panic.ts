/** The panic threshold: when too many servers of a pool fail at once, they stay as they were. Pure. */
import type { PanicConfiguration } from '../config/model.js';
import { minus, type Microseconds } from '../time/microseconds.js';


/** Outside a panic only what failed a moment ago failed `at once`; in a panic what was kept is kept until it is up. */
export const stillAtOnce = (failedAt: Microseconds | undefined, panic: boolean, configuration: PanicConfiguration | undefined, now: Microseconds): boolean =>
  configuration !== undefined && failedAt !== undefined && (panic || minus(now, failedAt) <= configuration.within);

/** Whether there is panic now: more than `threshold` percent of the pool failed at once (`failed` of `servers`). */
export const isPanic = (failed: number, servers: number, configuration: PanicConfiguration | undefined): boolean =>
  configuration !== undefined && failed * 100 > configuration.threshold * servers;
