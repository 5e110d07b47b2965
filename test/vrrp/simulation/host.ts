/** One simulated host: the real, pure router.ts, a clock, a kernel that keeps addresses, and what engine.ts and the supervisor do around them. */
import { type Microseconds, Microseconds as microseconds, minus, plus } from '../../../src/time/microseconds.js';
import { deadline, type HeardAdvertisement, type InstanceState, type Settings } from '../../../src/vrrp/machine.js';
import { type RouterEvent, type RouterState, stepRouter } from '../../../src/vrrp/router.js';
import { stalledMasters } from '../../../src/vrrp/stall.js';
import { masterDownInterval } from '../../../src/vrrp/timers.js';
import { Clock } from './clock.js';
import type { InstancePlan, RouterPlan } from './plan.js';

export interface Heard {
  readonly instance: string;
  readonly advertisement: HeardAdvertisement;
}

export interface Surroundings {
  readonly send: (from: Host, heard: Heard) => void;
  readonly transition: (host: Host, instance: string, from: InstanceState['state'], to: InstanceState['state'], reason: string) => void;
  /** it may be or hold something else than before */
  readonly changed: (host: Host) => void;
  readonly told: (host: Host, event: RouterEvent) => void;
}

const downInterval = ({ version, priority, advertisementInterval }: Settings): Microseconds => masterDownInterval(version, priority, advertisementInterval);

export class Host {
  /** simulated time */
  now = 0;
  state: RouterState = new Map();
  running = false;
  /** when its next timer fires, if nothing comes before; Infinity = none runs */
  due = Infinity;
  /** addresses in its kernel */
  readonly holds = new Set<string>();
  readonly configuration: Map<string, InstancePlan>;
  /** of trackers */
  readonly weights = new Map<string, number>();
  /** instance -> how many faults are there */
  readonly faults = new Map<string, number>();
  readonly withoutLink = new Map<string, number>();
  readonly absent = new Set<string>();
  private readonly clock: Clock;
  private readonly advertisedAt = new Map<string, Microseconds>();
  private resume = new Map<string, Microseconds>();
  private standsStill: { readonly since: number; readonly keeps: number } | undefined;
  private queue: Heard[] = [];
  /** what it is told while it stands still */
  private orders: (() => void)[] = [];

  constructor(
    readonly index: number,
    plan: RouterPlan,
    private readonly lateness: () => number,
    private readonly surroundings: Surroundings,
  ) {
    this.configuration = new Map(Object.entries(plan.instances));
    this.clock = new Clock(1_000_000 * (index + 1), plan.drift);
  }

  get isStill(): boolean {
    return this.standsStill !== undefined;
  }

  settings(instance: string): Settings | undefined {
    const plan = this.configuration.get(instance);
    if (!plan) return undefined;
    const { priority } = plan.settings;
    const weight = this.weights.get(instance);
    return { ...plan.settings, priority: priority === 255 || weight === undefined ? priority : Math.min(254, Math.max(1, priority + weight)), grouped: plan.group !== undefined };
  }

  // --- its processes --------------------------------------------------------------------------------------------

  start(): void {
    if (this.running) return;
    this.running = true;
    this.state = new Map();
    this.advertisedAt.clear();
    for (const instance of this.holds) if (!this.configuration.has(instance) || this.absent.has(instance)) this.holds.delete(instance);
    for (const instance of this.configuration.keys()) this.add(instance);
    const now = this.clock.at(this.now);
    this.dispatch({ type: 'start', resume: new Set([...this.resume].filter(([, until]) => now < until).map(([instance]) => instance)) });
    this.resume.clear();
    this.settle();
  }

  /** In order. */
  stop(): void {
    if (!this.running) return;
    for (const instance of [...this.state.keys()]) this.dispatch({ type: 'remove', instance });
    this.end();
  }

  crash(what: 'child' | 'daemon' | 'host'): void {
    if (this.running && what === 'child') {
      const now = this.clock.at(this.now);
      for (const [instance, { state, settings }] of this.state) if (state.state === 'MASTER') this.resume.set(instance, plus(now, downInterval(settings)));
    }
    if (what !== 'child') this.resume.clear();
    if (what === 'host') this.holds.clear();
    this.end();
  }

  private end(): void {
    this.running = false;
    this.standsStill = undefined;
    this.queue = [];
    this.orders = [];
    this.state = new Map();
    this.settle();
  }

  /** It does not run any more, and is heard of no more. @param keeps packets that its sockets hold meanwhile */
  still(keeps: number): void {
    // a host whose process is dead is not asked: its clock would be turned back under the next one
    if (!this.running) return;
    this.standsStill ??= { since: this.now, keeps };
    this.due = Infinity;
  }

  /** As engine.ts does: what is queued is heard first, then a stall is told, then late timers fire. */
  goOn(clock: 'stopped' | 'ran'): void {
    if (this.standsStill === undefined) return;
    if (clock === 'stopped') this.clock.stoodStill(this.now, this.now - this.standsStill.since);
    this.standsStill = undefined;
    const now = this.clock.at(this.now);
    const due = this.nextDeadline();
    const late = due === Infinity ? microseconds(0) : minus(now, microseconds(due));
    const stalled = late > 0 ? stalledMasters(this.state, (instance) => this.advertisedAt.get(instance), now) : [];
    const [queue, orders] = [this.queue, this.orders];
    [this.queue, this.orders] = [[], []];
    for (const heard of queue) this.hear(heard);
    for (const { instance } of stalled) {
      if (this.state.get(instance)?.state.state === 'MASTER') this.dispatch({ type: 'instance', instance, event: { type: 'stalled', length: late } });
    }
    this.expire(now);
    for (const order of orders) order();
    this.settle();
  }

  // --- what comes in --------------------------------------------------------------------------------------------

  deliver(heard: Heard): void {
    if (!this.running || this.withoutLink.has(heard.instance)) return;
    if (this.standsStill === undefined) {
      this.hear(heard);
      this.settle();
    } else if (this.queue.length < this.standsStill.keeps) this.queue.push(heard);
  }

  timer(): void {
    const now = this.clock.at(this.now);
    // simulated time is no whole number of its microseconds
    const due = this.nextDeadline();
    this.expire(now < due ? microseconds(due) : now);
    this.settle();
  }

  drift(drift: number): void {
    this.clock.drift(this.now, drift);
    this.settle();
  }

  fault(instance: string, by: 1 | -1): void {
    const had = this.faults.get(instance) ?? 0;
    this.faults.set(instance, had + by);
    if (had > 0 !== had + by > 0) this.tell(() => this.dispatch(had === 0 ? { type: 'fault', instance, fault: 'tracker', reason: 'it failed' } : { type: 'fault_cleared', instance, fault: 'tracker', reason: 'it is well again' }));
  }

  /** The configuration or a weight is another one. */
  reconfigure(instances: Iterable<string>, reloaded: boolean): void {
    const changed = [...instances];
    this.tell(() => {
      for (const instance of changed) {
        const settings = this.settings(instance);
        if (settings && this.state.has(instance)) this.dispatch({ type: 'configure', instance, settings, group: this.configuration.get(instance)?.group });
      }
      if (reloaded) this.dispatch({ type: 'start', resume: new Set() });
    });
  }

  without(instance: string): void {
    this.absent.add(instance);
    this.tell(() => {
      this.dispatch({ type: 'remove', instance });
      this.dispatch({ type: 'start', resume: new Set() });
    });
  }

  withAgain(instance: string): void {
    this.absent.delete(instance);
    this.tell(() => {
      if (!this.state.has(instance)) this.add(instance);
      this.dispatch({ type: 'start', resume: new Set() });
    });
  }

  order(event: Extract<RouterEvent, { type: 'yield' | 'reclaim' }>): void {
    this.tell(() => {
      // refused elsewhere: operator.ts
      if (event.type === 'reclaim' || this.state.get(event.instance)?.state.state === 'MASTER') this.dispatch(event);
    });
  }

  private tell(order: () => void): void {
    if (!this.running) return;
    if (this.standsStill !== undefined) {
      this.orders.push(order);
      return;
    }
    order();
    this.settle();
  }

  private hear({ instance, advertisement }: Heard): void {
    const own = this.state.get(instance)?.settings;
    // receive.ts rejects it
    if (own?.version === 2 && own.advertisementInterval !== advertisement.interval) return;
    this.dispatch({ type: 'instance', instance, event: { type: 'advertisement', advertisement } });
  }

  private expire(now: Microseconds): void {
    for (const [instance, { state }] of this.state) {
      const due = deadline(state);
      if (due !== undefined && now >= due) this.dispatch({ type: 'instance', instance, event: { type: 'timer' } }, now);
    }
  }

  private add(instance: string): void {
    const settings = this.settings(instance);
    if (!settings || this.absent.has(instance)) return;
    this.dispatch({ type: 'add', instance, settings, group: this.configuration.get(instance)?.group });
    if ((this.faults.get(instance) ?? 0) > 0) this.dispatch({ type: 'fault', instance, fault: 'tracker', reason: 'it failed' });
  }

  // --- what follows ---------------------------------------------------------------------------------------------

  private dispatch(event: RouterEvent, now = this.clock.at(this.now)): void {
    this.surroundings.told(this, event);
    const before = this.state;
    const { state, effects } = stepRouter(before, event, now);
    this.state = state;
    for (const { instance, effect } of effects) {
      switch (effect.type) {
        case 'transition':
          this.surroundings.transition(this, instance, effect.from, effect.to, effect.reason);
          break;
        case 'advertise': {
          this.advertisedAt.set(instance, now);
          const settings = (state.get(instance) ?? before.get(instance))?.settings;
          if (settings && !this.withoutLink.has(instance)) this.surroundings.send(this, { instance, advertisement: { source: settings.source, priority: effect.priority, interval: settings.advertisementInterval } });
          break;
        }
        case 'hold':
          this.holds.add(instance);
          break;
        case 'release':
          this.holds.delete(instance);
          break;
        case 'announce':
          break;
      }
    }
  }

  private nextDeadline(): number {
    let first = Infinity;
    for (const { state } of this.state.values()) {
      const due = deadline(state);
      if (due !== undefined && due < first) first = due;
    }
    return first;
  }

  private settle(): void {
    this.surroundings.changed(this);
    const due = this.running && this.standsStill === undefined ? this.nextDeadline() : Infinity;
    this.due = due === Infinity ? due : Math.max(this.now, this.clock.when(due) + this.lateness());
  }
}
