/** Skew time and master down interval (RFC 9568, 6.1; RFC 3768, 6.1). */
import type { VrrpVersion } from '../config/model.js';
import { Microseconds, Seconds } from '../time/microseconds.js';

/** v2 skews by parts of a second, v3 by parts of the master's advertisement interval. */
export const skewTime = (version: VrrpVersion, priority: number, masterInterval: Microseconds): Microseconds =>
  Microseconds(((256 - priority) * (version === 2 ? Seconds(1) : masterInterval)) / 256);

/** So long without an advertisement, and a backup takes over. */
export const masterDownInterval = (version: VrrpVersion, priority: number, masterInterval: Microseconds): Microseconds =>
  Microseconds(3 * masterInterval + skewTime(version, priority, masterInterval));
