/** What must hold at every moment of a simulated history. */
import { toMilliseconds, type Microseconds } from '../../../src/time/microseconds.js';
import type { InstanceState } from '../../../src/vrrp/machine.js';
import type { Host } from './host.js';
import type { Plan } from './plan.js';
import { longestDelay, longestDown, longestInterval, longestLateness, settling } from './bounds.js';

/** A history broke a promise. */
export class Violation extends Error {
  readonly code = 'VIOLATION';
  constructor(promise: string) {
    super(promise);
    this.name = 'Violation';
  }
}

const milliseconds = (duration: number): string => `${toMilliseconds(duration as Microseconds).toFixed(1)} ms`;

/** Several at once, since when. */
class Several {
  private readonly who = new Set<number>();
  private since = Infinity;

  constructor(
    private readonly what: string,
    /** when they all hear each other */
    private readonly bound: number,
  ) {}

  /** @param clear since when nothing hinders them */
  set(index: number, is: boolean, now: number, clear: number): void {
    if (this.who.has(index) === is) return;
    this.check(now, clear);
    if (is) this.who.add(index);
    else this.who.delete(index);
    if (this.who.size < 2) this.since = Infinity;
    else if (this.since === Infinity) this.since = now;
  }

  check(now: number, clear: number): void {
    const lasted = now - Math.max(this.since, clear);
    if (lasted > this.bound) throw new Violation(`for ${milliseconds(lasted)} there were ${this.who.size} ${this.what}, though they heard each other; ${milliseconds(this.bound)} are allowed`);
  }
}

export class Watch {
  private readonly masters = new Map<string, Several>();
  private readonly holders = new Map<string, Several>();
  private readonly settling: number;
  private lastCause = 0;
  private noise = 0;
  private hindrances = 0;
  private clear = 0;

  constructor(
    plan: Plan,
    private readonly now: () => number,
  ) {
    this.settling = settling(plan);
    const hears = longestInterval(plan) * 1.001 + 2 * (longestDelay + longestLateness);
    for (const instance of Object.keys(plan.routers[0]?.instances ?? {})) {
      this.masters.set(instance, new Several(`masters of ${instance}`, hears));
      // what an earlier process left is held until a better master is heard, or kept by the one that takes over; each event may make that wait anew
      this.holders.set(instance, new Several(`holders of the addresses of ${instance}`, hears + longestDown(plan) * 1.001));
    }
  }

  /** Something begins or ends. @param hinders +1 or -1: it keeps routers from hearing each other @param noise +1 or -1: at random */
  disturbed(hinders = 0, noise = 0): void {
    const now = this.now();
    this.checkSeveral();
    this.lastCause = now;
    this.noise += noise;
    this.hindrances += hinders;
    // what is on its way from before still arrives
    if (hinders !== 0) this.clear = this.hindrances === 0 ? now : Infinity;
  }

  transition(host: Host, instance: string, to: InstanceState['state']): void {
    const since = this.now() - this.lastCause;
    if (this.noise === 0 && since > this.settling) throw new Violation(`router ${host.index + 1}: ${instance} goes to ${to} ${milliseconds(since)} after the last thing that happened; all is to be settled within ${milliseconds(this.settling)}`);
  }

  /** A host may be something else than before. */
  look(host: Host): void {
    const now = this.now();
    for (const [instance, masters] of this.masters) {
      const member = host.running ? host.state.get(instance) : undefined;
      const state = member?.state;
      const isMaster = state?.state === 'MASTER';
      const holds = host.running && host.holds.has(instance);
      masters.set(host.index, isMaster, now, this.clear);
      this.holders.get(instance)?.set(host.index, holds, now, Math.max(this.clear, this.lastCause));
      if (isMaster && !holds) throw new Violation(`router ${host.index + 1} is master of ${instance} without its addresses`);
      if (holds && !isMaster && !(state?.state === 'BACKUP' && state.leftover)) throw new Violation(`router ${host.index + 1} holds the addresses of ${instance} as ${state?.state ?? 'a stranger'}`);
    }
    const groups = new Map<string, string>();
    for (const [instance, { state, group }] of host.state) {
      if (group === undefined) continue;
      const other = groups.get(group);
      if (other !== undefined && other !== state.state) throw new Violation(`router ${host.index + 1}: of the sync group ${group} one member is ${other}, ${instance} ${state.state}`);
      groups.set(group, state.state);
    }
  }

  ended(): void {
    this.checkSeveral();
  }

  private checkSeveral(): void {
    const now = this.now();
    for (const masters of this.masters.values()) masters.check(now, this.clear);
    for (const holders of this.holders.values()) holders.check(now, Math.max(this.clear, this.lastCause));
  }
}
