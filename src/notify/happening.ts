/** Whatever the event stream, the FIFO and e-mail tell of: transitions of the election, of health and quorum, and split brain. Pure. */
import type { HealthChange, SplitBrainChange } from '../supervisor/messages.js';
import type { Notice } from './notice.js';

/** A verdict on a real server, or the quorum of a virtual server. */
export interface HealthNotice extends Omit<HealthChange, 'to'> {
  /** UNKNOWN: there was no verdict yet */
  readonly from: 'UNKNOWN' | 'UP' | 'DOWN';
  /** REMOVED: it is not configured any more */
  readonly to: 'UP' | 'DOWN' | 'REMOVED';
}

/** Others claim what an instance holds (BEGUN), or do not any more (ENDED). */
export interface SplitBrainNotice extends Omit<SplitBrainChange, 'to'> {
  readonly kind: 'SPLIT_BRAIN';
  readonly from: 'BEGUN' | 'ENDED';
  readonly to: 'BEGUN' | 'ENDED';
}

export type Happening = Notice | HealthNotice | SplitBrainNotice;

export const happeningKey = (happening: Happening | HealthChange): string =>
  'virtualServer' in happening ? `${happening.kind} ${happening.virtualServer} ${happening.name}` : `${happening.kind} ${happening.name}`;

/** The states after which nothing is left of what had them. */
export const isOver = ({ to }: Pick<Happening, 'to'>): boolean => to === 'STOP' || to === 'REMOVED' || to === 'ENDED';
