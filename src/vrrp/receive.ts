/** The ladder of checks that a received packet climbs before the machine hears of it (RFC 9568, 7.1; RFC 3768, 7.1). Pure. */
import { timingSafeEqual } from 'node:crypto';
import type { InstanceConfiguration } from '../config/model.js';
import { decodeIPv4, decodeIPv6, familyOf } from '../network/ip-address.js';
import type { SignedMessage } from './hmac-trailer.js';
import { type Advertisement, decodeAdvertisement, peek, type RejectReason, multicastGroup, VRRP_PROTOCOL, VRRP_TTL } from './packet.js';

export interface IPPacket {
  readonly source: string;
  readonly destination: string;
  /** IPv6: hop limit */
  readonly ttl: number;
  readonly payload: Buffer;
}

/** An IPv4 packet as a raw socket delivers it, header and all; undefined when the header is not sound. */
export const decodeIPv4Packet = (packet: Buffer): IPPacket | undefined => {
  if (packet.length < 20 || packet.readUInt8(0) >>> 4 !== 4 || packet.readUInt8(9) !== VRRP_PROTOCOL) return undefined;
  const headerLength = (packet.readUInt8(0) & 0x0f) * 4;
  const totalLength = packet.readUInt16BE(2);
  if (headerLength < 20 || totalLength < headerLength || totalLength !== packet.length) return undefined;
  return {
    source: decodeIPv4(packet, 12),
    destination: decodeIPv4(packet, 16),
    ttl: packet.readUInt8(8),
    payload: packet.subarray(headerLength),
  };
};

/** An IPv6 packet without extension headers; undefined when it is none. */
export const decodeIPv6Packet = (packet: Buffer): IPPacket | undefined => {
  if (packet.length < 40 || packet.readUInt8(0) >>> 4 !== 6 || packet.readUInt8(6) !== VRRP_PROTOCOL) return undefined;
  if (packet.readUInt16BE(4) !== packet.length - 40) return undefined;
  return { source: decodeIPv6(packet, 8), destination: decodeIPv6(packet, 24), ttl: packet.readUInt8(7), payload: packet.subarray(40) };
};

export type Received<Instance> =
  | { readonly ok: true; readonly instance: Instance; readonly source: string; readonly advertisement: Advertisement; readonly signed?: SignedMessage }
  /** `instance` is missing when the packet is for none that we know */
  | { readonly ok: false; readonly reason: RejectReason; readonly instance?: Instance; readonly source?: string };

const samePassword = (heard: string, ours: string): boolean => {
  const [a, b] = [Buffer.alloc(8), Buffer.alloc(8)];
  a.write(heard, 'latin1');
  b.write(ours, 'utf8');
  return timingSafeEqual(a, b);
};

const mismatch = (advertisement: Advertisement, isSigned: boolean, configuration: InstanceConfiguration): RejectReason | undefined => {
  const { authentication } = configuration;
  if (advertisement.version !== 2) return isSigned && authentication?.type !== 'hmac' ? 'authentication_type' : undefined;
  const ours = authentication?.type === 'pass' ? authentication.password : undefined;
  if ((ours === undefined) !== (advertisement.password === undefined)) return 'authentication_type';
  if (ours !== undefined && !samePassword(advertisement.password ?? '', ours)) return 'authentication_failure';
  // RFC 3768, 7.1: the Adver Interval in the packet must be the locally configured one
  return advertisement.interval === configuration.advertisementInterval ? undefined : 'advertisement_interval';
};

/** Multicast must come to the group and from this segment; unicast to our source address, from a peer, within its bounds. */
const misdirected = ({ source, destination, ttl }: IPPacket, instance: { readonly configuration: InstanceConfiguration; readonly source: string | undefined }): RejectReason | undefined => {
  const { unicast } = instance.configuration;
  if (!unicast) return destination !== multicastGroup(familyOf(source)) ? 'destination' : ttl !== VRRP_TTL ? 'ttl' : undefined;
  if (destination !== instance.source) return 'destination';
  if (!unicast.peers.includes(source)) return 'unicast_peer';
  return ttl < unicast.minTtl || ttl > unicast.maxTtl ? 'ttl' : undefined;
};

/**
 * Whether a packet is one for an instance; a signature (`signed`) is left to the instance's authenticator, which remembers what it heard.
 * @param packet with its IP header
 * @param find the instance of the packet's family with this VRID on the interface that it came in by
 */
export const receive = <Instance extends { readonly configuration: InstanceConfiguration; readonly source: string | undefined }>(
  packet: Buffer,
  find: (virtualRouterId: number, version: number) => Instance | undefined,
): Received<Instance> => {
  const ip = decodeIPv4Packet(packet) ?? decodeIPv6Packet(packet);
  if (!ip) return { ok: false, reason: 'ip_header' };
  const { source } = ip;
  const head = peek(ip.payload);
  if (!head) return { ok: false, reason: 'too_short', source };
  const instance = find(head.virtualRouterId, head.version);
  if (!instance) return { ok: false, reason: 'unknown_virtual_router_id', source };
  const no = (reason: RejectReason): Received<Instance> => ({ ok: false, reason, instance, source });
  const stray = misdirected(ip, instance);
  if (stray) return no(stray);
  if (head.version !== instance.configuration.version) return no('version');
  const decoded = decodeAdvertisement(ip.payload, source, ip.destination);
  if (!decoded.ok) return no(decoded.reason);
  if (source === instance.source) return no('own_address');
  const { advertisement, signed } = decoded;
  const reason = mismatch(advertisement, signed !== undefined, instance.configuration);
  return reason ? no(reason) : { ok: true, instance, source, advertisement, ...(signed && { signed }) };
};
