/** In which order announcements leave, and when: each owner's in its own order, no two on an interface closer than is wanted. Pure. */
import { earliest, type Microseconds, plus } from '../time/microseconds.js';

/** What one owner is to send, in order, on one interface. */
export interface Lane<Frame> {
  /** index of the interface */
  readonly interface: number;
  readonly frames: readonly Frame[];
  /** at least so long after any other on its interface; 0 = as fast as it goes */
  readonly interval: Microseconds;
}

/** A frame to send now, or when the next one is due; undefined = nothing is left. */
export type Turn<Of> = { readonly type: 'send'; readonly of: Of } | { readonly type: 'wait'; readonly until: Microseconds } | undefined;

/**
 * Whose turn it is. Who was sent last goes to the end of the list, unless it has no interval: such a burst is over before the others' turn comes.
 * @param lanes that have something left, in the order of their turns
 * @param lastSent by index of the interface
 */
export const nextTurn = <Of extends Pick<Lane<unknown>, 'interface' | 'interval'>>(lanes: readonly Of[], lastSent: ReadonlyMap<number, Microseconds>, now: Microseconds): Turn<Of> => {
  const dueAt = (lane: Of): Microseconds => {
    const last = lastSent.get(lane.interface);
    return last === undefined || lane.interval === 0 ? now : plus(last, lane.interval);
  };
  const of = lanes.find((lane) => dueAt(lane) <= now);
  if (of) return { type: 'send', of };
  const until = earliest(lanes.map(dueAt));
  return until === undefined ? undefined : { type: 'wait', until };
};
