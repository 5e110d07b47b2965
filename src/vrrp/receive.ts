/** The ladder of checks that a received packet climbs before the machine hears of it (RFC 9568, 7.1; RFC 3768, 7.1). Pure. */
import { timingSafeEqual } from 'node:crypto';
import type { InstanceConfiguration } from '../config/model.js';
import { decodeIPv4 } from '../network/rtnetlink.js';
import { type Advertisement, decodeAdvertisement, peek, type RejectReason, VRRP_MULTICAST_IPV4, VRRP_PROTOCOL, VRRP_TTL } from './packet.js';

export interface IPv4Packet {
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly payload: Buffer;
}

/** An IPv4 packet as a raw socket delivers it, header and all; undefined when the header is not sound. */
export const decodeIPv4Packet = (packet: Buffer): IPv4Packet | undefined => {
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

export type Received<Instance> =
  | { readonly ok: true; readonly instance: Instance; readonly source: string; readonly advertisement: Advertisement }
  /** `instance` is missing when the packet is for none that we know */
  | { readonly ok: false; readonly reason: RejectReason; readonly instance?: Instance; readonly source?: string };

const samePassword = (heard: string, ours: string): boolean => {
  const [a, b] = [Buffer.alloc(8), Buffer.alloc(8)];
  a.write(heard, 'latin1');
  b.write(ours, 'utf8');
  return timingSafeEqual(a, b);
};

const mismatch = (advertisement: Advertisement, configuration: InstanceConfiguration): RejectReason | undefined => {
  if (advertisement.version !== 2) return undefined;
  const ours = configuration.authentication?.password;
  if ((ours === undefined) !== (advertisement.password === undefined)) return 'authentication_type';
  if (ours !== undefined && !samePassword(advertisement.password ?? '', ours)) return 'authentication_failure';
  // RFC 3768, 7.1: the Adver Interval in the packet must be the locally configured one
  return advertisement.interval === configuration.advertisementInterval ? undefined : 'advertisement_interval';
};

/** Multicast must come to the group and from this segment; unicast to our source address, from a peer, within its bounds. */
const misdirected = ({ source, destination, ttl }: IPv4Packet, instance: { readonly configuration: InstanceConfiguration; readonly source: string | undefined }): RejectReason | undefined => {
  const { unicast } = instance.configuration;
  if (!unicast) return destination !== VRRP_MULTICAST_IPV4 ? 'destination' : ttl !== VRRP_TTL ? 'ttl' : undefined;
  if (destination !== instance.source) return 'destination';
  if (!unicast.peers.includes(source)) return 'unicast_peer';
  return ttl < unicast.minTtl || ttl > unicast.maxTtl ? 'ttl' : undefined;
};

/**
 * @param packet with its IP header
 * @param find the instance with this VRID on the interface that the packet came in by
 */
export const receive = <Instance extends { readonly configuration: InstanceConfiguration; readonly source: string | undefined }>(
  packet: Buffer,
  find: (virtualRouterId: number, version: number) => Instance | undefined,
): Received<Instance> => {
  const ip = decodeIPv4Packet(packet);
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
  const reason = mismatch(decoded.advertisement, instance.configuration);
  return reason ? no(reason) : { ok: true, instance, source, advertisement: decoded.advertisement };
};
