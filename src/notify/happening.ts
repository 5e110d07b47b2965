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

/** What commands are run for, whichever of them it is. */
export interface CommandNotice extends Pick<Notice, 'time' | 'reason' | 'virtualRouterId' | 'interface'> {
  readonly kind: (Notice | HealthNotice)['kind'];
  readonly name: string;
  /** of a real server, and of a virtual server its own name */
  readonly virtualServer?: string;
  /** what its commands were told last; where they were told nothing yet, what it was before */
  readonly from: (Notice | HealthNotice)['from' | 'to'];
  readonly to: (Notice | HealthNotice)['to'];
  /** of instances and groups */
  readonly priority?: number;
}

export const happeningKey = ({ kind, name, virtualServer }: { readonly kind: string; readonly name: string; readonly virtualServer?: string }): string =>
  virtualServer === undefined ? `${kind} ${name}` : `${kind} ${virtualServer} ${name}`;

/** The states after which nothing is left of what had them. */
export const isOver = ({ to }: { readonly to: string }): boolean => to === 'STOP' || to === 'REMOVED' || to === 'ENDED';
