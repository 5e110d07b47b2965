/** The Internet checksum (RFC 1071) as VRRP uses it: with or without the IPv4 pseudo-header. */
import { encodeIPv4 } from '../network/rtnetlink.js';

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

/** With the IPv4 pseudo-header in front, as keepalived and FRR send VRRPv3 over IPv4. */
export const pseudoHeaderChecksum = (message: Buffer, source: string, destination: string): number => {
  const header = Buffer.concat([encodeIPv4(source), encodeIPv4(destination), Buffer.from([0, VRRP_PROTOCOL, message.length >>> 8, message.length & 0xff])]);
  return ~sum(message, sum(header, 0)) & 0xffff;
};
