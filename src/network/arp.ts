/** Gratuitous ARP in an Ethernet frame (RFC 826; RFC 5227, 3; RFC 9568, 8.2.1). */
import { encodeIPv4 } from './rtnetlink.js';

const ETHERTYPE_ARP = 0x0806;
const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;
const REQUEST = 1;
const BROADCAST = Buffer.alloc(6, 0xff);

/**
 * An ARP request, sender and target both `address`, broadcast: every host that knows the address learns the new station.
 * @param hardwareAddress of the sending interface, 6 octets
 * @returns the frame, 42 octets (the driver pads it)
 */
export const gratuitousArp = (hardwareAddress: Buffer, address: string): Buffer => {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(ETHERTYPE_ARP, 0);
  header.writeUInt16BE(HARDWARE_ETHERNET, 2);
  header.writeUInt16BE(PROTOCOL_IPV4, 4);
  header.writeUInt8(6, 6);
  header.writeUInt8(4, 7);
  header.writeUInt16BE(REQUEST, 8);
  const ip = encodeIPv4(address);
  return Buffer.concat([BROADCAST, hardwareAddress, header, hardwareAddress, ip, BROADCAST, ip]);
};
