/** A destination (real server) of an IPVS service, and its form in a message (IPVS_DEST_ATTR_*, linux/ip_vs.h). */
import type { ForwardingMethod, Tunnel } from '../config/model.js';
import { familyOf, formatEndpoint } from '../network/ip-address.js';
import { type Attribute, decodeAttributes, encodeAttributes, readU16, readU16be, readU32, u16, u16be, u32, u8, writeU16, writeU32 } from '../network/netlink-attributes.js';
import * as ipvs from './constants.js';
import { type Attributes, decodeAddress, decodeFamily, encodeAddress, encodeFamily, IpvsMessageError, required } from './message.js';

export interface DestinationSelector {
  readonly address: string;
  readonly port: number;
}

export interface DestinationSettings {
  /** `local` and `bypass` cannot be asked for by the configuration, but the kernel has them */
  readonly forwarding: ForwardingMethod | 'local' | 'bypass';
  /** with forwarding `tun`; absent = ipip */
  readonly tunnel?: Tunnel | undefined;
  /** 0 = no new connections */
  readonly weight: number;
  /** connections at which the kernel stops giving it new ones; absent or 0 = none */
  readonly upperThreshold?: number | undefined;
  /** connections below which it begins again; absent or 0 = three quarters of the upper */
  readonly lowerThreshold?: number | undefined;
}

export interface ConnectionCounts {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  /** persistence templates */
  readonly persistentConnections: number;
}

export type DestinationEntry = DestinationSelector & DestinationSettings;
/** As the kernel reports it. */
export type Destination = DestinationEntry & ConnectionCounts;

const methods = ['nat', 'local', 'tun', 'dr', 'bypass'] as const; // IP_VS_CONN_F_MASQ ... _BYPASS
const tunnelTypes = ['ipip', 'gue', 'gre'] as const; // IP_VS_CONN_F_TUNNEL_TYPE_*
const checksums = ['none', 'plain', 'remote'] as const; // IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM, _CSUM, _REMCSUM
const ipip: Tunnel = { type: 'ipip', port: 0, checksum: 'none' };

const tunnelOf = (settings: DestinationSettings): Tunnel => (settings.forwarding === 'tun' ? (settings.tunnel ?? ipip) : ipip);

/** What the kernel tells the destinations of one service apart by, as text. */
export const destinationKey = ({ address, port }: DestinationSelector): string => formatEndpoint(address, port);

export const sameDestination = (a: DestinationSettings, b: DestinationSettings): boolean => {
  const [ours, theirs] = [tunnelOf(a), tunnelOf(b)];
  // a kernel may call `local` what it delivers to itself, whatever was asked for
  const local = a.forwarding === 'local' || b.forwarding === 'local';
  return (
    a.weight === b.weight &&
    (local || (a.forwarding === b.forwarding && ours.type === theirs.type && ours.port === theirs.port && ours.checksum === theirs.checksum)) &&
    (a.upperThreshold ?? 0) === (b.upperThreshold ?? 0) &&
    (a.lowerThreshold ?? 0) === (b.lowerThreshold ?? 0)
  );
};

/** In any order. */
export const sameDestinations = (some: readonly DestinationEntry[], others: readonly DestinationEntry[] = []): boolean => {
  if (some.length !== others.length) return false;
  const byKey = new Map(others.map((destination) => [destinationKey(destination), destination]));
  return some.every((destination) => {
    const other = byKey.get(destinationKey(destination));
    return other !== undefined && sameDestination(destination, other);
  });
};

/** The attributes that select a destination. */
export const encodeDestinationSelector = ({ address, port }: DestinationSelector): readonly Attribute[] => [
  { type: ipvs.IPVS_DEST_ATTR_ADDR_FAMILY, value: u16(encodeFamily(familyOf(address))) },
  { type: ipvs.IPVS_DEST_ATTR_ADDR, value: encodeAddress(address) },
  { type: ipvs.IPVS_DEST_ATTR_PORT, value: u16be(port) },
];

export const encodeDestination = (destination: DestinationEntry): readonly Attribute[] => {
  const tunnel = tunnelOf(destination);
  return [
    ...encodeDestinationSelector(destination),
    { type: ipvs.IPVS_DEST_ATTR_FWD_METHOD, value: u32(methods.indexOf(destination.forwarding)) },
    { type: ipvs.IPVS_DEST_ATTR_WEIGHT, value: u32(destination.weight) },
    { type: ipvs.IPVS_DEST_ATTR_TUN_TYPE, value: u8(tunnelTypes.indexOf(tunnel.type)) },
    { type: ipvs.IPVS_DEST_ATTR_TUN_PORT, value: u16be(tunnel.port) },
    { type: ipvs.IPVS_DEST_ATTR_TUN_FLAGS, value: u16(checksums.indexOf(tunnel.checksum)) },
    { type: ipvs.IPVS_DEST_ATTR_U_THRESH, value: u32(destination.upperThreshold ?? 0) },
    { type: ipvs.IPVS_DEST_ATTR_L_THRESH, value: u32(destination.lowerThreshold ?? 0) },
  ];
};

/** A destination that `writeDestination` makes another. */
const anyDestination: DestinationEntry = { address: '0.0.0.0', port: 0, forwarding: 'nat', weight: 0 };
/** The content of IPVS_CMD_ATTR_DEST. */
export const anyDestinationContent = encodeAttributes(encodeDestination(anyDestination));
const contentLength = anyDestinationContent.length;

const writeAddress = (content: Buffer, address: string, offset: number): void => {
  if (familyOf(address) === 'ipv6') return void encodeAddress(address).copy(content, offset);
  let octet = 0;
  let at = offset;
  for (let index = 0; index < address.length; index++) {
    const code = address.charCodeAt(index);
    if (code === 46) {
      content[at++] = octet;
      octet = 0;
    } else octet = 10 * octet + code - 48;
  }
  content[at] = octet;
};

/** In place of the destination at the end of a message, as `encodeDestination` lists it: there may be ten thousand. */
export const writeDestination = (message: Buffer, destination: DestinationEntry): void => {
  const tunnel = tunnelOf(destination);
  const content = message.length - contentLength;
  writeU16(message, encodeFamily(familyOf(destination.address)), content + 4);
  writeAddress(message, destination.address, content + 12);
  message.writeUInt16BE(destination.port, content + 32);
  writeU32(message, methods.indexOf(destination.forwarding), content + 40);
  writeU32(message, destination.weight, content + 48);
  message.writeUInt8(tunnelTypes.indexOf(tunnel.type), content + 56);
  message.writeUInt16BE(tunnel.port, content + 64);
  writeU16(message, checksums.indexOf(tunnel.checksum), content + 72);
  writeU32(message, destination.upperThreshold ?? 0, content + 80);
  writeU32(message, destination.lowerThreshold ?? 0, content + 88);
};

const decodeTunnel = (attributes: Attributes): Tunnel => {
  const type = attributes.get(ipvs.IPVS_DEST_ATTR_TUN_TYPE); // absent before Linux 5.3
  if (!type) return ipip;
  const name = tunnelTypes[type[0] ?? 0];
  if (!name) throw new IpvsMessageError(`tunnel type ${type[0]}`);
  const flags = readU16(attributes.get(ipvs.IPVS_DEST_ATTR_TUN_FLAGS) ?? u16(0));
  const checksum = checksums[flags];
  if (!checksum) throw new IpvsMessageError(`tunnel flags ${flags}`);
  return { type: name, port: readU16be(attributes.get(ipvs.IPVS_DEST_ATTR_TUN_PORT) ?? u16be(0)), checksum };
};

/**
 * The content of IPVS_CMD_ATTR_DEST. A request has no connection counts: 0 then.
 * @throws IpvsMessageError, NetlinkFormatError
 */
export const decodeDestination = (content: Buffer): Destination => {
  const attributes = decodeAttributes(content);
  const count = (type: number): number => readU32(attributes.get(type) ?? u32(0));
  // absent before Linux 3.18, which knew only destinations of the service's own family
  const familyAttribute = attributes.get(ipvs.IPVS_DEST_ATTR_ADDR_FAMILY);
  const family = familyAttribute ? decodeFamily(readU16(familyAttribute)) : 'ipv4';
  const method = readU32(required(attributes, ipvs.IPVS_DEST_ATTR_FWD_METHOD, 'the forwarding method', 4)) & ipvs.IP_VS_CONN_F_FWD_MASK;
  const forwarding = methods[method];
  if (!forwarding) throw new IpvsMessageError(`forwarding method ${method}`);
  return {
    address: decodeAddress(family, required(attributes, ipvs.IPVS_DEST_ATTR_ADDR, 'the address', 4)),
    port: required(attributes, ipvs.IPVS_DEST_ATTR_PORT, 'the port', 2).readUInt16BE(),
    forwarding,
    tunnel: forwarding === 'tun' ? decodeTunnel(attributes) : undefined,
    weight: readU32(required(attributes, ipvs.IPVS_DEST_ATTR_WEIGHT, 'the weight', 4)),
    upperThreshold: count(ipvs.IPVS_DEST_ATTR_U_THRESH),
    lowerThreshold: count(ipvs.IPVS_DEST_ATTR_L_THRESH),
    activeConnections: count(ipvs.IPVS_DEST_ATTR_ACTIVE_CONNS),
    inactiveConnections: count(ipvs.IPVS_DEST_ATTR_INACT_CONNS),
    persistentConnections: count(ipvs.IPVS_DEST_ATTR_PERSIST_CONNS),
  };
};
