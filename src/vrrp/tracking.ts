/** Tracking in the vrrp child: watches links, keeps what the supervisor found, and tells the router what follows for each instance. */
import type { SyncGroupConfiguration, TrackConfiguration, TrackedInterface, VrrpConfiguration } from '../config/model.js';
import type { Report } from '../control/event.js';
import type { Link } from '../network/rtnetlink.js';
import { monotonicNow } from '../time/clock.js';
import { DeadlineTimer } from '../time/deadline-timer.js';
import { earliest } from '../time/microseconds.js';
import { assess, describeTracked, type Tracked } from '../track/contribution.js';
import { type Debounced, elapse, initialDebounced, observe } from '../track/debounce.js';
import { interfaceKey, type Tracker, trackersOf, type TrackResult } from '../track/trackers.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import type { RouterEvent } from './router.js';

const faultPrefix = 'track ';

export interface TrackingSurroundings {
  readonly link: (name: string) => Link | undefined;
  /** what is known of a tracked route, by its key */
  readonly route: (key: string) => TrackResult | undefined;
  readonly instances: () => Iterable<Instance>;
  readonly faultsOf: (instance: string) => ReadonlyMap<string, string> | undefined;
  readonly dispatch: (event: RouterEvent) => void;
  readonly report: Report;
}

type Observation = Pick<TrackResult, 'verdict' | 'detail'>;
interface Watched {
  readonly tracked: TrackedInterface;
  state: Debounced<Observation>;
}

const sameVerdict = (a: Observation, b: Observation): boolean => a.verdict === b.verdict;

const unknown = ({ kind, key }: Tracker): TrackResult => ({ key, verdict: 'unknown', detail: kind === 'script' ? 'has not ended a run yet' : 'was not looked at yet' });

export class Tracking {
  private groups = new Map<string, SyncGroupConfiguration>();
  private results: ReadonlyMap<string, TrackResult> = new Map();
  private interfaces = new Map<string, Watched>();
  private readonly timer = new DeadlineTimer(() => this.elapsed());

  constructor(private readonly surroundings: TrackingSurroundings) {}

  /** A configuration is about to be put in force; `apply` for each instance follows. */
  configure({ instances, syncGroups }: VrrpConfiguration, tracked: readonly TrackResult[] | undefined): void {
    this.groups = new Map(syncGroups.map((group) => [group.name, group]));
    if (tracked) this.keep(tracked);
    const wanted = [...instances, ...syncGroups].flatMap(({ track }) => track?.interfaces ?? []);
    const before = this.interfaces;
    this.interfaces = new Map(wanted.map((item) => [interfaceKey(item), before.get(interfaceKey(item)) ?? { tracked: item, state: initialDebounced(this.look(item.name)) }]));
    this.arm();
  }

  /** The supervisor found something. */
  found(tracked: readonly TrackResult[]): void {
    this.keep(tracked);
    this.applyToAll();
  }

  /** A tracked route came or went. */
  routesChanged(): void {
    this.applyToAll();
  }

  linkChanged(name: string): void {
    const now = monotonicNow();
    let changed = false;
    for (const watched of this.interfaces.values()) {
      if (watched.tracked.name !== name) continue;
      const seen = this.look(name);
      const { upDelay, downDelay } = watched.tracked;
      watched.state = observe(watched.state, seen, sameVerdict, seen.verdict === 'up' ? upDelay : downDelay, now);
      changed = true;
    }
    if (changed) this.applyToAll();
    this.arm();
  }

  /**
   * Tells the router what differs from what it knows of an instance.
   * @param starts it has not started yet: it waits for results that are not there; one that runs is not stopped for them
   */
  apply(instance: Instance, starts = false): void {
    const { faultsOf, dispatch, report } = this.surroundings;
    const { configuration, group } = instance;
    const had = new Map([...(faultsOf(instance.name) ?? [])].filter(([fault]) => fault.startsWith(faultPrefix)));
    const before = new Map(instance.tracked.map((tracked) => [tracked.tracker.key, tracked]));
    const tracked = trackersOf(configuration.track, this.groupTrack(group)).map((tracker): Tracked => {
      const assessed = assess(tracker, this.resultOf(tracker));
      const holds = assessed.result.verdict === 'unknown' && (starts || had.has(faultPrefix + tracker.key));
      return holds ? { ...assessed, fault: describeTracked(tracker, assessed.result) } : assessed;
    });
    instance.tracked = tracked;

    const was = instance.settings.priority;
    instance.added = tracked.reduce((sum, { contribution }) => sum + contribution, 0);
    const is = instance.settings.priority;
    const changed = tracked.filter(({ tracker: { key }, contribution }) => contribution !== (before.get(key)?.contribution ?? 0));
    const gone = [...before.values()].filter(({ tracker: { key }, contribution }) => contribution !== 0 && tracked.every((other) => other.tracker.key !== key));
    if (changed.length + gone.length > 0) {
      const why = [...changed.map(({ tracker, result }) => describeTracked(tracker, result)), ...gone.map(({ tracker: { kind, name } }) => `${kind} ${name} is not tracked any more`)];
      const what = was === is ? `effective priority stays ${is}` : `effective priority ${was} -> ${is}`;
      report(instanceEvent('info', configuration, `${what}, ${why.join(', ')}`, { priority: configuration.priority, effective_priority: is }));
    }
    if (was !== is) dispatch({ type: 'configure', instance: instance.name, settings: instance.settings, group });

    const faults = new Map(tracked.flatMap(({ tracker, fault }) => (fault === undefined ? [] : [[faultPrefix + tracker.key, fault] as const])));
    for (const [fault, reason] of faults) if (had.get(fault) !== reason) dispatch({ type: 'fault', instance: instance.name, fault, reason });
    for (const fault of had.keys()) {
      if (faults.has(fault)) continue;
      const now = tracked.find(({ tracker }) => faultPrefix + tracker.key === fault);
      const reason = now ? describeTracked(now.tracker, now.result) : `${fault.slice(faultPrefix.length)} is not tracked any more`;
      dispatch({ type: 'fault_cleared', instance: instance.name, fault, reason });
    }
  }

  /** Whether its faults are nothing but results that are not there yet, as at a start. */
  onlyWaits(instance: Instance): boolean {
    const waiting = new Set(instance.tracked.filter(({ result }) => result.verdict === 'unknown').map(({ tracker }) => faultPrefix + tracker.key));
    const faults = [...(this.surroundings.faultsOf(instance.name)?.keys() ?? [])];
    return faults.length > 0 && faults.every((fault) => waiting.has(fault));
  }

  close(): void {
    this.timer.set(undefined);
  }

  private keep(tracked: readonly TrackResult[]): void {
    this.results = new Map(tracked.map((result) => [result.key, result]));
  }

  private applyToAll(): void {
    for (const instance of this.surroundings.instances()) this.apply(instance);
  }

  private groupTrack(group: string | undefined): TrackConfiguration | undefined {
    return group === undefined ? undefined : this.groups.get(group)?.track;
  }

  private resultOf(tracker: Tracker): TrackResult {
    const watched = this.interfaces.get(tracker.key);
    if (watched) return { key: tracker.key, ...watched.state.value };
    if (tracker.kind === 'route') return this.surroundings.route(tracker.key) ?? unknown(tracker);
    return this.results.get(tracker.key) ?? unknown(tracker);
  }

  private look(name: string): Observation {
    const link = this.surroundings.link(name);
    if (!link) return { verdict: 'down', detail: 'does not exist' };
    if (!link.up) return { verdict: 'down', detail: 'is down' };
    return link.running ? { verdict: 'up', detail: 'is up' } : { verdict: 'down', detail: 'has no carrier' };
  }

  private elapsed(): void {
    const now = monotonicNow();
    for (const watched of this.interfaces.values()) watched.state = elapse(watched.state, now);
    this.applyToAll();
    this.arm();
  }

  private arm(): void {
    this.timer.set(earliest([...this.interfaces.values()].map(({ state }) => state.pending?.at)));
  }
}
