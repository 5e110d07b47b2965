/** ICMPv6 of Neighbour Discovery in an Ethernet frame (RFC 4861; RFC 8200). */
import { ipv6Checksum } from '../vrrp/checksum.js';
import { encodeIPv6 } from './ip-address.js';

export const ETHERTYPE_IPV6 = 0x86dd;
export const ICMPV6 = 58;
/** RFC 4861, 7.1: any other is discarded */
export const HOP_LIMIT = 255;
export const SOURCE_LINK_LAYER_ADDRESS = 1;
export const TARGET_LINK_LAYER_ADDRESS = 2;

/**
 * @param to, from Ethernet addresses, 6 octets
 * @param message its checksum is filled in
 */
export const icmpv6Frame = (to: Buffer, from: Buffer, source: string, destination: string, message: Buffer): Buffer => {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(ETHERTYPE_IPV6, 0);
  header.writeUInt8(0x60, 2);
  header.writeUInt16BE(message.length, 6);
  header.writeUInt8(ICMPV6, 8);
  header.writeUInt8(HOP_LIMIT, 9);
  const sum = Buffer.alloc(2);
  sum.writeUInt16BE(ipv6Checksum(message, source, destination, ICMPV6));
  return Buffer.concat([to, from, header, encodeIPv6(source), encodeIPv6(destination), message.subarray(0, 2), sum, message.subarray(4)]);
};
