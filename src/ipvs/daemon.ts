/** A connection sync daemon of the kernel, what makes the running ones the wanted ones, and its form in a message (IPVS_DAEMON_ATTR_*, linux/ip_vs.h). */
import { type Attribute, decodeAttributes, readString, readU16, readU32, string, u32 } from '../network/netlink-attributes.js';
import * as ipvs from './constants.js';
import { decodeAddress, IpvsMessageError, required } from './message.js';

export type DaemonRole = 'master' | 'backup';

export interface Daemon {
  readonly role: DaemonRole;
  readonly interface: string;
  /** 0..255 */
  readonly id: number;
}

const states: Readonly<Record<DaemonRole, number>> = { master: ipvs.IP_VS_STATE_MASTER, backup: ipvs.IP_VS_STATE_BACKUP };

export const encodeDaemonRole = (role: DaemonRole): readonly Attribute[] => [{ type: ipvs.IPVS_DAEMON_ATTR_STATE, value: u32(states[role]) }];

// payload size, group, port and TTL (IPVS_DAEMON_ATTR_SYNC_MAXLEN, MCAST_*) would follow here
export const encodeDaemon = (daemon: Daemon): readonly Attribute[] => [
  ...encodeDaemonRole(daemon.role),
  { type: ipvs.IPVS_DAEMON_ATTR_MCAST_IFN, value: string(daemon.interface) },
  { type: ipvs.IPVS_DAEMON_ATTR_SYNC_ID, value: u32(daemon.id) },
];

/** What the kernel tells of a daemon beyond what is asked of it. */
export interface RunningDaemon extends Daemon {
  /** octets of a sync message */
  readonly maximumLength: number;
  readonly group: string;
  readonly port: number;
  readonly ttl: number;
}

/** The content of IPVS_CMD_ATTR_DAEMON, as Linux 4.3 and later fill it. @throws IpvsMessageError, NetlinkFormatError */
export const decodeRunningDaemon = (content: Buffer): RunningDaemon => {
  const attributes = decodeAttributes(content);
  const group6 = attributes.get(ipvs.IPVS_DAEMON_ATTR_MCAST_GROUP6);
  return {
    ...decodeDaemon(content),
    maximumLength: readU16(required(attributes, ipvs.IPVS_DAEMON_ATTR_SYNC_MAXLEN, 'the largest message', 2)),
    group: group6 ? decodeAddress('ipv6', group6) : decodeAddress('ipv4', required(attributes, ipvs.IPVS_DAEMON_ATTR_MCAST_GROUP, 'the group', 4)),
    port: readU16(required(attributes, ipvs.IPVS_DAEMON_ATTR_MCAST_PORT, 'the port', 2)),
    ttl: required(attributes, ipvs.IPVS_DAEMON_ATTR_MCAST_TTL, 'the TTL', 1).readUInt8(),
  };
};

/** The content of IPVS_CMD_ATTR_DAEMON. @throws IpvsMessageError, NetlinkFormatError */
export const decodeDaemon = (content: Buffer): Daemon => {
  const attributes = decodeAttributes(content);
  const state = readU32(required(attributes, ipvs.IPVS_DAEMON_ATTR_STATE, 'the state', 4));
  if (state !== states.master && state !== states.backup) throw new IpvsMessageError(`sync daemon state ${state}`);
  return {
    role: state === states.master ? 'master' : 'backup',
    interface: readString(required(attributes, ipvs.IPVS_DAEMON_ATTR_MCAST_IFN, 'the interface', 1)),
    id: readU32(required(attributes, ipvs.IPVS_DAEMON_ATTR_SYNC_ID, 'the id', 4)),
  };
};

export type DaemonOperation = { readonly type: 'start'; readonly daemon: Daemon } | { readonly type: 'stop'; readonly daemon: Daemon };

/** e.g. `start the sync daemon as master, id 51, interface eth1` */
export const describeDaemonOperation = ({ type, daemon }: DaemonOperation): string =>
  `${type} the sync daemon as ${daemon.role}, id ${daemon.id}, interface ${daemon.interface}`;

/** Both roles at once: they share an id, since no director hears its own messages (the kernel does not loop its multicast back). */
export const daemonsOf = ({ interface: name, id }: Omit<Daemon, 'role'>): readonly Daemon[] =>
  (['master', 'backup'] as const).map((role) => ({ role, interface: name, id }));

/** First stops what is wrong or not wanted, then starts what is missing; nothing when all is right. */
export const reconcileDaemons = (wanted: readonly Daemon[], running: readonly Daemon[]): readonly DaemonOperation[] => {
  const has = (list: readonly Daemon[], { role, id, interface: name }: Daemon): boolean =>
    list.some((other) => other.role === role && other.id === id && other.interface === name);
  return [
    ...running.filter((daemon) => !has(wanted, daemon)).map((daemon) => ({ type: 'stop', daemon }) as const),
    ...wanted.filter((daemon) => !has(running, daemon)).map((daemon) => ({ type: 'start', daemon }) as const),
  ];
};
