/** Simulated hosts on a simulated network, in simulated time: a history is a function of its plan. */
import { Heap } from '../../../src/health/heap.js';
import type { RouterEvent } from '../../../src/vrrp/router.js';
import { longestDelay, longestLateness } from './bounds.js';
import { type Heard, Host } from './host.js';
import type { Disturbance, Plan } from './plan.js';
import { generator } from './random.js';
import { Watch } from './watch.js';

const inStepDelay = 100;

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class SimulatedNetwork {
  now = 0;
  readonly hosts: readonly Host[];
  readonly watch: Watch;
  /** what happened, in lines, if it is wanted */
  readonly story: string[] | undefined;
  private readonly random: () => number;
  private readonly queue = new Heap<Scheduled>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  private scheduled = 0;
  /** `from to instance` -> how many cuts */
  private readonly cuts = new Map<string, number>();
  private losses: readonly number[] = [];
  private delays: readonly number[] = [];
  private duplications: readonly number[] = [];

  constructor(
    private readonly plan: Plan,
    tells = false,
  ) {
    this.story = tells ? [] : undefined;
    this.random = generator(plan.seed);
    const lateness = plan.inStep ? () => 0 : () => this.random() * longestLateness;
    this.watch = new Watch(plan, () => this.now);
    this.hosts = plan.routers.map(
      (router, index) =>
        new Host(index, router, lateness, {
          send: (from, heard) => this.send(from, heard),
          transition: (host, instance, from, to, reason) => {
            this.story?.push(`${this.time} router ${host.index + 1} ${instance}: ${from} -> ${to}, ${reason}`);
            this.watch.transition(host, instance, to);
          },
          changed: (host) => this.watch.look(host),
          told: (host, event) => this.tell(host, event),
        }),
    );
    this.hosts.forEach((host, index) => {
      const startAt = plan.routers[index]?.startAt ?? 0;
      this.at(startAt, () => {
        this.watch.disturbed();
        host.now = this.now;
        host.start();
      });
    });
    for (const disturbance of plan.disturbances) this.schedule(disturbance);
  }

  get instances(): readonly string[] {
    return Object.keys(this.plan.routers[0]?.instances ?? {});
  }

  /** The hosts that are master of an instance. */
  masters(instance: string): readonly Host[] {
    return this.hosts.filter(({ state }) => state.get(instance)?.state.state === 'MASTER');
  }

  /** Until nothing is on its way. */
  runUntilQuiet(): void {
    for (let next = this.queue.peek(); next !== undefined; next = this.queue.peek()) this.runUntil(next.at);
  }

  /** @throws Violation */
  runUntil(end: number): void {
    for (;;) {
      const next = this.queue.peek();
      let first = next?.at ?? Infinity;
      let timer: Host | undefined;
      for (const host of this.hosts) {
        // timers first: what is sent at the same time arrives after them
        if (host.due <= first) [first, timer] = [host.due, host];
      }
      if (first > end || first === Infinity) break;
      if (first > this.now) this.now = first;
      if (timer !== undefined && timer.due === first) {
        timer.now = this.now;
        timer.timer();
      } else this.queue.pop()?.run();
    }
    this.now = end;
    this.watch.ended();
  }

  private at(time: number, run: () => void): void {
    if (time < Infinity) this.queue.push({ at: time, order: this.scheduled++, run });
  }

  // --- the network ------------------------------------------------------------------------------------------------

  private send(from: Host, heard: Heard): void {
    for (const to of this.hosts) {
      if (to === from || (this.cuts.size > 0 && this.cuts.has(`${from.index} ${to.index} ${heard.instance}`))) continue;
      if (this.losses.length > 0 && this.losses.some((share) => this.random() < share)) continue;
      this.carry(to, heard);
      if (this.duplications.length > 0 && this.duplications.some((share) => this.random() < share)) this.carry(to, heard);
    }
  }

  private carry(to: Host, heard: Heard): void {
    const delay = this.plan.inStep ? inStepDelay : this.random() * (this.delays.length > 0 ? Math.max(longestDelay, ...this.delays) : longestDelay);
    this.at(this.now + delay, () => {
      to.now = this.now;
      to.deliver(heard);
    });
  }

  private cut(from: Host, to: Host, instance: string | undefined, by: 1 | -1): void {
    for (const each of instance === undefined ? this.instances : [instance]) {
      const key = `${from.index} ${to.index} ${each}`;
      const count = (this.cuts.get(key) ?? 0) + by;
      if (count > 0) this.cuts.set(key, count);
      else this.cuts.delete(key);
    }
  }

  // --- what befalls them --------------------------------------------------------------------------------------------

  /** @param disturbance of now or later */
  schedule(disturbance: Disturbance): void {
    const host = 'router' in disturbance ? this.hosts[disturbance.router % this.hosts.length] : undefined;
    const [begins, ends] = this.actions(disturbance, host);
    const tell = (word: string): void => {
      if (this.story === undefined) return;
      const { at: _at, duration: _duration, ...rest } = disturbance;
      this.story.push(`${this.time} ${word}: ${JSON.stringify(rest)}`);
    };
    const hinders = ['cut', 'partition', 'loss', 'delay', 'pause', 'suspend'].includes(disturbance.type) || (disturbance.type === 'fault' && disturbance.link);
    const noisy = disturbance.type === 'loss' || disturbance.type === 'delay';
    const act = (word: string, by: 1 | -1, run: () => void): void => {
      tell(word);
      this.watch.disturbed(hinders ? by : 0, noisy ? by : 0);
      for (const each of this.hosts) each.now = this.now;
      run();
    };
    this.at(disturbance.at, () => act('begins', 1, begins));
    this.at(disturbance.at + disturbance.duration, () => act('ends', -1, ends));
  }

  /** What its beginning does, and its end. */
  private actions(disturbance: Disturbance, host: Host | undefined): readonly [() => void, () => void] {
    const nothing = (): void => {};
    switch (disturbance.type) {
      case 'crash':
        return [() => host?.crash(disturbance.what), () => host?.start()];
      case 'stop':
        return [
          () => {
            if (!host?.isStill) host?.stop();
          },
          () => host?.start(),
        ];
      case 'pause':
        return [() => host?.still(disturbance.keeps), () => host?.goOn('ran')];
      case 'suspend':
        return [() => host?.still(0), () => host?.goOn(disturbance.clock === 'stops' ? 'stopped' : 'ran')];
      case 'drift':
        return [() => host?.drift(disturbance.drift), nothing];
      case 'fault': {
        const { instance, link } = disturbance;
        const change = (by: 1 | -1): void => {
          if (!host) return;
          if (link) {
            const count = (host.withoutLink.get(instance) ?? 0) + by;
            if (count > 0) host.withoutLink.set(instance, count);
            else host.withoutLink.delete(instance);
          }
          host.fault(instance, by);
        };
        return [() => change(1), () => change(-1)];
      }
      case 'weight': {
        const instances = disturbance.instance === undefined ? this.instances : [disturbance.instance];
        const change = (weight: number | undefined): void => {
          for (const instance of instances) {
            if (weight === undefined) host?.weights.delete(instance);
            else host?.weights.set(instance, weight);
          }
          host?.reconfigure(instances, false);
        };
        return [() => change(disturbance.weight), () => change(undefined)];
      }
      case 'reload':
        return [
          () => {
            if (!host) return;
            for (const [instance, plan] of host.configuration) host.configuration.set(instance, { ...plan, settings: { ...plan.settings, ...disturbance.change } });
            host.reconfigure(host.configuration.keys(), true);
          },
          nothing,
        ];
      case 'without':
        return [() => host?.without(disturbance.instance), () => host?.withAgain(disturbance.instance)];
      case 'regroup':
        return [() => this.regroup(disturbance.grouped, disturbance.apart), nothing];
      case 'handover':
        return [() => host?.order({ type: 'yield', instance: disturbance.instance }), () => host?.order({ type: 'reclaim', instance: disturbance.instance })];
      case 'cut': {
        const [from, to] = [disturbance.from, disturbance.to].map((index) => this.hosts[index % this.hosts.length]);
        if (!from || !to || from === to) return [nothing, nothing];
        return [() => this.cut(from, to, disturbance.instance, 1), () => this.cut(from, to, disturbance.instance, -1)];
      }
      case 'partition': {
        const part = (by: 1 | -1) => (): void => {
          const side = ({ index }: Host): number => (disturbance.sides >> index) & 1;
          for (const from of this.hosts) for (const to of this.hosts) if (side(from) !== side(to)) this.cut(from, to, disturbance.instance, by);
        };
        return [part(1), part(-1)];
      }
      case 'loss':
        return [() => (this.losses = [...this.losses, disturbance.share]), () => (this.losses = without(this.losses, disturbance.share))];
      case 'delay':
        return [() => (this.delays = [...this.delays, disturbance.longest]), () => (this.delays = without(this.delays, disturbance.longest))];
      case 'duplication':
        return [() => (this.duplications = [...this.duplications, disturbance.share]), () => (this.duplications = without(this.duplications, disturbance.share))];
    }
  }

  private regroup(grouped: boolean, apart: number): void {
    this.hosts.forEach((host, index) =>
      this.at(this.now + index * apart, () => {
        this.watch.disturbed();
        for (const [instance, plan] of host.configuration) {
          const group = grouped ? 'all' : undefined;
          host.configuration.set(instance, { ...plan, group });
        }
        host.now = this.now;
        host.reconfigure(host.configuration.keys(), true);
      }),
    );
  }

  // --- the story ----------------------------------------------------------------------------------------------------

  private get time(): string {
    return `${(this.now / 1000).toFixed(3).padStart(9)} ms`;
  }

  private tell(host: Host, event: RouterEvent): void {
    if (this.story === undefined || event.type === 'instance') {
      if (this.story === undefined || event.type !== 'instance' || event.event.type !== 'advertisement') return;
      const { source, priority } = event.event.advertisement;
      this.story.push(`${this.time}   router ${host.index + 1} ${event.instance} hears ${source} at ${priority}`);
      return;
    }
    this.story.push(`${this.time} router ${host.index + 1}: ${event.type}${'instance' in event ? ` ${event.instance}` : ''}`);
  }
}

/** One of its kind less. */
const without = (from: readonly number[], one: number): readonly number[] => {
  const index = from.indexOf(one);
  return from.filter((_, at) => at !== index);
};
