/** What happened, numbered, for those who follow: the last events and the current state. Who reads too slowly is told how many he missed. Pure. */
import { happeningKey, isOver, type Happening } from '../notify/happening.js';

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
  readonly kind: Happening['kind'];
  readonly name: string;
  /** of a real server: the name of its virtual server */
  readonly virtual_server?: string;
  readonly from: string;
  readonly to: string;
  /** of instances and groups */
  readonly priority?: number;
  readonly reason: string;
}

/** How things stand when the stream begins, and after `missed`. */
export interface CurrentLine {
  readonly type: 'current';
  readonly kind: Happening['kind'];
  readonly name: string;
  readonly virtual_server?: string;
  readonly state: string;
  readonly priority?: number;
  /** ISO 8601 */
  readonly since: string;
  readonly reason: string;
}

/** The reader was too slow for this many events, which are kept no more; how what they were about stands follows, unless a later event says it. */
export interface MissedLine {
  readonly type: 'missed';
  readonly count: number;
}

/** What of a happening only some kinds have. */
const particulars = (happening: Happening): Pick<CurrentLine, 'virtual_server' | 'priority'> => ({
  ...('priority' in happening ? { priority: happening.priority } : {}),
  ...(happening.kind === 'REAL_SERVER' ? { virtual_server: happening.virtualServer } : {}),
});

export const currentLine = (happening: Happening): CurrentLine => {
  const { kind, name, to, time, reason } = happening;
  return { type: 'current', kind, name, ...particulars(happening), state: to, since: new Date(time).toISOString(), reason };
};

/** What the last event of each said, for who missed it. */
interface Last {
  readonly sequence: number;
  readonly happening: Happening;
}

export class EventStream {
  #events: TransitionLine[] = [];
  #sequence = 0;
  readonly #last = new Map<string, Last>();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly kept = EVENTS_KEPT) {}

  /** Of the last event; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  get events(): readonly TransitionLine[] {
    return this.#events;
  }

  add(happening: Happening): void {
    const { time, kind, name, from, to, reason } = happening;
    this.#events.push({ type: 'transition', sequence: ++this.#sequence, time: new Date(time).toISOString(), kind, name, ...particulars(happening), from, to, reason });
    if (this.#events.length > this.kept) this.#events.shift();
    this.#last.delete(happeningKey(happening));
    this.#last.set(happeningKey(happening), { sequence: this.#sequence, happening });
    this.#forget();
    for (const listener of this.#listeners) listener();
  }

  /** How everything stands whose last event lies between the two. */
  #missed(after: number, oldest: number): readonly CurrentLine[] {
    return [...this.#last.values()].filter(({ sequence }) => sequence > after && sequence < oldest).map(({ happening }) => currentLine(happening));
  }

  /** What is over needs to be known only to those who may still miss it: the oldest of them go, so that they do not add up for ever. */
  #forget(): void {
    const [oldest] = this.#last;
    if (oldest !== undefined && this.#last.size > this.kept && isOver(oldest[1].happening)) this.#last.delete(oldest[0]);
  }

  /** Reads on from where the events stand now: each reader has a place of its own, and nothing is queued for him. */
  reader(): EventReader {
    let after = this.#sequence;
    return {
      next: () => {
        const seen = after;
        const oldest = this.#events[0]?.sequence ?? this.#sequence + 1;
        const missed = Math.max(0, oldest - after - 1);
        const lines = this.#events.slice(Math.max(0, after + 1 - oldest)).slice(0, BATCH);
        after = lines.at(-1)?.sequence ?? this.#sequence;
        return missed === 0 ? lines : [{ type: 'missed', count: missed }, ...this.#missed(seen, oldest), ...lines];
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
