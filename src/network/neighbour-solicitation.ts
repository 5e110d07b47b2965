/** The Neighbour Solicitation in an Ethernet frame, by which a master asks who else has an address of its own (RFC 4861, 4.3). */
import { icmpv6Frame, SOURCE_LINK_LAYER_ADDRESS } from './icmpv6-frame.js';
import { decodeIPv6, encodeIPv6 } from './ip-address.js';

const NEIGHBOUR_SOLICITATION = 135;

/**
 * To the solicited-node group of `target`. Who has it answers to `source` alone. A probe from :: as of duplicate address detection
 * would be answered to all nodes, and teach them the wrong station.
 * @param hardwareAddress of the sending interface, 6 octets
 * @param source a link-local address of that interface's own
 * @returns the frame, 86 octets
 */
export const neighbourSolicitation = (hardwareAddress: Buffer, source: string, target: string): Buffer => {
  const address = encodeIPv6(target);
  const last = address.subarray(13);
  // RFC 4291, 2.7.1: ff02::1:ff00:0/104; RFC 2464, 7
  const group = decodeIPv6(Buffer.concat([Buffer.from('ff0200000000000000000001ff', 'hex'), last]));
  const message = Buffer.concat([Buffer.from([NEIGHBOUR_SOLICITATION, 0, 0, 0, 0, 0, 0, 0]), address, Buffer.from([SOURCE_LINK_LAYER_ADDRESS, 1]), hardwareAddress]);
  return icmpv6Frame(Buffer.concat([Buffer.from('3333ff', 'hex'), last]), hardwareAddress, source, group, message);
};
