/** A configured virtual server as it runs: the verdicts on its servers, its quorum, what the kernel has of it. */
import type { HealthCheckConfiguration, VirtualServerConfiguration } from '../config/model.js';
import { forwardingName } from '../config/forwarding-name.js';
import type { RealServerStatus, VirtualServerStatus } from '../control/status.js';
import { agentStatus, withAgent } from '../health/agent-beside.js';
import { type ActiveCheck, checkKey } from '../health/check-key.js';
import type { PoolDecision } from '../health/pool.js';
import { afterReload, stepPolicies, type CountedMember, type PolicyNotice, type PolicyState } from '../health/policies.js';
import type { QuorumState } from '../health/quorum.js';
import { type HealthState, initialHealthState, uncheckedHealthState } from '../health/state.js';
import { advisedWeight, type WeightAdvice } from '../health/weight.js';
import { describeCheck } from '../health/wording.js';
import { earliest, type Microseconds } from '../time/microseconds.js';
import { sameDestinations } from './destination.js';
import { leavingStatus } from './leaving-status.js';
import { policyStatus } from './policy-status.js';
import { PoolService } from './pool-service.js';
import type { DesiredService, TableEntry } from './reconcile.js';
import { serviceKey } from './service.js';
import { selectorOf } from './table.js';

const isActive = (check: HealthCheckConfiguration): check is ActiveCheck => check.type !== 'none';

const checksOf = ({ realServers, sorryServer }: VirtualServerConfiguration): readonly ActiveCheck[] => {
  const checks: ActiveCheck[] = [];
  for (const { healthCheck, agentCheck } of realServers) {
    if (isActive(healthCheck)) checks.push(healthCheck);
    if (agentCheck) checks.push(agentCheck);
  }
  const ofSorry = sorryServer?.healthCheck;
  if (ofSorry && isActive(ofSorry)) checks.push(ofSorry);
  return checks;
};

/** One for each real server, in their order, undefined where it has none; or nothing where none has. */
type ForEach<T> = readonly (T | undefined)[];

/** A pool without checks keeps no lists of what it has not: of a thousand services they are half a megabyte. */
const nothing: ForEach<never> = [];
const orNothing = <T>(list: ForEach<T>): ForEach<T> => (list.some((each) => each !== undefined) ? list : nothing);

const nobody: ReadonlyMap<string, readonly number[]> = new Map();

/** Of each check, the indices of the real servers that it speaks for. */
const spokenForBy = (checkKeys: ForEach<string>, agentKeys: ForEach<string>): ReadonlyMap<string, readonly number[]> => {
  const count = Math.max(checkKeys.length, agentKeys.length);
  if (count === 0) return nobody;
  const spokenFor = new Map<string, number[]>();
  for (let index = 0; index < count; index++) {
    for (const key of new Set([checkKeys[index], agentKeys[index]])) {
      if (key === undefined) continue;
      const others = spokenFor.get(key);
      if (others === undefined) spokenFor.set(key, [index]);
      else others.push(index);
    }
  }
  return spokenFor;
};

export interface VirtualServerDecision {
  readonly pool: PoolDecision;
  /** one for each of its services, in their order */
  readonly desired: readonly DesiredService[];
  /** what is new of held servers, panic and slow start */
  readonly notices: readonly PolicyNotice[];
}

export class VirtualServer {
  /** one for each of its targets, in their order: at least one */
  readonly services: readonly PoolService[];
  readonly checks: readonly ActiveCheck[];
  /** of the checks of the real servers */
  readonly checkKeys: ForEach<string>;
  /** the same of the agents beside them */
  private readonly agentKeys: ForEach<string>;
  /** of each check, whom it speaks for */
  private readonly spokenFor: ReadonlyMap<string, readonly number[]>;
  private quorum: QuorumState = 'undecided';
  private decision: PoolDecision | undefined;
  private policyState: PolicyState | undefined;
  private counted: readonly CountedMember[] | undefined;
  /** of the weights, by their checks, at the last decision */
  private advices: ForEach<WeightAdvice> = nothing;
  private next: Microseconds | undefined;
  /** the last decision, which stands while nothing that it was made of changes */
  private standing: VirtualServerDecision | undefined;
  /** the last decision, while nothing has changed since: it may still be on its way to the kernel */
  private latest: VirtualServerDecision | undefined;
  private sorryFailed = false;
  /** of the check of the sorry server; undefined = not checked */
  private readonly sorryKey: string | undefined;

  constructor(
    readonly configuration: VirtualServerConfiguration,
    predecessor: VirtualServer | undefined,
    /** milliseconds since the epoch, for display */
    private readonly startedAt = Date.now(),
  ) {
    this.checks = checksOf(configuration);
    this.checkKeys = orNothing(configuration.realServers.map(({ healthCheck }) => (isActive(healthCheck) ? checkKey(healthCheck) : undefined)));
    const { sorryServer: { healthCheck: ofSorry } = {} } = configuration;
    this.sorryKey = ofSorry && isActive(ofSorry) ? checkKey(ofSorry) : undefined;
    this.agentKeys = orNothing(configuration.realServers.map(({ agentCheck }) => agentCheck && checkKey(agentCheck)));
    this.spokenFor = spokenForBy(this.checkKeys, this.agentKeys);
    const before = predecessor && new Map(predecessor.services.map((service) => [service.key, service]));
    this.services = configuration.targets.map((target) => new PoolService(target, configuration, before?.get(serviceKey(selectorOf(target, configuration.protocol)))));
    if (predecessor && this.services.some(({ key }) => before?.has(key))) {
      this.quorum = predecessor.quorum;
      this.policyState = predecessor.policyState && afterReload(predecessor.policyState, predecessor.configuration.realServers, configuration.realServers);
      this.sorryFailed = this.sorryKey !== undefined && predecessor.sorryFailed;
    }
  }

  get name(): string {
    return this.configuration.name;
  }

  get quorumState(): QuorumState {
    return this.quorum;
  }

  /** What the kernel has now: of its services, those that are there. */
  observe(table: ReadonlyMap<string, TableEntry>): void {
    for (const service of this.services) {
      const destinations = table.get(service.key)?.destinations ?? [];
      // read anew, and yet the same
      if (destinations === service.known || (this.standing !== undefined && sameDestinations(destinations, service.known))) continue;
      this.changed();
      service.observe(destinations);
    }
  }

  /** Of its services, what was last read or written; those of which nothing was are left out. */
  get knownTable(): readonly TableEntry[] {
    return this.services.flatMap(({ service, known }) => (known === undefined ? [] : [{ service, destinations: known }]));
  }

  /** Of all its services something was read or written. */
  get isKnown(): boolean {
    return this.services.every(({ known }) => known !== undefined);
  }

  /** What was last written of it is all that a decision by new verdicts needs: nothing leaves it, nor would without having failed. */
  get isSettled(): boolean {
    return this.isKnown && this.nextChange === undefined && this.configuration.sorryServer === undefined;
  }

  /** A verdict on one of its servers is new, or time has come for something. */
  changed(): void {
    this.standing = undefined;
    this.latest = undefined;
  }

  /** When something changes without a verdict, e.g. the next step of a slow start; of the monotonic clock. */
  get nextChange(): Microseconds | undefined {
    return earliest([this.next, ...this.services.map(({ nextLook }) => nextLook)]);
  }

  /**
   * What the kernel should have: by the verdicts and the time of now, or with `now` left out by those of the last decision, to compare the
   * table with. All of its services share one quorum, which the first one decides.
   */
  decide(stateOf: (key: string) => HealthState | undefined, now: Microseconds | undefined): VirtualServerDecision {
    if (this.standing !== undefined) return this.standing;
    const notices = now === undefined ? [] : this.advance(stateOf, now);
    const verdicts = (this.counted ?? []).map(({ verdict }) => verdict);
    const shares = (this.counted ?? []).map(({ share }) => share);
    const decisions = this.services.map((service) => ({ service, decision: service.decide({ verdicts, shares, advices: this.advices, sorryFailed: this.sorryFailed }, this.quorum, now) }));
    const [first] = decisions;
    if (!first) throw new RangeError(`the virtual server ${this.name} has no service`);
    this.quorum = first.decision.pool.quorum;
    this.decision = first.decision.pool;
    const decision = { pool: first.decision.pool, desired: decisions.map(({ service: { service }, decision: { destinations } }) => ({ name: this.name, service, destinations })), notices };
    // one by the verdicts of an earlier decision is not up to date
    if (now !== undefined) this.latest = decision;
    return decision;
  }

  private advance(stateOf: (key: string) => HealthState | undefined, now: Microseconds): readonly PolicyNotice[] {
    const { realServers, initial = 'down', damping, panic } = this.configuration;
    const states = realServers.map((_, index) => this.stateAt(index, stateOf));
    this.sorryFailed = this.sorryKey !== undefined && stateOf(this.sorryKey)?.verdict === 'down';
    this.advices = orNothing(states.map(({ weight }) => weight));
    const members = realServers.map((server, index) => ({
      verdict: states[index]?.verdict ?? ('unknown' as const),
      weight: advisedWeight(server.weight, states[index]?.weight),
      slowStart: server.slowStart,
      serving: (this.services[0]?.weightOf(server) ?? 0) > 0,
    }));
    const { state, counted, next, notices } = stepPolicies(this.policyState, members, { initial, damping, panic }, now);
    this.policyState = state;
    this.counted = counted;
    this.next = next;
    return notices;
  }

  /** It is the last one, which was in the kernel already, and nothing changes it with time: there is nothing to tell of it. */
  isStanding(decision: VirtualServerDecision): boolean {
    return decision === this.standing;
  }

  /** What was decided is in the kernel. */
  applied(decision: VirtualServerDecision): void {
    for (const [index, { destinations }] of decision.desired.entries()) this.services[index]?.observe(destinations);
    // a verdict that came while it was written is for the next decision
    if (decision === this.latest && this.isTimeless && decision.pool.quorum !== 'undecided') this.standing = { ...decision, pool: { ...decision.pool, quorumChange: undefined }, notices: [] };
  }

  /** Nothing changes in it with time alone. */
  private get isTimeless(): boolean {
    const { realServers, damping, panic } = this.configuration;
    return this.nextChange === undefined && damping === undefined && panic === undefined && realServers.every(({ slowStart }) => slowStart === undefined);
  }

  get keysOfChecks(): Iterable<string> {
    return this.sorryKey === undefined ? this.spokenFor.keys() : new Set([...this.spokenFor.keys(), this.sorryKey]);
  }

  /** The indices of the real servers that this check speaks for. */
  serversOf(key: string): readonly number[] {
    return this.spokenFor.get(key) ?? [];
  }

  /** Whether this check is the sorry server's. */
  isOfSorryServer(key: string): boolean {
    return this.sorryKey === key;
  }

  /** Whether this check is the agent beside the one of a real server. */
  isAgentBeside(key: string, index: number): boolean {
    return this.agentKeys[index] === key && this.checkKeys[index] !== key;
  }

  status(stateOf: (key: string) => HealthState | undefined, now: Microseconds): VirtualServerStatus {
    const { name, targets, protocol, scheduler, realServers } = this.configuration;
    const [first] = targets;
    return {
      name,
      address: first && 'address' in first ? first.address : null,
      port: first && 'port' in first ? first.port : null,
      fwmark: first && 'fwmark' in first ? first.fwmark : null,
      services: this.services.map(({ key }) => key),
      protocol,
      scheduler,
      quorum_up: this.decision?.quorumUp ?? false,
      sorry_server_active: this.decision?.sorryActive ?? false,
      ...(this.policyState?.panic ? { panic: true } : {}),
      real_servers: realServers.map((server, index): RealServerStatus => {
        const state = this.stateAt(index, stateOf);
        return {
          address: server.address,
          port: server.port,
          weight: this.services[0]?.weightOf(server) ?? null,
          configured_weight: server.weight,
          ...policyStatus(server, this.counted?.[index], now),
          forwarding: forwardingName(server),
          healthy: state.verdict === 'unknown' ? null : state.verdict === 'up',
          reason: state.reason,
          since: new Date(state.since).toISOString(),
          check: describeCheck(server.healthCheck),
          ...this.agentAt(index, stateOf),
        };
      }),
      ...this.sorryStatus(stateOf),
      ...leavingStatus(this.services.flatMap(({ leavers }) => leavers), now),
    };
  }

  healthyServers(stateOf: (key: string) => HealthState | undefined): number {
    return this.configuration.realServers.filter((_, index) => this.stateAt(index, stateOf).verdict === 'up').length;
  }

  private sorryStatus(stateOf: (key: string) => HealthState | undefined): Pick<VirtualServerStatus, 'sorry_server'> {
    const { sorryServer: sorry } = this.configuration;
    if (sorry === undefined) return {};
    const state = this.sorryKey === undefined ? uncheckedHealthState(this.startedAt) : (stateOf(this.sorryKey) ?? initialHealthState(this.startedAt));
    return {
      sorry_server: {
        address: sorry.address,
        port: sorry.port,
        weight: this.services[0]?.weightOf(sorry) ?? null,
        forwarding: forwardingName(sorry),
        healthy: state.verdict === 'unknown' ? null : state.verdict === 'up',
        reason: state.reason,
        since: new Date(state.since).toISOString(),
        check: describeCheck(sorry.healthCheck ?? { type: 'none' }),
      },
    };
  }

  private agentAt(index: number, stateOf: (key: string) => HealthState | undefined): Pick<RealServerStatus, 'agent'> {
    const key = this.configuration.realServers[index]?.healthCheck.type === 'agent' ? this.checkKeys[index] : this.agentKeys[index];
    return key === undefined ? {} : { agent: agentStatus(stateOf(key)) };
  }

  /** Of a real server: by its check and the agent beside it. */
  stateAt(index: number, stateOf: (key: string) => HealthState | undefined): HealthState {
    const key = this.checkKeys[index];
    const state = key === undefined ? uncheckedHealthState(this.startedAt) : (stateOf(key) ?? initialHealthState(this.startedAt));
    const agent = this.agentKeys[index];
    return agent === undefined ? state : withAgent(state, stateOf(agent));
  }
}
