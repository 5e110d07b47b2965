/**
 * All instances of one router and their sync groups: pure. An instance that fails or loses takes its group with it, and a
 * group becomes master only when every member could. An instance without a group is a group of one.
 */
import { minus, type Microseconds, toSeconds } from '../time/microseconds.js';
import { type Defeats, defeatedOnceMore, holdBackUntil } from './back-off.js';
import { type Effect, initialState, type InstanceState, type MachineEvent, type Settings, step } from './machine.js';
import { masterDownInterval } from './timers.js';

export interface Member {
  readonly state: InstanceState;
  readonly settings: Settings;
  /** name of its sync group, if it has one */
  readonly group: string | undefined;
  /** its own faults: what is wrong -> in words */
  readonly faults: ReadonlyMap<string, string>;
  /** of its sync group */
  readonly defeats?: Defeats;
}

/** By the name of the instance. */
export type RouterState = ReadonlyMap<string, Member>;

export type RouterEvent =
  /** a new instance; it does nothing before `start` */
  | { readonly type: 'add'; readonly instance: string; readonly settings: Settings; readonly group: string | undefined; /** it was handed over before */ readonly yielding?: boolean }
  /** starts all that are in INIT; `resume` names those that were master a moment ago */
  | { readonly type: 'start'; readonly resume: ReadonlySet<string> }
  | { readonly type: 'instance'; readonly instance: string; readonly event: Extract<MachineEvent, { type: 'advertisement' | 'timer' | 'stalled' }> }
  | { readonly type: 'fault'; readonly instance: string; readonly fault: string; readonly reason: string }
  | { readonly type: 'fault_cleared'; readonly instance: string; readonly fault: string; readonly reason: string }
  /** the operator hands the instance over, with its sync group; or takes that order back */
  | { readonly type: 'yield' | 'reclaim'; readonly instance: string }
  | { readonly type: 'configure'; readonly instance: string; readonly settings: Settings; readonly group: string | undefined }
  /** stopped and forgotten */
  | { readonly type: 'remove'; readonly instance: string };

export interface InstanceEffect {
  readonly instance: string;
  readonly effect: Effect;
}

export interface RouterStep {
  readonly state: RouterState;
  readonly effects: readonly InstanceEffect[];
}

/** Works on a copy of the state; what it hands out is never changed again. */
class Transaction {
  readonly members: Map<string, Member>;
  readonly effects: InstanceEffect[] = [];

  constructor(
    state: RouterState,
    private readonly now: Microseconds,
  ) {
    this.members = new Map(state);
  }

  step(name: string, event: MachineEvent): void {
    const member = this.members.get(name);
    if (!member) return;
    const { state, effects } = step(member.state, event, member.settings, this.now);
    this.members.set(name, { ...member, state });
    this.effects.push(...effects.map((effect) => ({ instance: name, effect })));
  }

  update(name: string, change: Partial<Member>): void {
    const member = this.members.get(name);
    if (member) this.members.set(name, { ...member, ...change });
  }

  /** The instances that stand and fall with this one, itself included. */
  companions(name: string): readonly (readonly [string, Member])[] {
    const group = this.members.get(name)?.group;
    return [...this.members].filter(([other, member]) => other === name || (group !== undefined && member.group === group));
  }

  /** The group lost an election. @returns until when it holds back, if it does */
  private defeat(companions: readonly (readonly [string, Member])[], masterSince: Microseconds): Microseconds | undefined {
    const [first] = companions;
    if (!first) return undefined;
    const down = Math.max(
      ...companions.map(([, { state, settings }]) => masterDownInterval(settings.version, settings.priority, state.state === 'BACKUP' ? state.masterInterval : settings.advertisementInterval)),
    ) as Microseconds;
    const defeats = defeatedOnceMore(first[1].defeats, masterSince, this.now, down);
    for (const [name] of companions) this.update(name, { defeats });
    return holdBackUntil(defeats, first[1].settings.source, down);
  }

  /** Takes the group of an instance out of FAULT when none of it has a fault any more, then makes it agree. */
  recover(name: string, reason: string): void {
    const companions = this.companions(name);
    if (companions.every(([, { faults }]) => faults.size === 0)) {
      for (const [other] of companions) this.step(other, { type: 'recover', reason });
    }
    this.settle(name);
  }

  /** Makes the group of an instance agree with itself. */
  settle(name: string): void {
    const companions = this.companions(name);
    const broken = companions.find(([, { faults }]) => faults.size > 0);
    if (broken) {
      const [culprit, { faults }] = broken;
      const words = [...faults.values()].join(', ');
      for (const [other, { state, group, faults: own }] of companions) {
        const reason = own.size > 0 ? [...own.values()].join(', ') : `sync group ${group ?? ''}: ${culprit} is in FAULT, ${words}`;
        if (state.state !== 'FAULT' || state.reason !== reason) this.step(other, { type: 'fault', reason });
      }
      return;
    }
    const states = companions.map(([, { state }]) => state);
    if (states.some(({ state }) => state === 'INIT')) return;
    const loser = companions.find(([, { state }]) => state.state === 'BACKUP');
    const master = states.find(({ state }) => state === 'MASTER');
    if (loser && master) {
      const [culprit, { state, group }] = loser;
      const until = this.defeat(companions, master.since);
      const holdsBack = until === undefined ? '' : `; beaten again right after it took over, it holds back for ${toSeconds(minus(until, this.now)).toFixed(2)} s: have the group's members one order of priority on all routers?`;
      for (const [other] of companions) this.step(other, { type: 'demote', reason: `sync group ${group ?? ''}: ${culprit} is BACKUP, ${state.reason}${holdsBack}` });
      if (until !== undefined) this.step(culprit, { type: 'hold_back', until });
      return;
    }
    if (states.length > 0 && states.every((state) => state.state === 'BACKUP' && state.claims !== undefined && state.heldBackUntil === undefined)) {
      for (const [other] of companions) this.step(other, { type: 'promote' });
      return;
    }
    if (states.some((state) => state.state === 'BACKUP' && !state.leftover)) for (const [other] of companions) this.step(other, { type: 'abandon' });
  }
}

export const stepRouter = (before: RouterState, event: RouterEvent, now: Microseconds): RouterStep => {
  const transaction = new Transaction(before, now);
  switch (event.type) {
    case 'add':
      transaction.members.set(event.instance, { state: initialState(now, event.yielding), settings: event.settings, group: event.group, faults: new Map() });
      break;
    case 'start':
      for (const [name, { state }] of before) {
        if (state.state === 'INIT') transaction.settle(name); // a fault that is there already
      }
      for (const [name] of before) transaction.step(name, { type: 'start', resume: event.resume.has(name) });
      // a newcomer to a group that is MASTER follows it; as BACKUP it would take the whole group down
      for (const [name, { state, group }] of before) {
        const joins = group !== undefined && state.state === 'INIT' && [...before.values()].some((other) => other.group === group && other.state.state === 'MASTER');
        if (joins) transaction.step(name, { type: 'promote' });
      }
      for (const [name] of before) transaction.settle(name);
      break;
    case 'instance':
      transaction.step(event.instance, event.event);
      transaction.settle(event.instance);
      break;
    case 'fault': {
      const faults = new Map(before.get(event.instance)?.faults).set(event.fault, event.reason);
      transaction.update(event.instance, { faults });
      if (before.get(event.instance)?.state.state !== 'INIT') transaction.settle(event.instance);
      break;
    }
    case 'fault_cleared': {
      const faults = new Map(before.get(event.instance)?.faults);
      if (!faults.delete(event.fault)) break;
      transaction.update(event.instance, { faults });
      transaction.recover(event.instance, event.reason);
      break;
    }
    case 'yield':
    case 'reclaim':
      for (const [name] of transaction.companions(event.instance)) transaction.step(name, { type: event.type });
      transaction.settle(event.instance);
      break;
    case 'configure': {
      const member = before.get(event.instance);
      if (!member) break;
      transaction.update(event.instance, { settings: event.settings, group: event.group });
      transaction.step(event.instance, { type: 'reconfigure', before: member.settings });
      // the group that it left, and the one that it is in now
      for (const [name, { group }] of before) if (group !== undefined && group === member.group && name !== event.instance) transaction.recover(name, 'the sync group changed');
      transaction.recover(event.instance, 'the configuration changed');
      break;
    }
    case 'remove': {
      const group = before.get(event.instance)?.group;
      transaction.step(event.instance, { type: 'stop' });
      transaction.members.delete(event.instance);
      for (const [name, member] of before) if (group !== undefined && member.group === group) transaction.recover(name, 'the sync group changed');
      break;
    }
  }
  return { state: transaction.members, effects: transaction.effects };
};
