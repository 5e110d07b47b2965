/** `tandem replay`: the recorded inputs once more through the same router, every decision in words. Pure. */
import { minus, type Microseconds, toSeconds } from '../time/microseconds.js';
import type { Effect } from './machine.js';
import { plain, type Recording, type RecordedInput } from './recording.js';
import { type InstanceEffect, type Member, type RouterState, stepRouter } from './router.js';

export interface Decision {
  readonly at: Microseconds;
  /** what came in */
  readonly input: string;
  /** what was decided on it, and why */
  readonly outcome: string;
  /** a transition, or addresses taken or released */
  readonly notable: boolean;
  /** what the recording says instead; undefined = the same */
  readonly recorded: string | undefined;
}

const seconds = (duration: Microseconds): string => `${toSeconds(duration).toFixed(2)} s`;

/** Each input's decision, in order. */
export const replay = ({ start, inputs }: Recording): readonly Decision[] => {
  let state: RouterState = start;
  return inputs.map((recorded) => {
    const { state: after, effects } = stepRouter(state, recorded.event, recorded.at);
    const decision: Decision = {
      at: recorded.at,
      input: inputInWords(recorded, state),
      outcome: effects.length > 0 ? effectsInWords(effects) : quietOutcome(recorded, after),
      notable: effects.some(({ effect }) => effect.type === 'transition' || effect.type === 'hold' || effect.type === 'release'),
      recorded: plain(effects) === plain(recorded.effects) ? undefined : effectsInWords(recorded.effects) || 'nothing',
    };
    state = after;
    return decision;
  });
};

// --- in words ---------------------------------------------------------------------------------------------------

const inputInWords = ({ event }: RecordedInput, before: RouterState): string => {
  if (event.type === 'start') return 'all are started';
  const { instance } = event;
  switch (event.type) {
    case 'instance':
      switch (event.event.type) {
        case 'advertisement': {
          const { source, priority } = event.event.advertisement;
          return priority === 0 ? `${instance} hears ${source} resign` : `${instance} hears ${source} at priority ${priority}`;
        }
        case 'timer':
          return before.get(instance)?.state.state === 'MASTER' ? `${instance}: its advertisement is due` : `${instance}: its master down timer has run out`;
        case 'stalled':
          return `${instance}: the process did not run for ${seconds(event.event.length)}`;
      }
      return instance;
    case 'fault':
      return `${instance} has a fault: ${event.reason}`;
    case 'fault_cleared':
      return `${instance}: a fault is gone: ${event.reason}`;
    case 'yield':
      return `the operator hands ${instance} over`;
    case 'reclaim':
      return `the operator's handover of ${instance} is cancelled`;
    case 'configure':
      return `${instance} has other settings: priority ${event.settings.priority}, address ${event.settings.source}, preempt ${event.settings.preempt ? 'on' : 'off'}`;
    default:
      return `${instance}: ${event.type}`;
  }
};

const effectInWords = (effect: Effect): string => {
  switch (effect.type) {
    case 'transition':
      return `${effect.from} -> ${effect.to}, ${effect.reason}`;
    case 'advertise':
      return effect.priority === 0 ? 'resigns by priority 0' : `advertises priority ${effect.priority}`;
    case 'hold':
      return 'takes its addresses';
    case 'announce':
      return effect.cause === 'transition' ? 'announces them' : `announces them again (${effect.cause.replaceAll('_', ' ')})`;
    case 'release':
      return 'releases its addresses';
  }
};

const effectsInWords = (effects: readonly InstanceEffect[]): string => {
  const byInstance = new Map<string, string[]>();
  for (const { instance, effect } of effects) byInstance.set(instance, [...(byInstance.get(instance) ?? []), effectInWords(effect)]);
  return [...byInstance].map(([instance, words]) => `${instance}: ${words.join('; ')}`).join(' | ');
};

/** Why nothing was done. */
const quietOutcome = ({ event, at }: RecordedInput, after: RouterState): string => {
  const member = 'instance' in event ? after.get(event.instance) : undefined;
  if (member === undefined) return 'nothing to do';
  const heard = event.type === 'instance' && event.event.type === 'advertisement';
  return heard ? whatHearingDid(member, at) : standing(member, at);
};

const whatHearingDid = (member: Member, at: Microseconds): string => {
  const { state } = member;
  if (state.state !== 'BACKUP') return `no matter in ${state.state}`;
  const timer = state.masterDownAt === undefined ? 'waits for its sync group' : `takes over in ${seconds(minus(state.masterDownAt, at))} if nothing follows`;
  return state.lastHeard === undefined ? `not counted, since its priority is lower and preempt is on` : `stays BACKUP, ${timer}`;
};

const standing = ({ state, group }: Member, at: Microseconds): string => {
  if (state.state !== 'BACKUP') return `stays ${state.state}`;
  if (state.claims !== undefined && state.heldBackUntil !== undefined) return `could take over (${state.claims}), its sync group ${group ?? ''} holds back for ${seconds(minus(state.heldBackUntil, at))} more`;
  if (state.claims !== undefined) return `could take over (${state.claims}), waits for the rest of the sync group ${group ?? ''}`;
  return state.masterDownAt === undefined ? 'stays BACKUP' : `stays BACKUP, takes over in ${seconds(minus(state.masterDownAt, at))} if nothing is heard`;
};

// --- for people -------------------------------------------------------------------------------------------------

interface Run {
  readonly first: Decision;
  last: Decision;
  count: number;
}

/**
 * Lines for people: what repeats between two notable decisions is one line with its count.
 * @returns `differing`: how many decisions were recorded otherwise
 */
export const narrate = (recording: Recording): { readonly lines: readonly string[]; readonly differing: number } => {
  const { clock, unit, cause, inputs, start } = recording;
  const time = (at: Microseconds): string => new Date(clock.wall + minus(at, clock.monotonic) / 1_000).toISOString();
  const decisions = replay(recording);
  const lines: string[] = [];
  let runs = new Map<string, Run>();
  const flush = (): void => {
    for (const { first, last, count } of runs.values()) {
      const often = count > 1 ? ` (${count} times, until ${time(last.at).slice(11)})` : '';
      lines.push(`${time(first.at)}  ${first.input}: ${first.outcome}${often}`);
    }
    runs = new Map();
  };
  for (const decision of decisions) {
    if (!decision.notable && decision.recorded === undefined) {
      const key = `${decision.input}\n${decision.outcome}`;
      const run = runs.get(key);
      if (run === undefined) runs.set(key, { first: decision, last: decision, count: 1 });
      else {
        run.last = decision;
        run.count++;
      }
      continue;
    }
    flush();
    lines.push(`${time(decision.at)}  ${decision.input}`, `  => ${decision.outcome}`);
    if (decision.recorded !== undefined) lines.push(`  !! recorded was: ${decision.recorded}`);
  }
  flush();
  const differing = decisions.filter(({ recorded }) => recorded !== undefined).length;
  const states = [...start].map(([name, { state, settings }]) => `${name} ${state.state}, priority ${settings.priority}`).join('; ');
  const [first, last] = [inputs[0]?.at, inputs.at(-1)?.at];
  const span = first === undefined || last === undefined ? '' : ` within ${seconds(minus(last, first))}`;
  const verdict = differing === 0 ? 'every decision is the recorded one' : `${differing} ${differing === 1 ? 'decision differs' : 'decisions differ'} from what was recorded`;
  return { lines: [`Recording of ${unit}, kept because of: ${cause}`, `At first: ${states || 'nothing'}`, ...lines, `${inputs.length} inputs${span}: ${verdict}.`], differing };
};
