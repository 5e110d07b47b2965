/**
 * From the verdicts on a pool's servers to what counts for its table: what is unchecked may count as up, what flaps is held down, what failed
 * with too many others stays in, what is back starts slowly. Pure.
 */
import type { DampingConfiguration, PanicConfiguration } from '../config/model.js';
import { earliest, type Microseconds } from '../time/microseconds.js';
import { stepDamping, undamped, type DampingState } from './damping.js';
import { isPanic, stillAtOnce } from './panic.js';
import { type Endpoint, keyOf } from './pool.js';
import { nextSlowStartStep, slowStartShare } from './slow-start.js';
import type { Verdict } from './state.js';

export interface PolicyConfiguration {
  /** what a server counts as until its first verdict; `down`: one that is in the table stays there */
  readonly initial: 'down' | 'up';
  readonly damping: DampingConfiguration | undefined;
  readonly panic: PanicConfiguration | undefined;
}

export interface PolicyMember {
  /** of its check */
  readonly verdict: Verdict;
  readonly weight: number;
  /** how long its weight rises when it is back */
  readonly slowStart: Microseconds | undefined;
  /** it has weight in the kernel's table */
  readonly serving: boolean;
}

interface ServerState extends DampingState {
  /** its last verdict that was one */
  readonly known: 'up' | 'down' | undefined;
  /** what counted last, damped, without panic */
  readonly counted: Verdict;
  /** it was down since it last counted as up, or came to a pool that ran already: it starts slowly */
  readonly wasOut: boolean;
  readonly slowSince: Microseconds | undefined;
  readonly failedAt: Microseconds | undefined;
}

export interface PolicyState {
  /** one for each member, in their order; undefined = it came to a pool that ran already */
  readonly servers: readonly (ServerState | undefined)[];
  readonly panic: boolean;
}

export interface PolicyDecision {
  /** to be handed back next time */
  readonly state: PolicyState;
  /** one for each member, in their order */
  readonly counted: readonly CountedMember[];
  /** when something changes by itself; of the monotonic clock */
  readonly next: Microseconds | undefined;
  readonly notices: readonly PolicyNotice[];
}

export interface CountedMember {
  readonly verdict: Verdict;
  /** of its weight, 0..1 */
  readonly share: number;
  readonly heldUntil: Microseconds | undefined;
  readonly slowSince: Microseconds | undefined;
}

/** `index` of the server. */
export type PolicyNotice =
  | { readonly type: 'held' | 'released' | 'slow_start' | 'slow_start_over'; readonly index: number }
  /** of `servers` that have weight */
  | { readonly type: 'panic' | 'panic_over'; readonly failed: number; readonly servers: number };

const newcomer: ServerState = { ...undamped, known: undefined, counted: 'unknown', wasOut: false, slowSince: undefined, failedAt: undefined };
const newcomerToRunningPool: ServerState = { ...newcomer, wasOut: true };

/** Of most servers at most times nothing changes: ten thousand of them then share what they have in common. */
const sameState = (a: ServerState, b: ServerState): boolean =>
  a.known === b.known && a.counted === b.counted && a.wasOut === b.wasOut && a.slowSince === b.slowSince && a.failedAt === b.failedAt && a.heldUntil === b.heldUntil && a.changes === b.changes;
const settled = { up: { ...newcomer, known: 'up', counted: 'up' }, down: { ...newcomer, known: 'down', counted: 'down', wasOut: true }, unknown: newcomer } as const satisfies Readonly<Record<Verdict, ServerState>>;
const unhindered = (verdict: Verdict): CountedMember => ({ verdict, share: 1, heldUntil: undefined, slowSince: undefined });
const withoutPolicy: Readonly<Record<Verdict, CountedMember>> = { up: unhindered('up'), down: unhindered('down'), unknown: unhindered('unknown') };

/** Of the servers that a pool had before a reload, for those that it has after it. */
export const afterReload = ({ servers, panic }: PolicyState, before: readonly Endpoint[], after: readonly Endpoint[]): PolicyState => {
  const states = new Map(before.map((server, index) => [keyOf(server), servers[index]]));
  return { servers: after.map((server) => states.get(keyOf(server))), panic };
};

/** `now`: of the monotonic clock. */
export const stepPolicies = (state: PolicyState | undefined, members: readonly PolicyMember[], configuration: PolicyConfiguration, now: Microseconds): PolicyDecision => {
  const wasPanic = state?.panic ?? false;
  const steps = members.map((member, index) => {
    const before = state?.servers[index] ?? (state === undefined ? newcomer : newcomerToRunningPool);
    return { member, before, after: shared(before, stepServer(before, member, configuration, wasPanic, now)) };
  });
  const withWeight = steps.filter(({ member }) => member.weight > 0);
  const failed = withWeight.filter(({ after }) => after.failedAt !== undefined).length;
  const panic = isPanic(failed, withWeight.length, configuration.panic);
  const counted = steps.map(({ member: { weight, slowStart }, after: { counted: verdict, failedAt, heldUntil, slowSince } }): CountedMember => {
    const kept = panic && weight > 0 && failedAt !== undefined;
    if (!kept && heldUntil === undefined && slowSince === undefined) return withoutPolicy[verdict];
    return { verdict: kept ? 'up' : verdict, share: slowSince === undefined || slowStart === undefined ? 1 : slowStartShare(slowSince, slowStart, now), heldUntil, slowSince };
  });
  const notices = steps.flatMap(({ before, after }, index) => serverNotices(index, before, after));
  return {
    state: { servers: steps.map(({ after }) => after), panic },
    counted,
    next: earliest(steps.flatMap(({ member: { slowStart }, after: { heldUntil, slowSince } }) => [heldUntil, slowSince === undefined || slowStart === undefined ? undefined : nextSlowStartStep(slowSince, slowStart, now)])),
    notices: panic === wasPanic ? notices : [...notices, { type: panic ? 'panic' : 'panic_over', failed, servers: withWeight.length }],
  };
};

const shared = (before: ServerState, after: ServerState): ServerState => [before, settled[after.counted]].find((state) => sameState(state, after)) ?? after;

const stepServer = (before: ServerState, { verdict, weight, slowStart, serving }: PolicyMember, { initial, damping, panic }: PolicyConfiguration, wasPanic: boolean, now: Microseconds): ServerState => {
  const known = verdict === 'unknown' ? before.known : verdict;
  const damped = stepDamping(before, damping, before.known !== undefined && known !== before.known, now);
  const believed = verdict === 'unknown' && initial === 'up' ? 'up' : verdict;
  const counted = damped.heldUntil === undefined ? believed : 'down';
  // each by its name: spreading takes several times as long
  return {
    changes: damped.changes,
    heldUntil: damped.heldUntil,
    known,
    counted,
    wasOut: counted === 'down' || (counted === 'unknown' && before.wasOut),
    slowSince: counted === 'up' && slowStart !== undefined && weight > 0 ? slowSince(before, slowStart, serving, now) : undefined,
    failedAt: failedAt(before, counted, serving, wasPanic, panic, now),
  };
};

/** What serves already goes on as it does; a ramp begins when the server comes to the table, be it later since a quorum was missing. */
const slowSince = ({ wasOut, slowSince: since }: ServerState, duration: Microseconds, serving: boolean, now: Microseconds): Microseconds | undefined => {
  if (!serving && (wasOut || since !== undefined)) return now;
  return since === undefined || slowStartShare(since, duration, now) >= 1 ? undefined : since;
};

const failedAt = (before: ServerState, counted: Verdict, serving: boolean, wasPanic: boolean, panic: PanicConfiguration | undefined, now: Microseconds): Microseconds | undefined => {
  if (counted !== 'down') return undefined;
  const at = before.counted === 'down' ? before.failedAt : before.counted === 'up' || serving ? now : undefined;
  return stillAtOnce(at, wasPanic, panic, now) ? at : undefined;
};

const nothing: readonly PolicyNotice[] = [];

const serverNotices = (index: number, before: ServerState, after: ServerState): readonly PolicyNotice[] => {
  if (before.heldUntil === after.heldUntil && before.slowSince === after.slowSince) return nothing;
  const of = (type: 'held' | 'released' | 'slow_start' | 'slow_start_over', was: unknown, is: unknown): readonly PolicyNotice[] => (was === undefined && is !== undefined ? [{ type, index }] : []);
  return [
    ...of('held', before.heldUntil, after.heldUntil),
    ...of('released', after.heldUntil, before.heldUntil),
    ...of('slow_start', before.slowSince, after.slowSince),
    // one that goes down again meanwhile is told of by its verdict
    ...(after.counted === 'up' ? of('slow_start_over', after.slowSince, before.slowSince) : []),
  ];
};
