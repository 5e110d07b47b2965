/** The Internet checksum (RFC 1071) as VRRP uses it: with or without a pseudo-header. */
import { encodeIPv4, encodeIPv6, familyOf } from '../network/ip-address.js';

const VRRP_PROTOCOL = 112;

/** One's complement sum of 16-bit words; an odd last octet is padded with zero. */
const sum = (buffer: Buffer, initial: number): number => {
  let total = initial;
  for (let offset = 0; offset + 1 < buffer.length; offset += 2) total += buffer.readUInt16BE(offset);
  if (buffer.length % 2 === 1) total += (buffer[buffer.length - 1] ?? 0) << 8;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
};

/** Over the VRRP message alone: VRRPv2 (RFC 3768, 5.3.8), and VRRPv3 over IPv4 by RFC 9568, 5.2.8. Zero over a message whose checksum is right. */
export const plainChecksum = (message: Buffer): number => ~sum(message, 0) & 0xffff;

/** With the pseudo-header of RFC 8200, 8.1 in front. */
export const ipv6Checksum = (message: Buffer, source: string, destination: string, nextHeader: number): number => {
  const header = Buffer.concat([encodeIPv6(source), encodeIPv6(destination), Buffer.from([0, 0, message.length >>> 8, message.length & 0xff, 0, 0, 0, nextHeader])]);
  return ~sum(message, sum(header, 0)) & 0xffff;
};

/** With the pseudo-header in front: VRRPv3 over IPv6 (RFC 9568, 5.2.8), and over IPv4 as keepalived and FRR send it. */
export const pseudoHeaderChecksum = (message: Buffer, source: string, destination: string): number => {
  if (familyOf(source) === 'ipv6') return ipv6Checksum(message, source, destination, VRRP_PROTOCOL);
  const header = Buffer.concat([encodeIPv4(source), encodeIPv4(destination), Buffer.from([0, VRRP_PROTOCOL, message.length >>> 8, message.length & 0xff])]);
  return ~sum(message, sum(header, 0)) & 0xffff;
};
