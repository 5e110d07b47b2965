/** ARP in an Ethernet frame: gratuitous ARP, probes, and what others send (RFC 826; RFC 5227, 3; RFC 9568, 8.2.1). */
import { decodeIPv4, encodeIPv4 } from './rtnetlink.js';

const ETHERTYPE_ARP = 0x0806;
const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;
const REQUEST = 1;
const REPLY = 2;
const BROADCAST = Buffer.alloc(6, 0xff);

/** Ethernet's type and all of the ARP packet before its addresses. */
const requestHeader = (): Buffer => {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(ETHERTYPE_ARP, 0);
  header.writeUInt16BE(HARDWARE_ETHERNET, 2);
  header.writeUInt16BE(PROTOCOL_IPV4, 4);
  header.writeUInt8(6, 6);
  header.writeUInt8(4, 7);
  header.writeUInt16BE(REQUEST, 8);
  return header;
};

/**
 * An ARP request, sender and target both `address`, broadcast: every host that knows the address learns the new station.
 * @param hardwareAddress of the sending interface, 6 octets
 * @returns the frame, 42 octets (the driver pads it)
 */
export const gratuitousArp = (hardwareAddress: Buffer, address: string): Buffer => {
  const ip = encodeIPv4(address);
  return Buffer.concat([BROADCAST, hardwareAddress, requestHeader(), hardwareAddress, ip, BROADCAST, ip]);
};

/**
 * An ARP probe (RFC 5227, 2.1.1): a request whose sender address is 0.0.0.0. Linux answers it for an address of its own unless
 * arp_ignore forbids it, whatever its routes and rp_filter say; nobody learns anything from it, and no proxy ARP answers it.
 * @param hardwareAddress of the sending interface, 6 octets
 */
export const arpProbe = (hardwareAddress: Buffer, address: string): Buffer =>
  Buffer.concat([BROADCAST, hardwareAddress, requestHeader(), hardwareAddress, Buffer.alloc(10), encodeIPv4(address)]);

export interface ArpPacket {
  readonly operation: 'request' | 'reply';
  /** `02:00:00:00:00:01` */
  readonly senderHardwareAddress: string;
  /** dotted quad; 0.0.0.0 in a probe */
  readonly senderAddress: string;
  readonly targetAddress: string;
}

/** `02:00:00:00:00:01` */
export const describeHardwareAddress = (hardwareAddress: Buffer): string => [...hardwareAddress].map((octet) => octet.toString(16).padStart(2, '0')).join(':');

/** Undefined for what is not ARP for IPv4 over Ethernet. */
export const decodeArp = (frame: Buffer): ArpPacket | undefined => {
  if (frame.length < 42 || frame.readUInt16BE(12) !== ETHERTYPE_ARP || frame.readUInt16BE(14) !== HARDWARE_ETHERNET) return undefined;
  if (frame.readUInt16BE(16) !== PROTOCOL_IPV4 || frame.readUInt8(18) !== 6 || frame.readUInt8(19) !== 4) return undefined;
  const operation = frame.readUInt16BE(20);
  if (operation !== REQUEST && operation !== REPLY) return undefined;
  return {
    operation: operation === REQUEST ? 'request' : 'reply',
    senderHardwareAddress: describeHardwareAddress(frame.subarray(22, 28)),
    senderAddress: decodeIPv4(frame, 28),
    targetAddress: decodeIPv4(frame, 38),
  };
};
