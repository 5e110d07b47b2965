/** Slow start: the weight of a server that is back rises in steps, from a small share to all of it. Pure. */
import { Microseconds, minus, plus } from '../time/microseconds.js';

/** Weight edits of one ramp, at most. */
export const SLOW_START_STEPS = 10;
/** Of its weight, until the first step. */
const FIRST_SHARE = 0.05;

const stepAt = (since: Microseconds, duration: Microseconds, now: Microseconds): number => Math.floor((minus(now, since) * SLOW_START_STEPS) / duration);

/** The share of its weight that a server has, 0..1; 1: the ramp is over. `since`: when it was put back, of the monotonic clock. */
export const slowStartShare = (since: Microseconds, duration: Microseconds, now: Microseconds): number =>
  Math.min(1, Math.max(FIRST_SHARE, stepAt(since, duration, now) / SLOW_START_STEPS));

/** When the share next changes; undefined when the ramp is over. */
export const nextSlowStartStep = (since: Microseconds, duration: Microseconds, now: Microseconds): Microseconds | undefined => {
  const step = Math.max(0, stepAt(since, duration, now));
  return step >= SLOW_START_STEPS ? undefined : plus(since, Microseconds(Math.ceil(((step + 1) * duration) / SLOW_START_STEPS)));
};

/** A weight of 0 stays 0, any other is 1 at least: the kernel knows whole weights only. */
export const weightByShare = (weight: number, share: number): number => (weight === 0 || share >= 1 ? weight : Math.max(1, Math.round(weight * share)));
