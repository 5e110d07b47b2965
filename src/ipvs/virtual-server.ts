/** A configured virtual server as it runs: the verdicts on its servers, its quorum, what the kernel has of it. */
import type { HealthCheckConfiguration, VirtualServerConfiguration } from '../config/model.js';
import type { RealServerStatus, VirtualServerStatus } from '../control/status.js';
import { type ActiveCheck, checkKey } from '../health/check-key.js';
import type { PoolDecision } from '../health/pool.js';
import type { QuorumState } from '../health/quorum.js';
import { type HealthState, initialHealthState, uncheckedHealthState } from '../health/state.js';
import { describeCheck } from '../health/wording.js';
import { PoolService } from './pool-service.js';
import type { DesiredService, TableEntry } from './reconcile.js';
import { serviceKey } from './service.js';
import { selectorOf } from './table.js';

const isActive = (check: HealthCheckConfiguration): check is ActiveCheck => check.type !== 'none';

export interface VirtualServerDecision {
  readonly pool: PoolDecision;
  /** one for each of its services, in their order */
  readonly desired: readonly DesiredService[];
}

export class VirtualServer {
  /** one for each of its targets, in their order: at least one */
  readonly services: readonly PoolService[];
  /** of the check of each real server, in their order; undefined = not checked */
  readonly checkKeys: readonly (string | undefined)[];
  /** of a thousand services that are asked whom a verdict is about, most are to answer at once */
  private readonly spokenFor = new Map<string, number[]>();
  private quorum: QuorumState = 'undecided';
  private decision: PoolDecision | undefined;
  private readonly startedAt = Date.now();

  constructor(
    readonly configuration: VirtualServerConfiguration,
    predecessor: VirtualServer | undefined,
  ) {
    this.checkKeys = configuration.realServers.map(({ healthCheck }) => (isActive(healthCheck) ? checkKey(healthCheck) : undefined));
    for (const [index, key] of this.checkKeys.entries()) {
      if (key !== undefined) this.spokenFor.set(key, [...(this.spokenFor.get(key) ?? []), index]);
    }
    const before = new Map((predecessor?.services ?? []).map((service) => [service.key, service]));
    this.services = configuration.targets.map((target) => new PoolService(target, configuration, before.get(serviceKey(selectorOf(target, configuration.protocol)))));
    if (predecessor && this.services.some(({ key }) => before.has(key))) this.quorum = predecessor.quorum;
  }

  get name(): string {
    return this.configuration.name;
  }

  get quorumState(): QuorumState {
    return this.quorum;
  }

  get checks(): readonly ActiveCheck[] {
    return this.configuration.realServers.map(({ healthCheck }) => healthCheck).filter(isActive);
  }

  /** What the kernel has now: of its services, those that are there. */
  observe(table: ReadonlyMap<string, TableEntry>): void {
    for (const service of this.services) service.observe(table.get(service.key)?.destinations ?? []);
  }

  /** What the kernel should have, by the verdicts of now. All of its services share one quorum, which the first one decides. */
  decide(stateOf: (key: string) => HealthState | undefined): VirtualServerDecision {
    const verdicts = this.configuration.realServers.map((_, index) => this.stateAt(index, stateOf).verdict);
    const decisions = this.services.map((service) => ({ service, decision: service.decide(verdicts, this.quorum) }));
    const [first] = decisions;
    if (!first) throw new RangeError(`the virtual server ${this.name} has no service`);
    this.quorum = first.decision.quorum;
    this.decision = first.decision;
    return { pool: first.decision, desired: decisions.map(({ service: { service }, decision: { destinations } }) => ({ name: this.name, service, destinations })) };
  }

  /** What was decided is in the kernel. */
  applied({ desired }: VirtualServerDecision): void {
    for (const [index, { destinations }] of desired.entries()) this.services[index]?.observe(destinations);
  }

  /** The indices of the real servers that this check speaks for. */
  serversOf(key: string): readonly number[] {
    return this.spokenFor.get(key) ?? [];
  }

  status(stateOf: (key: string) => HealthState | undefined): VirtualServerStatus {
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
      real_servers: realServers.map((server, index): RealServerStatus => {
        const state = this.stateAt(index, stateOf);
        return {
          address: server.address,
          port: server.port,
          weight: this.services[0]?.weightOf(server) ?? null,
          configured_weight: server.weight,
          forwarding: server.forwarding,
          healthy: state.verdict === 'unknown' ? null : state.verdict === 'up',
          reason: state.reason,
          since: new Date(state.since).toISOString(),
          check: describeCheck(server.healthCheck),
        };
      }),
    };
  }

  private stateAt(index: number, stateOf: (key: string) => HealthState | undefined): HealthState {
    const key = this.checkKeys[index];
    return key === undefined ? uncheckedHealthState(this.startedAt) : (stateOf(key) ?? initialHealthState(this.startedAt));
  }
}
