/** The monotonic clock (CLOCK_MONOTONIC: one and the same for every process of the host). */
import { Microseconds } from './microseconds.js';

/** Now, in integer microseconds of CLOCK_MONOTONIC. */
export const monotonicNow = (): Microseconds => Microseconds(Number(process.hrtime.bigint() / 1_000n));
