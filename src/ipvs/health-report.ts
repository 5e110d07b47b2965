/** What the supervisor is told of health: verdicts on real servers, and the quorums of virtual servers. Pure. */
import type { QuorumState } from '../health/quorum.js';
import type { HealthState } from '../health/state.js';
import { describeEndpoint } from '../health/wording.js';
import type { HealthChange } from '../supervisor/messages.js';
import type { VirtualServer } from './virtual-server.js';

/** As keepalived's FIFO writes it. */
const fifoName = (address: string, protocol: string, port: number): string => `[${address}]:${protocol}:${port}`;
/** Of its first service. */
const serviceOf = ({ name, configuration: { targets: [target], protocol } }: VirtualServer): string => {
  if (target === undefined) return name;
  return 'fwmark' in target ? `FWM ${target.fwmark}` : fifoName(target.address, protocol, target.port);
};
const words = { unknown: 'UNKNOWN', undecided: 'UNKNOWN', up: 'UP', down: 'DOWN' } as const;

/** `index` of the real server. */
export const verdictOf = (server: VirtualServer, index: number, { verdict, since, reason }: HealthState): readonly HealthChange[] => {
  const realServer = server.configuration.realServers[index];
  if (realServer === undefined) return [];
  const { address, port } = realServer;
  return [{ kind: 'REAL_SERVER', virtualServer: server.name, name: describeEndpoint(realServer), service: serviceOf(server), server: fifoName(address, server.configuration.protocol, port), time: since, to: words[verdict], reason }];
};

export const quorumOf = (server: VirtualServer, quorum: QuorumState, time: number, reason: string): HealthChange => ({ kind: 'VIRTUAL_SERVER', virtualServer: server.name, name: server.name, service: serviceOf(server), time, to: words[quorum], reason });

/** All of them now; a server that is not checked has no verdict. */
export const healthOf = (servers: readonly VirtualServer[], stateOf: (key: string) => HealthState | undefined, time: number): readonly HealthChange[] =>
  servers.flatMap((server) => [
    ...server.checkKeys.flatMap((key, index) => {
      const state = key === undefined ? undefined : stateOf(key);
      return state === undefined ? [] : verdictOf(server, index, state);
    }),
    quorumOf(server, server.quorumState, time, server.quorumState === 'up' ? 'quorum reached' : 'quorum lost'),
  ]);
