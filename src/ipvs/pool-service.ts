/** One of a virtual server's services in the kernel: the pool as it looks behind that service's port, and what the kernel has of it. */
import type { DestinationConfiguration, ServiceTarget, VirtualServerConfiguration } from '../config/model.js';
import { decidePool, type PoolConfiguration, type PoolDecision } from '../health/pool.js';
import type { QuorumState } from '../health/quorum.js';
import type { Verdict } from '../health/state.js';
import { destinationKey, type DestinationEntry } from './destination.js';
import { type Service, serviceKey, type ServiceSelector } from './service.js';
import { selectorOf, serviceFromConfiguration } from './table.js';

/** Port 0 of a destination is the port that the client asked for: this service's, unless it is one of every port. */
export const behindPort = <T extends DestinationConfiguration>(destination: T, target: ServiceTarget): T =>
  destination.port === 0 && 'port' in target && target.port !== 0 ? { ...destination, port: target.port } : destination;

export class PoolService {
  readonly service: Service;
  readonly key: string;
  readonly selector: ServiceSelector;
  private readonly pool: PoolConfiguration;
  /** by what was last read or written: `address:port` -> destination */
  private kernel: ReadonlyMap<string, DestinationEntry>;
  private isKnown: boolean;

  constructor(
    private readonly target: ServiceTarget,
    configuration: VirtualServerConfiguration,
    predecessor: PoolService | undefined,
  ) {
    this.service = serviceFromConfiguration(target, configuration);
    this.selector = selectorOf(target, configuration.protocol);
    this.key = serviceKey(this.service);
    this.kernel = predecessor?.kernel ?? new Map();
    this.isKnown = predecessor?.isKnown ?? false;
    const { realServers, sorryServer, quorum, onFailure } = configuration;
    this.pool = { realServers: realServers.map((server) => behindPort(server, target)), sorryServer: sorryServer && behindPort(sorryServer, target), quorum, onFailure };
  }

  /** What the kernel has now. */
  observe(destinations: readonly DestinationEntry[]): void {
    this.isKnown = true;
    this.kernel = new Map(destinations.map((destination) => [destinationKey(destination), destination]));
  }

  /** What was last read or written; undefined = neither has happened. */
  get known(): readonly DestinationEntry[] | undefined {
    return this.isKnown ? [...this.kernel.values()] : undefined;
  }

  /** `verdicts`: one for each real server, in their order. */
  decide(verdicts: readonly Verdict[], quorum: QuorumState): PoolDecision {
    return decidePool(this.pool, verdicts, [...this.kernel.values()], quorum);
  }

  /** The kernel's weight of a destination of the configuration; undefined = not in the table. */
  weightOf(destination: DestinationConfiguration): number | undefined {
    return this.kernel.get(destinationKey(behindPort(destination, this.target)))?.weight;
  }
}
