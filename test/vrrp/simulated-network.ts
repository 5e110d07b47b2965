/** Some routers (the real, pure router.ts) on a simulated network, in simulated time: a history is a function of its plan and seed. */
import { earliest, type Microseconds, Microseconds as microseconds, Milliseconds, minus, plus } from '../../src/time/microseconds.js';
import { deadline, type HeardAdvertisement, type Settings } from '../../src/vrrp/machine.js';
import { type RouterEvent, type RouterState, stepRouter } from '../../src/vrrp/router.js';
import { masterDownInterval } from '../../src/vrrp/timers.js';

export interface RouterPlan {
  readonly source: string;
  /** when it is first started */
  readonly startAt: Microseconds;
  /** by the name of the instance; each is a virtual router on a segment of its own */
  readonly instances: Readonly<Record<string, Omit<Settings, 'source' | 'grouped'>>>;
}

export type Disturbance = { readonly at: Microseconds; readonly duration: Microseconds } & (
  /** kill -9, and a new process afterwards */
  | { readonly type: 'crash'; readonly router: number }
  /** an orderly stop, and a new process afterwards */
  | { readonly type: 'stop'; readonly router: number }
  /** SIGSTOP and SIGCONT */
  | { readonly type: 'pause'; readonly router: number }
  | { readonly type: 'fault'; readonly router: number; readonly instance: string }
  /** what one sends on one segment does not arrive at another */
  | { readonly type: 'cut'; readonly from: number; readonly to: number; readonly instance: string }
  /** every other packet or so is lost, everywhere */
  | { readonly type: 'loss' }
);

export interface Plan {
  readonly routers: readonly RouterPlan[];
  /** all instances in one sync group */
  readonly grouped: boolean;
  readonly disturbances: readonly Disturbance[];
  readonly seed: number;
}

export const longestDelay = Milliseconds(2);

/** mulberry32 */
const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

interface Heard {
  readonly instance: string;
  readonly advertisement: HeardAdvertisement;
}

interface Router {
  readonly plan: RouterPlan;
  state: RouterState;
  running: boolean;
  pausedAt: Microseconds | undefined;
  /** what arrived while it was paused */
  queue: Heard[];
  /** instances that a new process resumes, and until when */
  resume: Map<string, Microseconds>;
  readonly faults: Set<string>;
}

export interface Overlap {
  readonly instance: string;
  readonly began: Microseconds;
  readonly duration: Microseconds;
}

export class SimulatedNetwork {
  now = microseconds(0);
  /** spans with more than one master of an instance, those that are over */
  readonly overlaps: Overlap[] = [];
  private readonly routers: readonly Router[];
  private readonly random: () => number;
  private queue: { readonly at: Microseconds; readonly run: () => void }[] = [];
  private readonly cuts = new Map<string, number>();
  private lossy = 0;
  private readonly overlapping = new Map<string, Microseconds>();

  constructor(private readonly plan: Plan) {
    this.random = generator(plan.seed);
    this.routers = plan.routers.map((router) => ({ plan: router, state: new Map(), running: false, pausedAt: undefined, queue: [], resume: new Map(), faults: new Set() }));
    for (const router of this.routers) this.at(router.plan.startAt, () => this.start(router));
    for (const disturbance of plan.disturbances) this.schedule(disturbance);
  }

  /** The routers that are master of an instance, by their number. */
  masters(instance: string): readonly number[] {
    return this.routers.flatMap(({ state }, index) => (state.get(instance)?.state.state === 'MASTER' ? [index] : []));
  }

  get instances(): readonly string[] {
    return Object.keys(this.plan.routers[0]?.instances ?? {});
  }

  runUntil(end: Microseconds): void {
    for (;;) {
      const timers = this.routers.map((router) => ({ router, due: this.due(router) }));
      const first = earliest([...timers.map(({ due }) => due), ...this.queue.map(({ at }) => at)]);
      if (first === undefined || first > end) break;
      if (first > this.now) this.now = first;
      const index = this.queue.findIndex(({ at }) => at === first);
      const [next] = index < 0 ? [] : this.queue.splice(index, 1);
      const timer = timers.find(({ due }) => due === first);
      if (next) next.run();
      else if (timer) this.expire(timer.router);
      this.observe();
    }
    this.now = end;
  }

  private at(time: Microseconds, run: () => void): void {
    this.queue.push({ at: time, run });
  }

  private due({ running, pausedAt, state }: Router): Microseconds | undefined {
    return running && pausedAt === undefined ? earliest([...state.values()].map((member) => deadline(member.state))) : undefined;
  }

  private expire(router: Router): void {
    for (const [instance, { state }] of router.state) {
      const due = deadline(state);
      if (due !== undefined && this.now >= due) this.dispatch(router, { type: 'instance', instance, event: { type: 'timer' } });
    }
  }

  private dispatch(router: Router, event: RouterEvent): void {
    const { state, effects } = stepRouter(router.state, event, this.now);
    const before = router.state;
    router.state = state;
    for (const { instance, effect } of effects) {
      if (effect.type !== 'advertise') continue;
      const interval = (state.get(instance) ?? before.get(instance))?.settings.advertisementInterval ?? Milliseconds(100);
      this.send(router, { instance, advertisement: { source: router.plan.source, priority: effect.priority, interval } });
    }
    if (!this.plan.grouped) return;
    const masters = [...state.values()].filter((member) => member.state.state === 'MASTER').length;
    if (masters > 0 && masters < state.size && event.type !== 'remove') throw new Error(`half of a sync group is master after ${JSON.stringify(event)}`);
  }

  private send(from: Router, heard: Heard): void {
    for (const to of this.routers) {
      if (to === from || (this.cuts.get(this.cutKey(from, to, heard.instance)) ?? 0) > 0) continue;
      if (this.lossy > 0 && this.random() < 0.5) continue;
      this.at(plus(this.now, microseconds(this.random() * longestDelay)), () => this.deliver(to, heard));
    }
  }

  private deliver(to: Router, heard: Heard): void {
    if (!to.running || to.faults.has(heard.instance)) return;
    if (to.pausedAt !== undefined) to.queue.push(heard);
    else this.dispatch(to, { type: 'instance', instance: heard.instance, event: { type: 'advertisement', advertisement: heard.advertisement } });
  }

  private start(router: Router): void {
    if (router.running) return;
    router.running = true;
    router.state = new Map();
    const { source, instances } = router.plan;
    const { grouped } = this.plan;
    for (const [instance, settings] of Object.entries(instances)) {
      this.dispatch(router, { type: 'add', instance, settings: { ...settings, source, grouped }, group: grouped ? 'all' : undefined });
      if (router.faults.has(instance)) this.dispatch(router, { type: 'fault', instance, fault: 'interface', reason: 'down' });
    }
    this.dispatch(router, { type: 'start', resume: new Set([...router.resume].filter(([, until]) => this.now < until).map(([instance]) => instance)) });
    router.resume.clear();
  }

  private end(router: Router): void {
    router.running = false;
    router.pausedAt = undefined;
    router.queue = [];
    router.state = new Map();
  }

  /** As engine.ts does: what is queued is heard first, then a stall is told, then late timers fire. */
  private wake(router: Router): void {
    const { pausedAt } = router;
    if (pausedAt === undefined) return;
    router.pausedAt = undefined;
    const queued = router.queue;
    router.queue = [];
    const due = this.due(router);
    for (const { instance, advertisement } of queued) this.dispatch(router, { type: 'instance', instance, event: { type: 'advertisement', advertisement } });
    const late = due === undefined ? microseconds(0) : minus(this.now, due);
    for (const [instance, { state, settings }] of router.state) {
      const longest = masterDownInterval(settings.version, settings.priority, settings.advertisementInterval);
      if (state.state === 'MASTER' && late > longest) this.dispatch(router, { type: 'instance', instance, event: { type: 'stalled', length: late } });
    }
    this.expire(router);
  }

  private cutKey(from: Router, to: Router, instance: string): string {
    return `${from.plan.source} ${to.plan.source} ${instance}`;
  }

  private schedule(disturbance: Disturbance): void {
    const { at } = disturbance;
    const over = plus(at, disturbance.duration);
    const router = 'router' in disturbance ? this.routers[disturbance.router % this.routers.length] : undefined;
    switch (disturbance.type) {
      case 'crash':
        if (!router) return;
        this.at(at, () => {
          for (const [instance, { state, settings }] of router.state) {
            if (state.state === 'MASTER') router.resume.set(instance, plus(this.now, masterDownInterval(settings.version, settings.priority, settings.advertisementInterval)));
          }
          this.end(router);
        });
        this.at(over, () => this.start(router));
        return;
      case 'stop':
        if (!router) return;
        this.at(at, () => {
          if (!router.running || router.pausedAt !== undefined) return;
          for (const instance of router.state.keys()) this.dispatch(router, { type: 'remove', instance });
          this.end(router);
        });
        this.at(over, () => this.start(router));
        return;
      case 'pause':
        if (!router) return;
        this.at(at, () => {
          if (router.running) router.pausedAt ??= this.now;
        });
        this.at(over, () => this.wake(router));
        return;
      case 'fault': {
        if (!router) return;
        const { instance } = disturbance;
        this.at(at, () => {
          router.faults.add(instance);
          if (router.running && router.pausedAt === undefined) this.dispatch(router, { type: 'fault', instance, fault: 'interface', reason: 'down' });
        });
        this.at(over, () => {
          // it is told of it when it can hear it
          if (router.pausedAt !== undefined) this.wake(router);
          router.faults.delete(instance);
          if (router.running) this.dispatch(router, { type: 'fault_cleared', instance, fault: 'interface', reason: 'up' });
        });
        return;
      }
      case 'cut': {
        const [from, to] = [disturbance.from, disturbance.to].map((index) => this.routers[index % this.routers.length]);
        if (!from || !to) return;
        const key = this.cutKey(from, to, disturbance.instance);
        this.at(at, () => this.cuts.set(key, (this.cuts.get(key) ?? 0) + 1));
        this.at(over, () => this.cuts.set(key, (this.cuts.get(key) ?? 0) - 1));
        return;
      }
      case 'loss':
        this.at(at, () => this.lossy++);
        this.at(over, () => this.lossy--);
        return;
    }
  }

  private observe(): void {
    for (const instance of this.instances) {
      const began = this.overlapping.get(instance);
      const several = this.masters(instance).length > 1;
      if (several && began === undefined) this.overlapping.set(instance, this.now);
      if (several || began === undefined) continue;
      this.overlapping.delete(instance);
      this.overlaps.push({ instance, began, duration: minus(this.now, began) });
    }
  }
}
