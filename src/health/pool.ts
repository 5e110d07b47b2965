/** Which destinations one virtual server should have in the kernel, by the verdicts on its real servers and its quorum. */
import type { DestinationConfiguration, RealServerConfiguration, SorryServerConfiguration, VirtualServerConfiguration } from '../config/model.js';
import { nextQuorum, type QuorumState } from './quorum.js';
import { weightByShare } from './slow-start.js';
import type { Verdict } from './state.js';

/** A destination as the kernel has it now. */
export interface KernelDestination {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
}

export interface PoolDestination extends DestinationConfiguration {
  readonly weight: number;
  readonly upperThreshold?: number | undefined;
  readonly lowerThreshold?: number | undefined;
}

export interface QuorumChange {
  readonly from: QuorumState;
  readonly to: QuorumState;
  /** of the servers that are up */
  readonly weight: number;
  readonly needed: number;
}

export interface PoolDecision {
  /** to be in the kernel, all of them: what is not listed goes */
  readonly destinations: readonly PoolDestination[];
  /** to be handed back as `quorumState` next time */
  readonly quorum: QuorumState;
  /** for status; while undecided: whether the servers kept in the table would make the quorum */
  readonly quorumUp: boolean;
  readonly sorryActive: boolean;
  /** undefined: it is what it was */
  readonly quorumChange: QuorumChange | undefined;
}

/** Of a virtual server, what decides its destinations; without `sorryServer` also while that one fails. */
export type PoolConfiguration = Pick<VirtualServerConfiguration, 'realServers' | 'sorryServer' | 'quorum' | 'onFailure'>;

interface Member {
  readonly server: RealServerConfiguration;
  readonly verdict: Verdict;
  /** what it gets in the table when it is up: less than its weight while it starts slowly */
  readonly weight: number;
  /** weight in the kernel now; undefined = not there */
  readonly kernelWeight: number | undefined;
}

/** By the keys of destinations. */
type Weights = ReadonlyMap<string, number>;

/** Of a service that has no destinations yet: at a start none has. */
const none: Weights = new Map();

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What tells the servers of a pool apart. */
export const keyOf = ({ address, port }: Endpoint): string => `${address} ${port}`;

const weightIn = (weights: Weights, destination: DestinationConfiguration): number | undefined => (weights.size === 0 ? undefined : weights.get(keyOf(destination)));

/**
 * `verdicts`: one for each of `config.realServers`, in their order; the entry of a server whose check is `none` is not looked at.
 * `shares`: likewise, of its weight in the table, 0..1 (1 where there is none); for the quorum its whole weight counts.
 */
export function decidePool(
  config: PoolConfiguration,
  verdicts: readonly Verdict[],
  kernel: readonly KernelDestination[],
  quorumState: QuorumState,
  shares: readonly number[] = [],
): PoolDecision {
  const inKernel: Weights = kernel.length === 0 ? none : new Map(kernel.map((destination) => [keyOf(destination), destination.weight]));
  const members = config.realServers.map((server, index): Member => ({
    server,
    verdict: server.healthCheck.type === 'none' ? 'up' : (verdicts[index] ?? 'unknown'),
    weight: weightByShare(server.weight, shares[index] ?? 1),
    kernelWeight: weightIn(inKernel, server),
  }));
  const sorry = config.sorryServer;
  const sorryInKernel = sorry !== undefined && isSorryInKernel(sorry, members, inKernel, quorumState);
  const weight = sum(members, ({ server, verdict }) => (verdict === 'up' ? server.weight : 0));
  const quorum = nextQuorum({
    previous: quorumState,
    weight,
    quorum: config.quorum,
    anyUnknown: members.some(({ verdict }) => verdict === 'unknown'),
    wouldBringInSorry: sorry !== undefined && !sorryInKernel,
  });
  const sorryActive = sorry !== undefined && (quorum === 'down' || (quorum === 'undecided' && sorryInKernel));
  const destinations = sorryActive ? sorryTable(sorry, members, quorum, config) : [...realTable(members, quorum, config), ...idleSorry(sorry, members)];
  const kept = sum(members, ({ verdict, kernelWeight }) => (verdict === 'unknown' ? (kernelWeight ?? 0) : 0));
  return {
    destinations,
    quorum,
    quorumUp: quorum === 'up' || (quorum === 'undecided' && !sorryActive && weight + kept >= config.quorum.weight),
    sorryActive,
    quorumChange: quorumState === quorum ? undefined : { from: quorumState, to: quorum, weight, needed: config.quorum.weight },
  };
}

/**
 * A sorry server at a real server's address and port is told from it by the quorum: only with the quorum down was it put there as sorry server.
 * One without weight is on its way out.
 */
function isSorryInKernel(sorry: DestinationConfiguration, members: readonly Member[], inKernel: Weights, previous: QuorumState): boolean {
  if ((weightIn(inKernel, sorry) ?? 0) === 0) return false;
  const isRealServer = members.some(({ server }) => keyOf(server) === keyOf(sorry));
  return !isRealServer || previous === 'down';
}

/** The table without a sorry server. */
function realTable(members: readonly Member[], quorum: QuorumState, config: PoolConfiguration): readonly PoolDestination[] {
  const wanted = members.flatMap((member) => destination(member, wantedWeight(member, config)));
  if (quorum !== 'undecided' || config.sorryServer === undefined || wanted.some(({ weight }) => weight > 0)) return wanted;
  // The sorry server waits for the verdicts that are missing; until they are in, the last failed servers stay, so that there is always a destination.
  return members.flatMap((member) => destination(member, member.kernelWeight ?? wantedWeight(member, config)));
}

/** What stays of a sorry server that is not needed, for the connections that it has. */
const idleSorry = (sorry: SorryServerConfiguration | undefined, members: readonly Member[]): readonly PoolDestination[] =>
  sorry?.onRecovery === 'weight_zero' && !members.some(({ server }) => keyOf(server) === keyOf(sorry)) ? [sorryDestination(sorry, 0)] : [];

const sorryDestination = ({ address, port, forwarding, tunnel }: SorryServerConfiguration, weight: number): PoolDestination => ({ address, port, forwarding, weight, ...(tunnel && { tunnel }) });

/** The table with the sorry server: down, it stands alone (or among weights of 0); undecided, whatever is beside it stays unless it is known to be down. */
function sorryTable(sorry: SorryServerConfiguration, members: readonly Member[], quorum: QuorumState, config: PoolConfiguration): readonly PoolDestination[] {
  const others = members.filter(({ server }) => keyOf(server) !== keyOf(sorry));
  const weightOf = (member: Member): number | undefined => {
    if (quorum === 'undecided' && member.verdict !== 'down') return member.kernelWeight;
    if (member.verdict === 'unknown' && member.kernelWeight === undefined) return undefined;
    // A server drained by configuration takes nothing new, and its connections are meant to finish: it need not go for the sorry server.
    const isDraining = member.verdict === 'up' && member.server.weight === 0 && member.kernelWeight !== undefined;
    return staysWhenFailed(member, config) || isDraining ? 0 : undefined;
  };
  return [...others.flatMap((member) => destination(member, weightOf(member))), sorryDestination(sorry, 1)];
}

/** With weight 0. */
const staysWhenFailed = ({ server }: Member, config: PoolConfiguration): boolean => (server.onFailure ?? config.onFailure) === 'weight_zero';

function wantedWeight(member: Member, config: PoolConfiguration): number | undefined {
  const { weight, verdict, kernelWeight } = member;
  switch (verdict) {
    case 'up':
      return weight;
    case 'down':
      return staysWhenFailed(member, config) ? 0 : undefined;
    case 'unknown':
      return kernelWeight;
  }
}

/** One with its whole weight is what it is in the configuration. */
const destination = ({ server }: Member, weight: number | undefined): readonly PoolDestination[] =>
  weight === undefined ? [] : [weight === server.weight ? server : poolDestination(server, weight)];

const poolDestination = ({ address, port, forwarding, tunnel, upperThreshold, lowerThreshold }: RealServerConfiguration, weight: number): PoolDestination => ({
  address,
  port,
  forwarding,
  weight,
  ...(tunnel && { tunnel }),
  ...(upperThreshold ? { upperThreshold } : {}),
  ...(lowerThreshold ? { lowerThreshold } : {}),
});

const sum = (members: readonly Member[], weightOf: (member: Member) => number): number => members.reduce((total, member) => total + weightOf(member), 0);
