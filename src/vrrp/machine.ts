/**
 * The VRRP state machine of one instance (RFC 9568, 6.4; RFC 3768, 6.4): pure, `step(state, event, now)` gives the next state
 * and what is to be done, in order. No clock, no I/O.
 */
import type { VrrpVersion } from '../config/model.js';
import { compareAddresses } from '../network/ip-address.js';
import { minus, type Microseconds, plus, toSeconds } from '../time/microseconds.js';
import { masterDownInterval, skewTime } from './timers.js';

/** What the machine needs to know of an instance's configuration. */
export interface Settings {
  readonly version: VrrpVersion;
  /** effective priority, 1..255 */
  readonly priority: number;
  readonly advertisementInterval: Microseconds;
  readonly preempt: boolean;
  readonly preemptDelay: Microseconds;
  /** what it sends from: breaks ties of priority */
  readonly source: string;
  /** a member of a sync group asks for mastership (`claims`) and waits for the group's `promote` */
  readonly grouped: boolean;
}

export interface HeardMaster {
  readonly source: string;
  readonly priority: number;
}

interface Common {
  readonly since: Microseconds;
  /** of the last transition, in words */
  readonly reason: string;
}
export interface Initialize extends Common {
  readonly state: 'INIT';
  /** a handover outlasts the process that it was ordered of */
  readonly yielding?: true;
}
export interface Backup extends Common {
  readonly state: 'BACKUP';
  readonly master: HeardMaster | undefined;
  /** Active_Adver_Interval: our own until an advertisement teaches another (v3) */
  readonly masterInterval: Microseconds;
  /** of an advertisement that counted: undefined also while those of a weaker master are discarded */
  readonly lastHeard: Microseconds | undefined;
  /** undefined while it claims */
  readonly masterDownAt: Microseconds | undefined;
  /** a master of lower priority is left alone until then (preempt_delay) */
  readonly preemptAt: Microseconds | undefined;
  /** its master is down; it waits for the rest of its sync group */
  readonly claims: string | undefined;
  /** addresses of an earlier run may be held until a better master is heard */
  readonly leftover: boolean;
  /** handed over by the operator's order: whoever is master is left alone until it fails, or until `reclaim` */
  readonly yielding?: true;
  /** its sync group does not take over before then: see back-off.ts */
  readonly heldBackUntil?: Microseconds;
}
export interface Master extends Common {
  readonly state: 'MASTER';
  readonly advertiseAt: Microseconds;
}
export interface Fault extends Common {
  readonly state: 'FAULT';
  /** a handover outlasts a fault */
  readonly yielding?: true;
}
export type InstanceState = Initialize | Backup | Master | Fault;

export interface HeardAdvertisement {
  readonly source: string;
  /** 0 = resigns */
  readonly priority: number;
  readonly interval: Microseconds;
}

export type MachineEvent =
  /** `resume`: it was master a moment ago, and its backups cannot have noticed */
  | { readonly type: 'start'; readonly resume: boolean }
  | { readonly type: 'advertisement'; readonly advertisement: HeardAdvertisement }
  | { readonly type: 'timer' }
  /** all of its sync group claim */
  | { readonly type: 'promote' }
  /** another of its sync group lost an election */
  | { readonly type: 'demote'; readonly reason: string }
  /** another of its sync group heard a better master: what an earlier run may have left is not for this one to keep */
  | { readonly type: 'abandon' }
  /** it made its sync group lose once more */
  | { readonly type: 'hold_back'; readonly until: Microseconds }
  | { readonly type: 'fault'; readonly reason: string }
  | { readonly type: 'recover'; readonly reason: string }
  | { readonly type: 'stop' }
  /** the operator hands mastership over */
  | { readonly type: 'yield' }
  /** the operator's handover holds no more */
  | { readonly type: 'reclaim' }
  /** the settings given to this step differ from those of the step before */
  | { readonly type: 'reconfigure'; readonly before: Settings }
  /** the process did not run for `length`, and backups heard nothing for longer than the master down interval; what was queued meanwhile has been heard */
  | { readonly type: 'stalled'; readonly length: Microseconds };

export type Effect =
  | { readonly type: 'transition'; readonly from: InstanceState['state']; readonly to: InstanceState['state']; readonly reason: string }
  /** priority 0 = resign; `parting`: sent though it is master no more */
  | { readonly type: 'advertise'; readonly priority: number; readonly parting?: true }
  | { readonly type: 'hold' }
  | { readonly type: 'announce'; readonly cause: 'transition' | 'lower_priority' | 'stall' }
  | { readonly type: 'release' };

export interface Step {
  readonly state: InstanceState;
  readonly effects: readonly Effect[];
}

const nothing = (state: InstanceState): Step => ({ state, effects: [] });

const backup = (settings: Settings, now: Microseconds, since: Microseconds, reason: string): Backup => ({
  state: 'BACKUP',
  since,
  reason,
  master: undefined,
  masterInterval: settings.advertisementInterval,
  lastHeard: undefined,
  masterDownAt: plus(now, masterDownInterval(settings.version, settings.priority, settings.advertisementInterval)),
  preemptAt: undefined,
  claims: undefined,
  leftover: false,
});

const transition = (from: InstanceState, to: InstanceState, effects: readonly Effect[]): Step => ({
  state: to,
  effects: [{ type: 'transition', from: from.state, to: to.state, reason: to.reason }, ...effects],
});

/** RFC 9568, 6.4.2: the advertisement first, then the addresses and their announcement. */
const becomeMaster = (from: InstanceState, settings: Settings, now: Microseconds, reason: string): Step =>
  transition(from, { state: 'MASTER', since: now, reason, advertiseAt: plus(now, settings.advertisementInterval) }, [
    { type: 'advertise', priority: settings.priority },
    { type: 'hold' },
    { type: 'announce', cause: 'transition' },
  ]);

/** Leaves for `to`; a master that was not beaten resigns by priority 0, so that a backup waits its skew time only. */
const leave = (from: InstanceState, to: InstanceState, resigns: boolean): Step => {
  // INIT: an earlier run may have left addresses
  const holds = from.state === 'MASTER' || from.state === 'INIT' || (from.state === 'BACKUP' && from.leftover);
  const effects: Effect[] = [];
  if (from.state === 'MASTER' && resigns) effects.push({ type: 'advertise', priority: 0 });
  if (holds) effects.push({ type: 'release' });
  return transition(from, to, effects);
};

/** It was handed over by the operator's order, which still holds. */
export const isYielding = (state: InstanceState): boolean => state.state !== 'MASTER' && state.yielding === true;
const yieldingAs = (state: InstanceState): { readonly yielding?: true } => (isYielding(state) ? { yielding: true } : {});

const start = (state: InstanceState, settings: Settings, now: Microseconds, resume: boolean, reason: string): Step => {
  if (resume && !isYielding(state)) return becomeMaster(state, settings, now, `${reason}, it was master a moment ago`);
  // RFC 9568, 6.4.1: the address owner does not wait
  if (settings.priority === 255 && !settings.grouped && !isYielding(state)) return becomeMaster(state, settings, now, `${reason}, it owns the addresses (priority 255)`);
  const next = backup(settings, now, now, reason);
  if (settings.priority === 255 && !isYielding(state)) return transition(state, { ...next, masterDownAt: undefined, claims: 'it owns the addresses (priority 255)', leftover: state.state === 'INIT' }, []);
  return transition(state, { ...next, ...yieldingAs(state), leftover: state.state === 'INIT' }, []);
};

const hearAsBackup = (state: Backup, heard: HeardAdvertisement, settings: Settings, now: Microseconds): Step => {
  const { version, priority, preemptDelay } = settings;
  const preempt = settings.preempt && !isYielding(state);
  const master = { source: heard.source, priority: heard.priority };
  if (heard.priority === 0) {
    // RFC 9568, 6.4.2: the master resigns
    if (state.claims !== undefined) return nothing(state);
    const skew = skewTime(version, priority, state.masterInterval);
    return nothing({ ...state, master, lastHeard: now, masterDownAt: plus(now, skew) });
  }
  let { preemptAt } = state;
  if (heard.priority >= priority) preemptAt = undefined;
  else if (preempt && preemptDelay > 0) preemptAt ??= plus(now, preemptDelay);
  const waits = preemptAt !== undefined && now < preemptAt;
  if (preempt && heard.priority < priority && !waits) {
    // RFC 9568, 6.4.2: discarded, so that the master down timer runs out
    return nothing({ ...state, master, lastHeard: undefined, preemptAt });
  }
  const masterInterval = version === 3 ? heard.interval : state.masterInterval;
  const next: Backup = {
    ...state,
    master,
    masterInterval,
    lastHeard: now,
    masterDownAt: plus(now, masterDownInterval(version, priority, masterInterval)),
    preemptAt,
    claims: undefined,
    leftover: false,
  };
  return { state: next, effects: state.leftover ? [{ type: 'release' }] : [] };
};

const hearAsMaster = (state: Master, heard: HeardAdvertisement, settings: Settings, now: Microseconds): Step => {
  const again: Master = { ...state, advertiseAt: plus(now, settings.advertisementInterval) };
  const advertise: Effect = { type: 'advertise', priority: settings.priority };
  // RFC 9568, 6.4.3
  if (heard.priority === 0) return { state: again, effects: [advertise] };
  const beaten = heard.priority > settings.priority || (heard.priority === settings.priority && compareAddresses(heard.source, settings.source) > 0);
  if (!beaten) {
    // RFC 9568, 6.4.3: asserted at once, to the sender and to the bridges in between; hosts may have learnt its MAC meanwhile
    return { state: again, effects: [advertise, { type: 'announce', cause: 'lower_priority' }] };
  }
  const tie = heard.priority === settings.priority ? ' and the higher address' : '';
  const reason = `${heard.source} advertises priority ${heard.priority}${tie}, ours is ${settings.priority}`;
  const masterInterval = settings.version === 3 ? heard.interval : settings.advertisementInterval;
  const next: Backup = {
    ...backup(settings, now, now, reason),
    master: { source: heard.source, priority: heard.priority },
    masterInterval,
    lastHeard: now,
    masterDownAt: plus(now, masterDownInterval(settings.version, settings.priority, masterInterval)),
  };
  // Beyond RFC 9568: one last word makes the other one, which may have taken us for dead, announce the addresses once more. After a
  // healed partition the hosts on our side would keep our hardware address until the next refresh otherwise.
  const { state: yielded, effects } = leave(state, next, false);
  return { state: yielded, effects: [{ type: 'advertise', priority: settings.priority, parting: true }, ...effects] };
};

const whyMasterIsDown = (state: Backup, settings: Settings, now: Microseconds): string => {
  if (!state.master) return isYielding(state) ? 'nobody took over after the handover that the operator ordered' : 'no advertisement from anyone';
  if (state.master.priority === 0) return `${state.master.source} resigned`;
  if (state.lastHeard === undefined) {
    return `preempting ${state.master.source}: its priority is ${state.master.priority}, ours ${settings.priority}`;
  }
  return `no advertisement from ${state.master.source} for ${toSeconds(minus(now, state.lastHeard)).toFixed(2)} s`;
};

const holdsBackNoMore = (state: Backup, now: Microseconds): Backup => {
  const { heldBackUntil, ...rest } = state;
  return heldBackUntil !== undefined && now >= heldBackUntil ? rest : state;
};

const expire = (state: InstanceState, settings: Settings, now: Microseconds): Step => {
  if (state.state === 'MASTER' && now >= state.advertiseAt) {
    // from the deadline, not from now, so that lateness does not add up; after a stall no burst makes up for what was missed
    const next = plus(state.advertiseAt, settings.advertisementInterval);
    const advertiseAt = next > now ? next : plus(now, settings.advertisementInterval);
    return { state: { ...state, advertiseAt }, effects: [{ type: 'advertise', priority: settings.priority }] };
  }
  if (state.state === 'BACKUP' && state.masterDownAt !== undefined && now >= state.masterDownAt) {
    const reason = whyMasterIsDown(state, settings, now);
    if (settings.grouped) return nothing(holdsBackNoMore({ ...state, masterDownAt: undefined, claims: reason }, now));
    return becomeMaster(state, settings, now, reason);
  }
  return nothing(state.state === 'BACKUP' ? holdsBackNoMore(state, now) : state);
};

const reconfigure = (state: InstanceState, before: Settings, settings: Settings, now: Microseconds): Step => {
  switch (state.state) {
    case 'MASTER':
      // told to the others at once: a new priority or interval must not wait for the old one
      return {
        state: { ...state, advertiseAt: plus(now, settings.advertisementInterval) },
        effects: [{ type: 'advertise', priority: settings.priority }],
      };
    case 'BACKUP': {
      const masterInterval = state.master && settings.version === 3 ? state.masterInterval : settings.advertisementInterval;
      const was = masterDownInterval(before.version, before.priority, state.masterInterval);
      const is = masterDownInterval(settings.version, settings.priority, masterInterval);
      const { masterDownAt, claims } = state;
      // a group's claim ends with its membership
      if (claims !== undefined && !settings.grouped) return becomeMaster(state, settings, now, claims);
      // a preemption delay that is not in force any more must not hold it back
      const preemptAt = before.preempt === settings.preempt && before.preemptDelay === settings.preemptDelay ? state.preemptAt : undefined;
      return nothing({ ...state, masterInterval, preemptAt, masterDownAt: masterDownAt === undefined ? undefined : plus(minus(masterDownAt, was), is) });
    }
    default:
      return nothing(state);
  }
};

/** When `timer` is due; undefined = no timer runs. */
export const deadline = (state: InstanceState): Microseconds | undefined => {
  switch (state.state) {
    case 'MASTER':
      return state.advertiseAt;
    case 'BACKUP':
      return state.masterDownAt ?? state.heldBackUntil;
    default:
      return undefined;
  }
};

export const initialState = (now: Microseconds, yielding = false): InstanceState => ({ state: 'INIT', since: now, reason: 'starting', ...(yielding ? { yielding } : {}) });

export const step = (state: InstanceState, event: MachineEvent, settings: Settings, now: Microseconds): Step => {
  switch (event.type) {
    case 'start':
      return state.state === 'INIT' ? start(state, settings, now, event.resume, isYielding(state) ? "started, and the operator's handover still holds" : 'started') : nothing(state);
    case 'advertisement':
      if (state.state === 'BACKUP') return hearAsBackup(state, event.advertisement, settings, now);
      return state.state === 'MASTER' ? hearAsMaster(state, event.advertisement, settings, now) : nothing(state);
    case 'timer':
      return expire(state, settings, now);
    case 'promote':
      return state.state === 'BACKUP' ? becomeMaster(state, settings, now, state.claims ?? 'its sync group takes over') : nothing(state);
    case 'demote':
      return state.state === 'MASTER' ? leave(state, backup(settings, now, now, event.reason), true) : nothing(state);
    case 'abandon':
      return state.state === 'BACKUP' && state.leftover ? { state: { ...state, leftover: false }, effects: [{ type: 'release' }] } : nothing(state);
    case 'hold_back':
      return nothing(state.state === 'BACKUP' ? { ...state, heldBackUntil: event.until } : state);
    case 'fault':
      return state.state === 'FAULT' ? nothing({ ...state, reason: event.reason }) : leave(state, { state: 'FAULT', since: now, reason: event.reason, ...yieldingAs(state) }, true);
    case 'recover':
      return state.state === 'FAULT' ? start(state, settings, now, false, event.reason) : nothing(state);
    case 'stop':
      return state.state === 'INIT' ? nothing(state) : leave(state, { state: 'INIT', since: now, reason: 'stopped' }, true);
    case 'yield':
      return state.state === 'MASTER' ? leave(state, { ...backup(settings, now, now, 'the operator ordered a handover'), yielding: true }, true) : nothing(state);
    case 'reclaim': {
      if (state.state !== 'BACKUP' && state.state !== 'FAULT') return nothing(state);
      const { yielding: _, ...rest } = state;
      return nothing(rest);
    }
    case 'reconfigure':
      return reconfigure(state, event.before, settings, now);
    case 'stalled':
      // it is still master, so nobody better was queued: announced again, since a backup may have held the addresses meanwhile
      if (state.state !== 'MASTER') return nothing(state);
      return {
        state: { ...state, advertiseAt: plus(now, settings.advertisementInterval) },
        effects: [{ type: 'advertise', priority: settings.priority }, { type: 'hold' }, { type: 'announce', cause: 'stall' }],
      };
  }
};
