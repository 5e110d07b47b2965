/** A configured virtual server as it runs: the verdicts on its servers, its quorum, what the kernel has of it. */
import type { HealthCheckConfiguration, VirtualServerConfiguration } from '../config/model.js';
import type { RealServerStatus, VirtualServerStatus } from '../control/status.js';
import { type ActiveCheck, checkKey } from '../health/check-key.js';
import { decidePool, type PoolDecision } from '../health/pool.js';
import type { QuorumState } from '../health/quorum.js';
import { type HealthState, initialHealthState, uncheckedHealthState } from '../health/state.js';
import { describeCheck } from '../health/wording.js';
import { type Destination, destinationKey, type DestinationEntry } from './destination.js';
import type { DesiredService } from './reconcile.js';
import { type AddressService, serviceKey } from './service.js';
import { serviceFromConfiguration } from './table.js';

const isActive = (check: HealthCheckConfiguration): check is ActiveCheck => check.type !== 'none';

export class VirtualServer {
  readonly service: AddressService;
  readonly key: string;
  /** of the check of each real server, in their order; undefined = not checked */
  readonly checkKeys: readonly (string | undefined)[];
  /** what the kernel has of it, by what was last read or written: `address:port` -> weight */
  private kernel: ReadonlyMap<string, DestinationEntry> = new Map();
  private quorum: QuorumState = 'undecided';
  private decision: PoolDecision | undefined;
  private readonly startedAt = Date.now();

  constructor(
    readonly configuration: VirtualServerConfiguration,
    predecessor: VirtualServer | undefined,
  ) {
    this.service = serviceFromConfiguration(configuration);
    this.key = serviceKey(this.service);
    this.checkKeys = configuration.realServers.map(({ healthCheck }) => (isActive(healthCheck) ? checkKey(healthCheck) : undefined));
    if (predecessor?.key === this.key) {
      this.kernel = predecessor.kernel;
      this.quorum = predecessor.quorum;
    }
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

  /** What the kernel has now. */
  observe(destinations: readonly (Destination | DestinationEntry)[]): void {
    this.kernel = new Map(destinations.map((destination) => [destinationKey(destination), destination]));
  }

  /** What it should have, by the verdicts of now; the changes that are worth a line are in what is returned. */
  decide(stateOf: (key: string) => HealthState | undefined): PoolDecision {
    const verdicts = this.configuration.realServers.map((_, index) => this.stateAt(index, stateOf).verdict);
    const decision = decidePool(this.configuration, verdicts, [...this.kernel.values()], this.quorum);
    this.quorum = decision.quorum;
    this.decision = decision;
    return decision;
  }

  desired({ destinations }: PoolDecision): DesiredService {
    return { name: this.name, service: this.service, destinations };
  }

  /** The indices of the real servers that this check speaks for. */
  serversOf(key: string): readonly number[] {
    return this.checkKeys.flatMap((own, index) => (own === key ? [index] : []));
  }

  status(stateOf: (key: string) => HealthState | undefined): VirtualServerStatus {
    const { name, address, port, protocol, scheduler, realServers } = this.configuration;
    return {
      name,
      address,
      port,
      protocol,
      scheduler,
      quorum_up: this.decision?.quorumUp ?? false,
      sorry_server_active: this.decision?.sorryActive ?? false,
      real_servers: realServers.map((server, index): RealServerStatus => {
        const state = this.stateAt(index, stateOf);
        return {
          address: server.address,
          port: server.port,
          weight: this.kernel.get(destinationKey(server))?.weight ?? null,
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
