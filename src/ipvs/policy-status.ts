/** What status says of a real server that is held down or starts slowly. */
import type { RealServerConfiguration } from '../config/model.js';
import type { RealServerStatus } from '../control/status.js';
import type { CountedMember } from '../health/policies.js';
import { minus, plus, toMilliseconds, type Microseconds } from '../time/microseconds.js';

/** `now`: of the monotonic clock. */
export const policyStatus = (
  { slowStart }: RealServerConfiguration,
  counted: CountedMember | undefined,
  now: Microseconds,
): Pick<RealServerStatus, 'held_until' | 'slow_start'> => {
  const time = (instant: Microseconds): string => new Date(Date.now() + toMilliseconds(minus(instant, now))).toISOString();
  return {
    ...(counted?.heldUntil === undefined ? {} : { held_until: time(counted.heldUntil) }),
    ...(counted?.slowSince === undefined || slowStart === undefined ? {} : { slow_start: { percent: Math.round(counted.share * 100), until: time(plus(counted.slowSince, slowStart)) } }),
  };
};
