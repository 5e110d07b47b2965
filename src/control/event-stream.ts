/** What happened, numbered, for those who follow: the last events and the current state. Who reads too slowly is told how many he missed. Pure. */
import type { Notice } from '../notify/notice.js';

/** Events kept. */
export const EVENTS_KEPT = 1_000;
/** Events handed out at once. */
const BATCH = 100;

/** One line of `tandem events --json`; names are only ever added to. */
export type StreamLine = TransitionLine | CurrentLine | MissedLine;

export interface TransitionLine {
  readonly type: 'transition';
  /** grows by one with each event, from 1 at the daemon's start */
  readonly sequence: number;
  /** ISO 8601 */
  readonly time: string;
  readonly kind: 'INSTANCE' | 'GROUP';
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly priority: number;
  readonly reason: string;
}

/** How things stand when the stream begins. */
export interface CurrentLine {
  readonly type: 'current';
  readonly kind: 'INSTANCE' | 'GROUP';
  readonly name: string;
  readonly state: string;
  readonly priority: number;
  /** ISO 8601 */
  readonly since: string;
  readonly reason: string;
}

/** The reader was too slow for this many events, which are kept no more. */
export interface MissedLine {
  readonly type: 'missed';
  readonly count: number;
}

export const currentLine = ({ kind, name, to, priority, time, reason }: Notice): CurrentLine => ({ type: 'current', kind, name, state: to, priority, since: new Date(time).toISOString(), reason });

export class EventStream {
  #events: TransitionLine[] = [];
  #sequence = 0;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly kept = EVENTS_KEPT) {}

  /** Of the last event; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  get events(): readonly TransitionLine[] {
    return this.#events;
  }

  add({ time, kind, name, from, to, priority, reason }: Notice): void {
    this.#events.push({ type: 'transition', sequence: ++this.#sequence, time: new Date(time).toISOString(), kind, name, from, to, priority, reason });
    if (this.#events.length > this.kept) this.#events.shift();
    for (const listener of this.#listeners) listener();
  }

  /** Reads on from where the events stand now: each reader has a place of its own, and nothing is queued for him. */
  reader(): EventReader {
    let after = this.#sequence;
    return {
      next: () => {
        const oldest = this.#events[0]?.sequence ?? this.#sequence + 1;
        const missed = Math.max(0, oldest - after - 1);
        const lines = this.#events.slice(Math.max(0, after + 1 - oldest)).slice(0, BATCH);
        after = lines.at(-1)?.sequence ?? this.#sequence;
        return missed === 0 ? lines : [{ type: 'missed', count: missed }, ...lines];
      },
      onMore: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
    };
  }
}

export interface EventReader {
  /** What has not been read yet, some of it; empty when all has. */
  readonly next: () => readonly StreamLine[];
  /** @returns what ends it */
  readonly onMore: (listener: () => void) => () => void;
}
