/** The operator's orders to the election: refused with a sentence or passed to the machine, and watched until they are done. */
import { counted, event, type Report } from '../control/event.js';
import type { InstanceStatus } from '../control/status.js';
import type { Handover, OperatorReply, OperatorRequest } from '../supervisor/operator.js';
import { monotonicNow } from '../time/clock.js';
import { minus, type Microseconds, toMilliseconds, toSeconds } from '../time/microseconds.js';
import type { ExplainFacts, HeardRouter } from './explain.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import { isYielding } from './machine.js';
import type { Member, RouterEvent, RouterState } from './router.js';
import { masterDownInterval } from './timers.js';

export interface OperatorOptions {
  readonly router: () => RouterState;
  readonly instance: (name: string) => Instance | undefined;
  readonly status: (name: string) => InstanceStatus | undefined;
  readonly dispatch: (event: RouterEvent) => void;
  readonly report: Report;
}

interface Waiting {
  readonly instance: string;
  /** of all that were handed over with it; undefined while nobody took it */
  readonly handovers: Map<string, Handover | undefined>;
  readonly began: Microseconds;
  readonly timer: NodeJS.Timeout;
  readonly answer: (reply: OperatorReply) => void;
}

const seconds = (duration: Microseconds): string => `${toSeconds(duration).toFixed(2)} s`;
const downInterval = ({ settings }: Member): Microseconds => masterDownInterval(settings.version, settings.priority, settings.advertisementInterval);

export class Operator {
  private readonly lastHeard = new Map<string, HeardRouter>();
  private waiting: readonly Waiting[] = [];

  constructor(private readonly options: OperatorOptions) {}

  /** Never rejects. */
  async operate(request: OperatorRequest): Promise<OperatorReply> {
    const router = this.options.router();
    if (request.kind === 'reset_counters' && request.instance === undefined) return this.resetCounters([...router.keys()]);
    const { instance = '' } = request;
    const member = router.get(instance);
    if (!member) return { ok: false, error: `there is no instance '${instance}'; there are: ${[...router.keys()].join(', ') || 'none'}` };
    switch (request.kind) {
      case 'failover':
        return this.failover(instance, member, request.force);
      case 'reclaim':
        return this.reclaim(instance, member);
      case 'explain':
        return this.explain(instance, member);
      case 'reset_counters':
        return this.resetCounters([instance]);
    }
  }

  private resetCounters(names: readonly string[]): OperatorReply {
    const instances = names.flatMap((name) => {
      const instance = this.options.instance(name);
      return instance ? [{ name, counters: instance.resetCounters() }] : [];
    });
    this.options.report(event('info', `the operator set the counters of ${names.join(', ') || 'no instance'} back to 0`));
    return { ok: true, kind: 'reset_counters', instances };
  }

  /** An advertisement was accepted. */
  heard(instance: string, source: string, priority: number): void {
    const now = monotonicNow();
    this.lastHeard.set(instance, { source, priority, at: now });
    if (priority === 0) return;
    for (const waiting of this.waiting) {
      if (!waiting.handovers.has(instance) || waiting.handovers.get(instance) !== undefined) continue;
      waiting.handovers.set(instance, { instance, master: source, priority, duration: minus(now, waiting.began) });
      this.settle(waiting);
    }
  }

  /** After a transition: a handover may have failed. */
  look(): void {
    for (const waiting of this.waiting) this.settle(waiting);
  }

  private failover(name: string, member: Member, force: boolean): Promise<OperatorReply> | OperatorReply {
    const refused = this.refusal(name, member, force);
    if (refused !== undefined) return { ok: false, error: refused };
    const group = this.companions(name, member);
    const longest = Math.max(...group.map(([, each]) => downInterval(each)));
    return new Promise((answer) => {
      // the machine itself takes over again when nobody else does; this is for a sync group of which only a part was taken
      const timer = setTimeout(() => this.settle(waiting, true), 2 * toMilliseconds(longest as Microseconds) + 1_000);
      const waiting: Waiting = { instance: name, handovers: new Map(group.map(([other]) => [other, undefined])), began: monotonicNow(), timer, answer };
      this.options.dispatch({ type: 'yield', instance: name });
      this.waiting = [...this.waiting, waiting];
    });
  }

  private refusal(name: string, member: Member, force: boolean): string | undefined {
    const { state } = member;
    if (state.state !== 'MASTER') {
      const heard = state.state === 'BACKUP' && state.master && state.master.priority > 0 ? ` of ${state.master.source}` : '';
      return `this director is not master of ${name}, it is ${state.state}${heard}: a failover is ordered on the master`;
    }
    if (force || this.lastHeard.has(name)) return undefined;
    const { configuration } = this.options.instance(name) ?? {};
    return (
      `no other router was heard for ${name} (virtual router ${configuration?.virtualRouterId ?? '?'} on ${configuration?.interface ?? '?'}) since this process started. ` +
      `A VRRP backup is silent, so one may be there all the same: look at it, then order the failover with --force; if nobody takes over, ` +
      `the addresses are gone for ${seconds(downInterval(member))} until this director takes them again`
    );
  }

  private reclaim(name: string, member: Member): OperatorReply {
    if (!isYielding(member.state)) return { ok: false, error: `${name} was not handed over by 'tandem failover', or has taken over again since: there is nothing to cancel` };
    this.options.dispatch({ type: 'reclaim', instance: name });
    const { state } = this.options.router().get(name) ?? member;
    const { settings } = member;
    const heard = state.state === 'BACKUP' ? state.master : undefined;
    const message =
      heard !== undefined && heard.priority > 0 && settings.preempt && heard.priority < settings.priority
        ? `${name} preempts ${heard.source} (priority ${heard.priority}, ours is ${settings.priority}) within ${seconds(downInterval(member))}${settings.preemptDelay > 0 ? ` after the preempt delay of ${seconds(settings.preemptDelay)}` : ''}`
        : `${name} takes part in the election again as its priority says`;
    this.say(name, `the operator's handover holds no more: ${message}`);
    return { ok: true, kind: 'reclaim', message };
  }

  private explain(name: string, { state, settings, group }: Member): OperatorReply {
    const status = this.options.status(name);
    if (!status) return { ok: false, error: `there is no instance '${name}'` };
    const members = this.companions(name, { group }).map(([other, each]) => ({ name: other, state: each.state, faults: [...each.faults.values()] }));
    const facts: ExplainFacts = { status, state, settings, members, heard: this.lastHeard.get(name), now: monotonicNow() };
    return { ok: true, kind: 'explain', facts };
  }

  /** Those that stand and fall with it, itself included. */
  private companions(name: string, { group }: Pick<Member, 'group'>): readonly (readonly [string, Member])[] {
    return [...this.options.router()].filter(([other, { group: its }]) => other === name || (its !== undefined && its === group));
  }

  /** Answers when the outcome is known. */
  private settle(waiting: Waiting, late = false): void {
    const handovers = [...waiting.handovers.values()].filter((handover) => handover !== undefined);
    const failed = this.failure(waiting, late);
    if (failed === undefined && handovers.length < waiting.handovers.size) return;
    clearTimeout(waiting.timer);
    this.waiting = this.waiting.filter((other) => other !== waiting);
    if (failed !== undefined) {
      this.say(waiting.instance, `the handover failed: ${failed}`, 'warn');
      waiting.answer({ ok: false, error: `the failover of ${waiting.instance} failed: ${failed}` });
      return;
    }
    for (const { instance, master, duration } of handovers) this.say(instance, `handed over: ${master} is MASTER after ${Math.round(toMilliseconds(duration))} ms`);
    waiting.answer({ ok: true, kind: 'failover', handovers });
  }

  private failure({ handovers, began }: Waiting, late: boolean): string | undefined {
    const router = this.options.router();
    const after = seconds(minus(monotonicNow(), began));
    for (const instance of handovers.keys()) {
      const state = router.get(instance)?.state;
      if (state === undefined || state.state === 'INIT') return `${instance} was stopped after ${after}`;
      if (state.state === 'FAULT') return `${instance} went into FAULT after ${after}: ${state.reason}`;
      if (state.state === 'MASTER') return `nobody took over within the master down interval: this director is MASTER of ${instance} again after ${after} (${state.reason})`;
    }
    if (!late) return undefined;
    const open = [...handovers].flatMap(([instance, handover]) => (handover === undefined ? [instance] : []));
    return `after ${after} nobody advertises ${open.join(', ')}, while others of the sync group are taken (${counted(handovers.size - open.length, 'instance')})`;
  }

  private say(name: string, sentence: string, level: 'info' | 'warn' = 'info'): void {
    const instance = this.options.instance(name);
    if (instance) this.options.report(instanceEvent(level, instance.configuration, sentence));
  }
}
