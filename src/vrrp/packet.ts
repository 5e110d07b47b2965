/** The VRRP advertisement on the wire: version 2 (RFC 3768, 5.1; authentication data as in RFC 2338, 5.3.10) and 3 (RFC 9568, 5.1). */
import type { ChecksumForm } from '../config/model.js';
import { decodeIPv4, decodeIPv6, encodeAddress, type Family, familyOf } from '../network/ip-address.js';
import { Milliseconds, type Microseconds, Seconds } from '../time/microseconds.js';
import { plainChecksum, pseudoHeaderChecksum } from './checksum.js';
import { isTrailer, type SignedMessage, trailerLength } from './hmac-trailer.js';

/** RFC 9568, 5.1.1.2 */
export const VRRP_MULTICAST_IPV4 = '224.0.0.18';
/** RFC 9568, 5.1.2.2 */
export const VRRP_MULTICAST_IPV6 = 'ff02::12';
export const multicastGroup = (family: Family): string => (family === 'ipv6' ? VRRP_MULTICAST_IPV6 : VRRP_MULTICAST_IPV4);
/** RFC 9568, 5.1.1.4 */
export const VRRP_PROTOCOL = 112;
/** RFC 9568, 5.1.1.3 and 5.1.2.3 (there the hop limit): anything less crossed a router */
export const VRRP_TTL = 255;

const ADVERTISEMENT = 1;
const headerLength = 8;
const authenticationLength = 8;
const authenticationNone = 0;
const authenticationSimplePassword = 1;

interface AdvertisementBase {
  /** 1..255 */
  readonly virtualRouterId: number;
  /** 0 = the master resigns */
  readonly priority: number;
  readonly addresses: readonly string[];
}
export interface AdvertisementV2 extends AdvertisementBase {
  readonly version: 2;
  /** whole seconds on the wire */
  readonly interval: Microseconds;
  /** octets as latin1; undefined = authentication type 0 */
  readonly password: string | undefined;
}
export interface AdvertisementV3 extends AdvertisementBase {
  readonly version: 3;
  /** Max Advertise Interval, centiseconds on the wire */
  readonly interval: Microseconds;
  readonly checksum: ChecksumForm;
}
export type Advertisement = AdvertisementV2 | AdvertisementV3;

/** Why a packet is not taken; also the label of its counter (`rejected.<reason>`). */
export type RejectReason =
  | 'ip_header'
  | 'destination'
  | 'unicast_peer'
  | 'ttl'
  | 'too_short'
  | 'version'
  | 'unknown_virtual_router_id'
  | 'type'
  | 'length'
  | 'no_addresses'
  | 'checksum'
  | 'authentication_type'
  | 'authentication_failure'
  | 'advertisement_interval'
  | 'own_address';

/** `signed`: it has a trailer, which nobody has verified yet. */
export type Decoded = { readonly ok: true; readonly advertisement: Advertisement; readonly signed?: SignedMessage } | { readonly ok: false; readonly reason: RejectReason };

const rejected = (reason: RejectReason): Decoded => ({ ok: false, reason });

const passwordOctets = (password: string): Buffer => {
  const octets = Buffer.alloc(authenticationLength);
  octets.write(password, 'latin1');
  return octets;
};

/** Count IPvX Addr is one octet (RFC 9568, 5.2.5; RFC 3768, 5.3.5). */
const addressesAtMost = 255;

/**
 * How many IPv4 addresses an advertisement can list.
 * @param mtu of the interface, octets: an advertisement is never fragmented by us; undefined = not known
 * @param signed a trailer follows it
 */
export const addressesThatFit = (mtu: number | undefined, signed = false): number =>
  mtu === undefined ? addressesAtMost : Math.max(1, Math.min(addressesAtMost, Math.floor((mtu - 20 - headerLength - authenticationLength - (signed ? trailerLength : 0)) / 4)));

/**
 * The VRRP message, without the IP header; its addresses are of the source's family. Beyond that, source and destination are only
 * used by the pseudo-header's checksum, the only one that IPv6 has.
 * @param trailer what authenticates it; over IPv6 the checksum covers it, over IPv4 it does not (draft-cassen-vrrp-auth-hmac)
 */
export const encodeAdvertisement = (advertisement: Advertisement, source: string, destination = multicastGroup(familyOf(source)), trailer: Buffer = Buffer.alloc(0)): Buffer => {
  const { version, virtualRouterId, priority, addresses } = advertisement;
  const header = Buffer.alloc(headerLength);
  header.writeUInt8((version << 4) | ADVERTISEMENT, 0);
  header.writeUInt8(virtualRouterId, 1);
  header.writeUInt8(priority, 2);
  header.writeUInt8(addresses.length, 3);
  const parts = [header, ...addresses.map(encodeAddress)];
  if (version === 2) {
    const { password } = advertisement;
    header.writeUInt8(password === undefined ? authenticationNone : authenticationSimplePassword, 4);
    header.writeUInt8(Math.round(advertisement.interval / Seconds(1)), 5);
    parts.push(passwordOctets(password ?? ''));
  } else {
    header.writeUInt16BE(Math.round(advertisement.interval / Milliseconds(10)) & 0x0fff, 4);
  }
  const message = Buffer.concat([...parts, trailer]);
  const isIPv4 = familyOf(source) === 'ipv4';
  const covered = isIPv4 ? message.subarray(0, message.length - trailer.length) : message;
  const plain = version === 2 || (advertisement.checksum === 'rfc9568' && isIPv4);
  message.writeUInt16BE(plain ? plainChecksum(covered) : pseudoHeaderChecksum(covered, source, destination), 6);
  return message;
};

/** The version and VRID of a message, by which the virtual router that it is for is found. */
export const peek = (message: Buffer): { readonly version: number; readonly virtualRouterId: number } | undefined =>
  message.length < headerLength ? undefined : { version: message.readUInt8(0) >>> 4, virtualRouterId: message.readUInt8(1) };

/**
 * Decodes a VRRP message, and what authenticates it, whose length is exact (the IP payload, neither more nor less).
 * A version 3 checksum over IPv4 is right in either form; which one is told.
 */
export const decodeAdvertisement = (payload: Buffer, source: string, destination: string): Decoded => {
  if (payload.length < headerLength) return rejected('too_short');
  const version = payload.readUInt8(0) >>> 4;
  if (version !== 2 && version !== 3) return rejected('version');
  if ((payload.readUInt8(0) & 0x0f) !== ADVERTISEMENT) return rejected('type');
  const count = payload.readUInt8(3);
  const isIPv6 = familyOf(source) === 'ipv6';
  // RFC 9568, 5.1: version 3 only
  if (isIPv6 && version === 2) return rejected('version');
  const addressLength = isIPv6 ? 16 : 4;
  const end = headerLength + addressLength * count;
  const signed = version === 3 && isTrailer(payload.subarray(end)) ? { message: payload.subarray(0, end), trailer: payload.subarray(end) } : undefined;
  const message = signed?.message ?? payload;
  if (message.length !== end + (version === 2 ? authenticationLength : 0)) return rejected('length');
  const addresses = Array.from({ length: count }, (_, index) => (isIPv6 ? decodeIPv6 : decodeIPv4)(message, headerLength + addressLength * index));
  const common = { virtualRouterId: message.readUInt8(1), priority: message.readUInt8(2), addresses };
  if (version === 2) {
    if (plainChecksum(message) !== 0) return rejected('checksum');
    const authentication = message.readUInt8(4);
    if (authentication !== authenticationNone && authentication !== authenticationSimplePassword) return rejected('authentication_type');
    const password = authentication === authenticationNone ? undefined : message.subarray(end).toString('latin1').replace(/\0+$/, '');
    return { ok: true, advertisement: { version, ...common, interval: Seconds(message.readUInt8(5)), password } };
  }
  const checksum: ChecksumForm | undefined =
    pseudoHeaderChecksum(isIPv6 ? payload : message, source, destination) === 0 ? 'pseudo_header' : !isIPv6 && plainChecksum(message) === 0 ? 'rfc9568' : undefined;
  if (!checksum) return rejected('checksum');
  // the four reserved bits are ignored on receipt (RFC 9568, 5.2.6)
  const interval = Milliseconds(10 * (message.readUInt16BE(4) & 0x0fff));
  // zero has no meaning (RFC 9568, 5.2.7) and would leave no time to hear the next one
  if (interval === 0) return rejected('advertisement_interval');
  // RFC 9568, 5.2.5
  if (count === 0) return rejected('no_addresses');
  return { ok: true, advertisement: { version, ...common, interval, checksum }, ...(signed && { signed }) };
};
