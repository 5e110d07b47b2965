/** The Neighbour Advertisement in an Ethernet frame: the unsolicited one that we send, and those of others (RFC 4861, 4.4 and 7.2.6; RFC 9568, 8.2.2). */
import { describeHardwareAddress } from './arp.js';
import { ETHERTYPE_IPV6, HOP_LIMIT, ICMPV6, icmpv6Frame, TARGET_LINK_LAYER_ADDRESS } from './icmpv6-frame.js';
import { decodeIPv6, encodeIPv6 } from './ip-address.js';

export const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;
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
  const flags = OVERRIDE | (router ? ROUTER : 0);
  const message = Buffer.concat([Buffer.from([NEIGHBOUR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0]), encodeIPv6(address), Buffer.from([TARGET_LINK_LAYER_ADDRESS, 1]), hardwareAddress]);
  return icmpv6Frame(ALL_NODES_ETHERNET, hardwareAddress, address, ALL_NODES, message);
};

export interface HeardNeighbour {
  /** whose station is told */
  readonly target: string;
  /** `02:00:00:00:00:01`: of the option, else of the frame */
  readonly hardwareAddress: string;
  /** it answers a solicitation */
  readonly solicited: boolean;
}

/** Ethernet and IPv6 headers */
const messageStart = 14 + 40;

/** Undefined for what is not a sound Neighbour Advertisement without extension headers (RFC 4861, 7.1.2). The checksum is not looked at. */
export const decodeNeighbourAdvertisement = (frame: Buffer): HeardNeighbour | undefined => {
  if (frame.length < messageStart + 24 || frame.readUInt16BE(12) !== ETHERTYPE_IPV6 || frame.readUInt8(20) !== ICMPV6 || frame.readUInt8(21) !== HOP_LIMIT) return undefined;
  if (frame.readUInt8(messageStart) !== NEIGHBOUR_ADVERTISEMENT || frame.readUInt8(messageStart + 1) !== 0) return undefined;
  const end = messageStart + frame.readUInt16BE(18);
  if (end > frame.length) return undefined;
  let hardwareAddress = frame.subarray(6, 12);
  for (let offset = messageStart + 24; offset < end; ) {
    const length = offset + 1 < end ? 8 * frame.readUInt8(offset + 1) : 0;
    if (length === 0 || offset + length > end) return undefined;
    if (frame.readUInt8(offset) === TARGET_LINK_LAYER_ADDRESS && length === 8) hardwareAddress = frame.subarray(offset + 2, offset + 8);
    offset += length;
  }
  return { target: decodeIPv6(frame, messageStart + 8), hardwareAddress: describeHardwareAddress(hardwareAddress), solicited: (frame.readUInt8(messageStart + 4) & SOLICITED) !== 0 };
};
