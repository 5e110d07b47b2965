/** The flight recorder: what each instance or sync group heard and decided lately, bounded, in memory. Pure: it is told the time. */
import { type Microseconds, Milliseconds, minus, plus, Seconds } from '../time/microseconds.js';
import type { Recording, RecordedInput } from './recording.js';
import type { RouterEvent, RouterState, RouterStep } from './router.js';

/** Inputs of all units together that are worth their memory, and of one at least and at most; up to twice as many are kept. */
const allInputs = 8_000;
const fewestInputs = 128;
const mostInputs = 512;
/** so long after the transition a recording is taken: what followed at once belongs to it */
const aftermath = Milliseconds(500);
/** of one unit's recordings, also when it flaps */
const shortestDistance = Seconds(10);

interface Chunk {
  readonly start: RouterState;
  readonly inputs: RecordedInput[];
}
interface Wanted {
  readonly cause: string;
  readonly at: Microseconds;
}

/** A transition on one of these is what the operator asked for. */
const isOrdered = ({ type }: RouterEvent): boolean => type !== 'instance' && type !== 'fault' && type !== 'fault_cleared';

export class Recorder {
  /** at most two for each unit, the older first */
  private readonly chunks = new Map<string, readonly Chunk[]>();
  private readonly wanted = new Map<string, Wanted>();
  private readonly takenAt = new Map<string, Microseconds>();

  /** A step of the router. @returns true when a recording is wanted that was not before: look at `due` */
  record(before: RouterState, event: RouterEvent, { state: after, effects }: RouterStep, now: Microseconds): boolean {
    if (event.type === 'start') {
      for (const unit of new Set([...after].map(([name, { group }]) => group ?? name))) this.append(unit, before, { at: now, event, effects: effects.filter(({ instance }) => unitOf(after, instance) === unit) });
      return false;
    }
    const [was, is] = [unitOf(before, event.instance), unitOf(after, event.instance)];
    if (event.type === 'add' || event.type === 'remove' || was !== is) {
      // who belongs together has changed: what was recorded of it starts anew
      for (const unit of [was, is]) if (unit !== undefined) this.forget(unit);
      return false;
    }
    if (is === undefined) return false;
    this.append(is, before, { at: now, event, effects });
    const transition = effects.find(({ effect }) => effect.type === 'transition');
    if (isOrdered(event) || transition?.effect.type !== 'transition' || this.wanted.has(is)) return false;
    const { to, reason } = transition.effect;
    const taken = this.takenAt.get(is);
    const soonest = plus(now, aftermath);
    const allowed = taken === undefined ? soonest : plus(taken, shortestDistance);
    this.wanted.set(is, { cause: `${transition.instance} became ${to}, ${reason}`, at: allowed > soonest ? allowed : soonest });
    return true;
  }

  /** When the next recording is to be taken; undefined = none is wanted. */
  get due(): Microseconds | undefined {
    let first: Microseconds | undefined;
    for (const { at } of this.wanted.values()) if (first === undefined || at < first) first = at;
    return first;
  }

  /** Takes one recording that is due at `now`, or with `anyway` one that is wanted. @param wall milliseconds since the epoch, at the same moment */
  take(now: Microseconds, wall: number, anyway = false): Recording | undefined {
    for (const [unit, { cause, at }] of this.wanted) {
      if (at > now && !anyway) continue;
      this.wanted.delete(unit);
      const chunks = this.chunks.get(unit);
      if (chunks?.[0] === undefined) continue;
      this.takenAt.set(unit, now);
      return { unit, cause, clock: { wall, monotonic: now }, start: chunks[0].start, inputs: chunks.flatMap(({ inputs }) => inputs) };
    }
    return undefined;
  }

  private append(unit: string, before: RouterState, input: RecordedInput): void {
    const chunks = this.chunks.get(unit) ?? [];
    const last = chunks.at(-1);
    if (last !== undefined && last.inputs.length < this.capacity) {
      last.inputs.push(input);
      return;
    }
    const start = new Map([...before].filter(([name, { group }]) => (group ?? name) === unit));
    this.chunks.set(unit, [...(last === undefined ? [] : [last]), { start, inputs: [input] }]);
  }

  private get capacity(): number {
    return Math.min(mostInputs, Math.max(fewestInputs, Math.floor(allInputs / Math.max(1, this.chunks.size))));
  }

  private forget(unit: string): void {
    this.chunks.delete(unit);
    this.wanted.delete(unit);
    this.takenAt.delete(unit);
  }
}

/** What an instance is recorded with: its sync group, or only itself. Decisions about one unit depend on nothing outside it. */
const unitOf = (state: RouterState, instance: string): string | undefined => {
  const member = state.get(instance);
  return member && (member.group ?? instance);
};

/** Milliseconds until `due`; recordings are taken one at a time with a pause, since making one takes a millisecond or two. */
export const pauseBefore = (due: Microseconds, now: Microseconds): number => Math.max(20, Math.ceil(minus(due, now) / 1_000));
