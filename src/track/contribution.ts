/**
 * What trackers make of an instance: its effective priority, and its FAULT. As keepalived reckons: a weight above 0 is added
 * while all is well, one below 0 while it fails; a file's number times its weight is added always, -254 and less is FAULT; `reverse` negates all of that. Pure.
 */
import type { Tracker, TrackResult } from './trackers.js';

export interface Tracked {
  readonly tracker: Tracker;
  readonly result: TrackResult;
  /** added to the priority */
  readonly contribution: number;
  /** in words, when it puts the instance into FAULT */
  readonly fault: string | undefined;
}

const largestAddition = 253;
const fileFault = -254;

/** `script resolver failed: exit status 1 (2 failures)` */
export const describeTracked = ({ kind, name }: Tracker, { detail }: TrackResult): string => `${kind} ${name} ${detail}`;

const negated = (value: number, reverse: boolean): number => (reverse && value !== 0 ? -value : value);

/** A result that is not there yet contributes nothing. */
export const assess = (tracker: Tracker, result: TrackResult): Tracked => {
  const { weight, reverse = false } = tracker;
  const fault = describeTracked(tracker, result);
  if (result.verdict === 'unknown') return { tracker, result, contribution: 0, fault: undefined };
  if (tracker.kind === 'file') {
    const product = negated((result.value ?? 0) * (weight ?? 1), reverse);
    if (product <= fileFault) return { tracker, result, contribution: 0, fault };
    return { tracker, result, contribution: Math.min(product, largestAddition), fault: undefined };
  }
  if (weight === undefined) return { tracker, result, contribution: 0, fault: (result.verdict === 'down') === reverse ? undefined : `${fault}${reverse ? ', and counts reversed' : ''}` };
  return { tracker, result, contribution: negated(result.verdict === 'up' ? Math.max(weight, 0) : Math.min(weight, 0), reverse), fault: undefined };
};

/** Of a priority and what the trackers add to it: 1..254; an owner's 255 never changes. */
export const effectivePriority = (base: number, added: number): number => (base === 255 || added === 0 ? base : Math.min(Math.max(base + added, 1), 254));
