/** One of a virtual server's services in the kernel: the pool as it looks behind that service's port, and what the kernel has of it. */
import type { DestinationConfiguration, ServiceTarget, VirtualServerConfiguration } from '../config/model.js';
import { stepLeaving, type LeavingStep } from '../health/leaving.js';
import { decidePool, type PoolConfiguration, type PoolDecision } from '../health/pool.js';
import type { QuorumState } from '../health/quorum.js';
import type { Verdict } from '../health/state.js';
import { advisedWeight, type WeightAdvice } from '../health/weight.js';
import type { Microseconds } from '../time/microseconds.js';
import { destinationKey, type DestinationEntry } from './destination.js';
import type { LeavingDestination } from './leaving-status.js';
import { type Service, serviceKey } from './service.js';
import { serviceFromConfiguration } from './table.js';

/** Port 0 of a destination is the port that the client asked for: this service's, unless it is one of every port. */
export const behindPort = <T extends DestinationConfiguration>(destination: T, target: ServiceTarget): T =>
  destination.port === 0 && 'port' in target && target.port !== 0 ? { ...destination, port: target.port } : destination;

/** The list itself where each has a port of its own. */
const allBehindPort = <T extends DestinationConfiguration>(destinations: readonly T[], target: ServiceTarget): readonly T[] =>
  destinations.some(({ port }) => port === 0) ? destinations.map((destination) => behindPort(destination, target)) : destinations;

/** Of a virtual server's pool: lists with one for each real server, in their order. */
export interface PoolHealth {
  readonly verdicts: readonly Verdict[];
  /** of their weights, 0..1 */
  readonly shares: readonly number[];
  /** of what these are; undefined, or no list at all = as configured */
  readonly advices: readonly (WeightAdvice | undefined)[];
  /** by its check; one that has no verdict yet is believed in */
  readonly sorryFailed: boolean;
}

const sorryIndex = -1;

export interface PoolServiceDecision {
  readonly pool: PoolDecision;
  /** of the pool, and those that leave, with weight 0 */
  readonly destinations: readonly DestinationEntry[];
}

/** Of a thousand services most have none of these most of the time: what is empty is there once. */
const noDestinations: ReadonlyMap<string, DestinationEntry> = new Map();
const noKeys: ReadonlySet<string> = new Set();
const nothingLeaves: LeavingStep = { state: new Map(), next: undefined };

export class PoolService {
  readonly service: Service;
  readonly key: string;
  private readonly pool: PoolConfiguration;
  /** what was configured before a reload, and what left then */
  private readonly former: ReadonlySet<string>;
  private leaving: LeavingStep;
  /** what was last read or written */
  private observed: readonly DestinationEntry[] | undefined;
  /** the same by its keys, once that is asked for */
  private byKey: ReadonlyMap<string, DestinationEntry> | undefined;

  constructor(
    private readonly target: ServiceTarget,
    configuration: VirtualServerConfiguration,
    predecessor: PoolService | undefined,
  ) {
    this.service = serviceFromConfiguration(target, configuration);
    this.key = serviceKey(this.service);
    this.observed = predecessor?.observed;
    const { realServers, sorryServer, quorum, onFailure } = configuration;
    this.pool = { realServers: allBehindPort(realServers, target), sorryServer: sorryServer && behindPort(sorryServer, target), quorum, onFailure };
    this.leaving = predecessor?.leaving ?? nothingLeaves;
    this.former = predecessor ? new Set([...predecessor.configured.keys(), ...predecessor.leaving.state.keys()]) : noKeys;
  }

  /** Its destinations, by their keys: the indices of real servers, and that of the sorry server. */
  private get configured(): ReadonlyMap<string, number> {
    const { realServers, sorryServer } = this.pool;
    return new Map([...(sorryServer ? [[destinationKey(sorryServer), sorryIndex] as const] : []), ...realServers.map((server, index) => [destinationKey(server), index] as const)]);
  }

  /** What the kernel has now. */
  observe(destinations: readonly DestinationEntry[]): void {
    this.observed = destinations;
    this.byKey = undefined;
  }

  private get kernel(): ReadonlyMap<string, DestinationEntry> {
    if (this.observed === undefined || this.observed.length === 0) return noDestinations;
    return (this.byKey ??= new Map(this.observed.map((destination) => [destinationKey(destination), destination])));
  }

  /** When a destination that leaves is to be looked at again; of the monotonic clock. */
  get nextLook(): Microseconds | undefined {
    return this.leaving.next;
  }

  /** `now`: of the monotonic clock; left out: nothing new begins to leave, nor does what leaves go. */
  decide({ verdicts, shares, advices, sorryFailed }: PoolHealth, quorum: QuorumState, now: Microseconds | undefined): PoolServiceDecision {
    const advised = advices.some((advice) => advice !== undefined) ? { ...this.pool, realServers: this.pool.realServers.map((server, index) => ({ ...server, weight: advisedWeight(server.weight, advices[index]) })) } : this.pool;
    const pool = decidePool(sorryFailed ? { ...advised, sorryServer: undefined } : advised, verdicts, this.observed ?? [], quorum, shares);
    const unwanted = this.unwanted(pool.destinations);
    if (now !== undefined && unwanted.length + this.leaving.state.size > 0) {
      const { configured, former } = this;
      // what a reload removed had not failed, since it had weight
      const isOurs = (key: string): boolean => {
        const index = configured.get(key);
        if (index === undefined) return former.has(key);
        return index === sorryIndex ? !sorryFailed : verdicts[index] !== 'down';
      };
      this.leaving = stepLeaving(this.leaving.state, unwanted.map(([key, entry]) => ({ ...entry, key })), isOurs, now);
    }
    const leavers = unwanted.flatMap(([key, entry]) => (this.leaving.state.has(key) ? [{ ...entry, weight: 0 }] : []));
    return { pool, destinations: leavers.length === 0 ? pool.destinations : [...pool.destinations, ...leavers] };
  }

  /** What the kernel has beside these, by its keys. */
  private unwanted(destinations: readonly DestinationEntry[]): readonly (readonly [string, DestinationEntry])[] {
    const { kernel } = this;
    if (kernel.size === 0) return [];
    const wanted = new Set(destinations.map(destinationKey));
    return [...kernel].filter(([key]) => !wanted.has(key));
  }

  /** The destinations that leave, as far as they are there. */
  get leavers(): readonly LeavingDestination[] {
    return [...this.leaving.state].flatMap(([key, since]) => {
      const destination = this.kernel.get(key);
      return destination ? [{ destination, since }] : [];
    });
  }

  /** What was last read or written; undefined = neither has happened. */
  get known(): readonly DestinationEntry[] | undefined {
    return this.observed;
  }

  /** The kernel's weight of a destination of the configuration; undefined = not in the table. */
  weightOf(destination: DestinationConfiguration): number | undefined {
    const { kernel } = this;
    return kernel.size === 0 ? undefined : kernel.get(destinationKey(behindPort(destination, this.target)))?.weight;
  }
}
