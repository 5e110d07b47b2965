/** rtnetlink messages for routes: struct rtmsg and struct rtnexthop (linux/rtnetlink.h). Pure. */
import type { RouteConfiguration, RouteScope, RouteType } from '../config/routing-model.js';
import { decodeIPv4, decodeIPv6, encodeAddress, type Family } from './ip-address.js';
import { type Attribute, decodeAttributes, encodeAttributes, readS32, readU16, readU32, u16, u32, u8 } from './netlink-attributes.js';
import type { NetlinkMessage } from './netlink-channel.js';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;
export const RTNLGRP_IPV4_ROUTE = 7;
export const RTNLGRP_IPV6_ROUTE = 11;

/** rtm_protocol (and FRA_PROTOCOL) of what is ours: VRRP's number among the protocols of IP, which no routing daemon of rtnetlink.h has. */
export const ourProtocol = 112;

export const familyNumbers: Readonly<Record<Family, number>> = { ipv4: 2, ipv6: 10 };
export const familyOfNumber = (number: number): Family | undefined => (number === 2 ? 'ipv4' : number === 10 ? 'ipv6' : undefined);

const NLM_F_CREATE = 0x400;
const headerLength = 12;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTAX_MTU = 2;
const RTNH_F_DEAD = 1;
const RTNH_F_ONLINK = 4;
const nextHopHeaderLength = 8;
const RT_SCOPE_NOWHERE = 255;
const RTM_F_CLONED = 0x200;
/** linux/ipv6_route.h, IP6_RT_PRIO_USER */
const metricOfIPv6 = 1024;

const types: Readonly<Record<RouteType, number>> = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 };
const scopes: Readonly<Record<RouteScope, number>> = { global: 0, site: 200, link: 253, host: 254 };

/** A route as the kernel describes it. */
export interface KernelRoute {
  readonly family: Family;
  /** network with its length */
  readonly destination: string;
  /** rtm_type */
  readonly type: number;
  readonly protocol: number;
  readonly table: number;
  readonly metric: number;
  readonly source: string | undefined;
  readonly mtu: number | undefined;
  readonly nextHops: readonly KernelNextHop[];
}
export interface KernelNextHop {
  readonly via: string | undefined;
  readonly index: number;
  readonly weight: number;
  /** its interface is down */
  readonly dead: boolean;
}

/** Routes with another place have nothing to do with each other. */
export const placeOfRoute = ({ family, table, destination }: { readonly family: Family; readonly table: number; readonly destination: string }): string => `route ${family} ${table} ${destination}`;

/** Index of an interface by its name. */
export type IndexOf = (name: string) => number | undefined;

/** The table in the octet of a header; tables above 255 are in an attribute. */
export const shortTable = (table: number): number => (table < 256 ? table : 0);

export const splitNetwork = (network: string): { readonly address: Buffer; readonly prefixLength: number } => {
  const [address = '', length = ''] = network.split('/');
  return { address: encodeAddress(address), prefixLength: Number(length) };
};

/** Interfaces that must be there before the kernel takes the route. */
export const interfacesOf = ({ nextHops }: RouteConfiguration): readonly string[] => nextHops.flatMap(({ interface: name }) => name ?? []);

const encodeNextHops = (nextHops: RouteConfiguration['nextHops'], indexOf: IndexOf): Buffer =>
  Buffer.concat(
    nextHops.map(({ via, interface: name, onlink, weight }) => {
      const gateway = via === undefined ? Buffer.alloc(0) : encodeAttributes([{ type: RTA_GATEWAY, value: encodeAddress(via) }]);
      return Buffer.concat([u16(nextHopHeaderLength + gateway.length), u8(onlink ? RTNH_F_ONLINK : 0), u8(weight - 1), u32(name === undefined ? 0 : (indexOf(name) ?? 0)), gateway]);
    }),
  );

const payload = (route: RouteConfiguration, indexOf: IndexOf, header: { readonly scope: number; readonly type: number }): Buffer => {
  const { family, destination, nextHops, source, table, metric, mtu } = route;
  const { address, prefixLength } = splitNetwork(destination);
  const [hop, ...more] = nextHops;
  const single = more.length === 0 ? hop : undefined;
  const rtmsg = Buffer.from([familyNumbers[family], prefixLength, 0, 0, shortTable(table), ourProtocol, header.scope, header.type, 0, 0, 0, 0]);
  if (single?.onlink) u32(RTNH_F_ONLINK).copy(rtmsg, 8);
  const index = single?.interface === undefined ? undefined : indexOf(single.interface);
  const attributes: readonly (Attribute | undefined)[] = [
    { type: RTA_DST, value: address },
    single?.via === undefined ? undefined : { type: RTA_GATEWAY, value: encodeAddress(single.via) },
    source === undefined ? undefined : { type: RTA_PREFSRC, value: encodeAddress(source) },
    table > 255 ? { type: RTA_TABLE, value: u32(table) } : undefined,
    metric === undefined ? undefined : { type: RTA_PRIORITY, value: u32(metric) },
    mtu === undefined ? undefined : { type: RTA_METRICS, value: encodeAttributes([{ type: RTAX_MTU, value: u32(mtu) }]) },
    more.length === 0 ? undefined : { type: RTA_MULTIPATH, value: encodeNextHops(nextHops, indexOf) },
    index === undefined ? undefined : { type: RTA_OIF, value: u32(index) },
  ];
  return Buffer.concat([rtmsg, encodeAttributes(attributes.filter((attribute) => attribute !== undefined))]);
};

const scopeOf = ({ family, type, scope, nextHops: [first] }: RouteConfiguration): number => {
  if (family === 'ipv6') return scopes.global;
  if (scope !== undefined) return scopes[scope];
  return type === 'unicast' && first?.via === undefined ? scopes.link : scopes.global;
};

/** As `ip route prepend`: a stranger's route to the same network stays behind ours (IPv6: beside it). Refused with EEXIST when it is there. */
export const routeAddition = (route: RouteConfiguration, indexOf: IndexOf): NetlinkMessage => ({
  type: RTM_NEWROUTE,
  flags: NLM_F_CREATE,
  payload: payload(route, indexOf, { scope: scopeOf(route), type: types[route.type] }),
});

/** Only of ours: the protocol must agree. Refused with ESRCH when it is not there. */
export const routeDeletion = (route: RouteConfiguration, indexOf: IndexOf): NetlinkMessage => ({
  type: RTM_DELROUTE,
  flags: 0,
  payload: payload(route, indexOf, { scope: route.family === 'ipv4' ? RT_SCOPE_NOWHERE : scopes.global, type: types[route.type] }),
});

/** On a socket with NETLINK_GET_STRICT_CHK the kernel gives only what has this protocol, or is in this table. */
export const routeDump = (family: Family, { protocol = 0, table }: { readonly protocol?: number; readonly table?: number }): NetlinkMessage => ({
  type: RTM_GETROUTE,
  flags: 0,
  payload: Buffer.concat([
    Buffer.from([familyNumbers[family], 0, 0, 0, 0, protocol, 0, 0, 0, 0, 0, 0]),
    table === undefined ? Buffer.alloc(0) : encodeAttributes([{ type: RTA_TABLE, value: u32(table) }]),
  ]),
});

const decodeNextHops = (buffer: Buffer, decode: (octets: Buffer) => string): readonly KernelNextHop[] => {
  const hops: KernelNextHop[] = [];
  for (let offset = 0; offset + nextHopHeaderLength <= buffer.length; ) {
    const length = readU16(buffer, offset);
    if (length < nextHopHeaderLength || offset + length > buffer.length) throw new RangeError(`next hop at octet ${offset} has length ${length}, ${buffer.length - offset} octets are left`);
    const via = decodeAttributes(buffer.subarray(offset + nextHopHeaderLength, offset + length)).get(RTA_GATEWAY);
    hops.push({ via: via && decode(via), index: readS32(buffer, offset + 4), weight: buffer.readUInt8(offset + 3) + 1, dead: (buffer.readUInt8(offset + 2) & RTNH_F_DEAD) !== 0 });
    offset += (length + 3) & ~3;
  }
  return hops;
};

/** RTM_NEWROUTE or RTM_DELROUTE; undefined for another family, and for what is no route of a table but a copy of one. */
export const decodeRoute = ({ payload: message }: Pick<NetlinkMessage, 'payload'>): KernelRoute | undefined => {
  if (message.length < headerLength) return undefined;
  const family = familyOfNumber(message.readUInt8(0));
  const flags = readU32(message, 8);
  if (family === undefined || (flags & RTM_F_CLONED) !== 0) return undefined;
  const decode = (octets: Buffer): string => (family === 'ipv4' ? decodeIPv4(octets) : decodeIPv6(octets));
  const size = family === 'ipv4' ? 4 : 16;
  const attributes = decodeAttributes(message.subarray(headerLength));
  const address = (type: number): string | undefined => {
    const octets = attributes.get(type);
    return octets?.length === size ? decode(octets) : undefined;
  };
  const [index, metrics, multipath] = [attributes.get(RTA_OIF), attributes.get(RTA_METRICS), attributes.get(RTA_MULTIPATH)];
  const mtu = metrics && decodeAttributes(metrics).get(RTAX_MTU);
  const table = attributes.get(RTA_TABLE);
  const metric = attributes.get(RTA_PRIORITY);
  return {
    family,
    destination: `${address(RTA_DST) ?? (family === 'ipv4' ? '0.0.0.0' : '::')}/${message.readUInt8(1)}`,
    type: message.readUInt8(7),
    protocol: message.readUInt8(5),
    table: table ? readU32(table) : message.readUInt8(4),
    metric: metric ? readU32(metric) : 0,
    source: address(RTA_PREFSRC),
    mtu: mtu && readU32(mtu),
    nextHops: multipath
      ? decodeNextHops(multipath, decode)
      : index
        ? [{ via: address(RTA_GATEWAY), index: readU32(index), weight: 1, dead: (flags & RTNH_F_DEAD) !== 0 }]
        : [],
  };
};

/** Whether two routes stand in each other's place: the kernel tells routes of a table by destination and metric. */
export const isInPlaceOf = (route: RouteConfiguration, there: KernelRoute): boolean =>
  there.protocol === ourProtocol &&
  route.family === there.family &&
  route.table === there.table &&
  route.destination === there.destination &&
  (route.metric || (route.family === 'ipv6' ? metricOfIPv6 : 0)) === there.metric;

/** Whether what is there is this route of ours, in all that it says. */
export const isRoute = (route: RouteConfiguration, there: KernelRoute, indexOf: IndexOf): boolean => {
  if (!isInPlaceOf(route, there) || types[route.type] !== there.type || route.source !== there.source || route.mtu !== there.mtu) return false;
  if (route.type !== 'unicast') return true; // IPv6 has them on lo
  return (
    route.nextHops.length === there.nextHops.length &&
    route.nextHops.every(({ via, interface: name, weight }) => there.nextHops.some((hop) => hop.via === via && hop.weight === weight && (name === undefined || hop.index === indexOf(name))))
  );
};

export const isUnicast = ({ type }: KernelRoute): boolean => type === types.unicast;
