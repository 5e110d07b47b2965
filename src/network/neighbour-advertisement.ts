/** The unsolicited Neighbour Advertisement in an Ethernet frame (RFC 4861, 4.4 and 7.2.6; RFC 9568, 8.2.2). */
import { ipv6Checksum } from '../vrrp/checksum.js';
import { encodeIPv6 } from './ip-address.js';

const ETHERTYPE_IPV6 = 0x86dd;
const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x80;
const OVERRIDE = 0x20;
const TARGET_LINK_LAYER_ADDRESS = 2;
/** RFC 4861, 7.1.2: any other is discarded */
const HOP_LIMIT = 255;
const ALL_NODES = 'ff02::1';
/** of ff02::1 (RFC 2464, 7) */
const ALL_NODES_ETHERNET = Buffer.from('333300000001', 'hex');

/**
 * From `address` to all nodes, override set: every host that knows the address learns the new station.
 * @param hardwareAddress of the sending interface, 6 octets
 * @param router whether this host forwards (RFC 4861, 4.4: a host that said so before would be taken out of the default routers)
 * @returns the frame, 86 octets
 */
export const neighbourAdvertisement = (hardwareAddress: Buffer, address: string, router: boolean): Buffer => {
  const target = encodeIPv6(address);
  const message = Buffer.concat([Buffer.from([NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, OVERRIDE | (router ? ROUTER : 0), 0, 0, 0]), target, Buffer.from([TARGET_LINK_LAYER_ADDRESS, 1]), hardwareAddress]);
  message.writeUInt16BE(ipv6Checksum(message, address, ALL_NODES, ICMPV6), 2);
  const header = Buffer.alloc(10);
  header.writeUInt16BE(ETHERTYPE_IPV6, 0);
  header.writeUInt8(0x60, 2);
  header.writeUInt16BE(message.length, 6);
  header.writeUInt8(ICMPV6, 8);
  header.writeUInt8(HOP_LIMIT, 9);
  return Buffer.concat([ALL_NODES_ETHERNET, hardwareAddress, header, target, encodeIPv6(ALL_NODES), message]);
};
