/** `tandem explain`: why an instance is what it is, and what would change it, in sentences. Pure. */
import { missingRouting } from '../control/routing-status.js';
import type { InstanceStatus } from '../control/status.js';
import { minus, type Microseconds, toSeconds } from '../time/microseconds.js';
import { authenticationInWords } from './authentication-words.js';
import { type Backup, type InstanceState, isYielding, type Master, type Settings } from './machine.js';
import { rejections } from './rejection-advice.js';
import { masterDownInterval, skewTime } from './timers.js';

/** A router that was heard for an instance. */
export interface HeardRouter {
  readonly source: string;
  /** 0: the last that was heard of it is its resignation */
  readonly priority: number;
  readonly at: Microseconds;
}

/** Plain data: what the vrrp child knows of one instance. */
export interface ExplainFacts {
  readonly status: InstanceStatus;
  readonly state: InstanceState;
  readonly settings: Settings;
  /** of its sync group, itself included */
  readonly members: readonly { readonly name: string; readonly state: InstanceState; readonly faults: readonly string[] }[];
  /** the other router that was heard last, whether it counted or not */
  readonly heard: HeardRouter | undefined;
  /** monotonic clock */
  readonly now: Microseconds;
}

const seconds = (duration: Microseconds): string => `${toSeconds(duration).toFixed(2)} s`;

/** `0.40 s`, `12 s`, `5 m`, `3 h` */
const age = (duration: Microseconds): string => {
  const count = toSeconds(duration);
  if (count < 10) return seconds(duration);
  if (count < 120) return `${Math.round(count)} s`;
  return count < 7_200 ? `${Math.round(count / 60)} m` : `${Math.round(count / 3_600)} h`;
};

const interval = (duration: Microseconds): string => (duration < 1_000_000 ? `${duration / 1_000} ms` : `${toSeconds(duration)} s`);
const ours = ({ priority }: Settings): string => `ours is ${priority}`;

/** One sentence or two each, the first says what it is. */
export const explain = (facts: ExplainFacts): readonly string[] => [headline(facts), ...byState(facts), ...mismatches(facts), ...authenticationInWords(facts.status), ...rejections(facts.status)];

const headline = ({ status, state, now }: ExplainFacts): string => {
  const where = `virtual router ${status.virtual_router_id} on ${status.interface}, VRRPv${status.version}`;
  return `${status.name} (${where}) is ${state.state} for ${age(minus(now, state.since))}, since ${status.since}: ${state.reason}.`;
};

const byState = (facts: ExplainFacts): readonly string[] => {
  const { state } = facts;
  switch (state.state) {
    case 'MASTER':
      return master(facts, state);
    case 'BACKUP':
      return backup(facts, state);
    case 'FAULT':
      return fault(facts);
    case 'INIT':
      return ['It has not been started yet.'];
  }
};

// --- MASTER ---------------------------------------------------------------------------------------------------

const master = ({ status, settings, members, heard, now }: ExplainFacts, state: Master): readonly string[] => {
  const { priority, advertisementInterval, version } = settings;
  const missing = [...status.virtual_addresses.filter(({ held }) => !held).map(({ address }) => address), ...missingRouting(status)];
  const count = status.virtual_addresses.length;
  const group = members.length > 1 ? `, or when another of the sync group ${status.sync_group ?? ''} (${others(status.name, members)}) loses or fails` : '';
  return [
    `It advertises priority ${priority} every ${interval(advertisementInterval)}; the next is due in ${seconds(atLeastZero(minus(state.advertiseAt, now)))}. Were it to fall silent, a backup of priority 100 would take over after ${seconds(masterDownInterval(version, 100, advertisementInterval))}; when it resigns, after ${seconds(skewTime(version, 100, advertisementInterval))}.`,
    missing.length === 0 ? `It holds ${count === 1 ? 'its address' : `all of its ${count} addresses`}.` : `It does not hold ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}: the log says why.`,
    heardAsMaster(heard, now),
    `It would become BACKUP when a router advertises a priority above ${priority}${priority === 255 ? ' (there is none)' : ''}, or ${priority} from an address above ${settings.source}, or by 'tandem failover ${status.name}'; FAULT when ${status.interface} goes down or loses its own address${group}.`,
  ];
};

const heardAsMaster = (heard: HeardRouter | undefined, now: Microseconds): string => {
  if (heard === undefined) return 'No other router was heard since this process started. That says nothing of backups: they are silent.';
  const last = heard.priority === 0 ? 'resigning' : `at priority ${heard.priority}`;
  return `The last other router that it heard is ${heard.source}, ${last}, ${age(minus(now, heard.at))} ago. Whether that is a backup now cannot be known: backups are silent.`;
};

// --- BACKUP ---------------------------------------------------------------------------------------------------

const backup = (facts: ExplainFacts, state: Backup): readonly string[] => [...whoIsMaster(facts, state), ...whenItTakesOver(facts, state), ...holdsBack(facts)];

/** back-off.ts */
const holdsBack = ({ status, members, now }: ExplainFacts): readonly string[] =>
  members.flatMap(({ state }) => {
    if (state.state !== 'BACKUP' || state.heldBackUntil === undefined || state.heldBackUntil <= now) return [];
    const left = seconds(minus(state.heldBackUntil, now));
    return `The sync group ${status.sync_group ?? ''} holds back for ${left}: it was beaten several times in a row right after it took over. Give its members the same order of priority on all routers.`;
  });

const whoIsMaster = ({ settings, heard, now }: ExplainFacts, { master: known }: Backup): readonly string[] => {
  if (known === undefined) return ['It has heard no master.'];
  const ago = heard?.source === known.source ? `, heard ${age(minus(now, heard.at))} ago` : '';
  if (known.priority === 0) return [`The master ${known.source} resigned${ago}.`];
  return [`The master is ${known.source}${ago}: its priority is ${known.priority}, ${ours(settings)}.`];
};

const whenItTakesOver = (facts: ExplainFacts, state: Backup): readonly string[] => {
  const { status, settings, members, now } = facts;
  const { master: known, masterDownAt, claims, preemptAt } = state;
  const { version, priority, preempt } = settings;
  if (claims !== undefined || masterDownAt === undefined) return [waitsForGroup(facts, claims ?? 'its master is down')];
  const left = seconds(atLeastZero(minus(masterDownAt, now)));
  const group = members.length > 1 ? `, as soon as the others of its sync group ${status.sync_group ?? ''} (${others(status.name, members)}) could take over too` : '';
  if (known === undefined) return [`It takes over in ${left} unless it hears one${group}.`];
  if (known.priority === 0) return [`It takes over in ${left} unless another router does before${group}.`];
  if (state.lastHeard === undefined) return [`It preempts ${known.source} in ${left}${group}: preempt is on, and its priority is higher.`];
  const down = masterDownInterval(version, priority, state.masterInterval);
  const skew = skewTime(version, priority, state.masterInterval);
  return [
    `It would take over ${seconds(down)} after the last advertisement of ${known.source} (three intervals of ${interval(state.masterInterval)} and the skew time of ${seconds(skew)}), that is in ${left} if none follows; or ${seconds(skew)} after ${known.source} resigns${group}.`,
    ...whyItWaits({ name: status.name, known, state, priority, preempt, preemptAt, now }),
  ];
};

/** Why it does not preempt, and what would let it. */
const whyItWaits = ({ name, known, state, priority, preempt, preemptAt, now }: {
  readonly name: string;
  readonly known: { readonly source: string; readonly priority: number };
  readonly state: Backup;
  readonly priority: number;
  readonly preempt: boolean;
  readonly preemptAt: Microseconds | undefined;
  readonly now: Microseconds;
}): readonly string[] => {
  if (isYielding(state)) return [`It was handed over by the operator and leaves ${known.source} alone, whatever the priorities say, until that one fails or 'tandem failover ${name} --cancel' is given.`];
  if (known.priority > priority) return [`It would preempt ${known.source} if its own priority were above ${known.priority}${preempt ? '' : ', and preempt were on'}.`];
  if (known.priority === priority) return ['Equal priorities do not preempt: whoever is master stays it.'];
  if (!preempt) return [`Its priority is higher, but preempt is off: it does not preempt ${known.source}.`];
  if (preemptAt !== undefined && preemptAt > now) return [`Its priority is higher; it preempts ${known.source} when the preempt delay is over, in ${age(minus(preemptAt, now))}, and the master down interval after that.`];
  return [`Its priority is higher: the next advertisement of ${known.source} is not counted any more.`];
};

const waitsForGroup = ({ status, members }: ExplainFacts, claims: string): string => {
  const waitedFor = members.filter(({ name, state }) => name !== status.name && !(state.state === 'BACKUP' && state.claims !== undefined));
  const named = waitedFor.map(({ name, state }) => {
    const hears = state.state === 'BACKUP' && state.master !== undefined && state.master.priority > 0 ? `, which hears ${state.master.source} as master` : ` (${state.state})`;
    return `${name}${hears}`;
  });
  if (waitedFor.length === 0) return `It could take over (${claims}), and so could the rest of its sync group ${status.sync_group ?? ''}.`;
  return `It could take over (${claims}), but its sync group ${status.sync_group ?? ''} takes over as a whole: it waits for ${named.join('; ')}.`;
};

// --- FAULT ----------------------------------------------------------------------------------------------------

const fault = ({ status, state, members }: ExplainFacts): readonly string[] => {
  const broken = members.filter(({ faults }) => faults.length > 0);
  const yielding = isYielding(state) ? [`It was handed over by the operator: as BACKUP it will leave the other master alone until 'tandem failover ${status.name} --cancel' is given.`] : [];
  const what = broken.map(({ name, faults }) => (name === status.name ? faults.join(', ') : `${name}: ${faults.join(', ')}`));
  return [
    'It holds no address and sends nothing.',
    what.length === 0 ? 'It takes part again when its fault is gone.' : `It takes part again, as BACKUP at first, when this is mended: ${what.join('; ')}.`,
    ...(broken.some(({ name }) => name !== status.name) ? [`The sync group ${status.sync_group ?? ''} stands and falls as a whole.`] : []),
    ...yielding,
  ];
};

// --- what else is wrong -----------------------------------------------------------------------------------------

const mismatches = ({ status, heard }: ExplainFacts): readonly string[] =>
  status.address_list_agrees ? [] : [`${heard?.source ?? 'The other router'} lists other virtual addresses than this director does: make both configuration files agree, or a failover loses some.`];

const others = (name: string, members: ExplainFacts['members']): string => members.flatMap((member) => (member.name === name ? [] : [member.name])).join(', ');
const atLeastZero = (duration: Microseconds): Microseconds => (duration > 0 ? duration : minus(duration, duration));
