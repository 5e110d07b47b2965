/** Advertisements as whole Ethernet frames whose source is the virtual MAC address (RFC 9568, 7.2): to the multicast group only. */
import { plainChecksum } from '../vrrp/checksum.js';
import { encodeAddress, familyOf } from './ip-address.js';
import { hardwareAddressOf } from './macvlan.js';
import { u16be } from './netlink-attributes.js';
import { PacketSocket } from './packet-socket.js';
import type { Link } from './rtnetlink.js';
import { type Outgoing, withIPv4Header } from './vrrp-port.js';
import { withIPv6Header } from './vrrp-port-ipv6.js';

const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;

/** @param outgoing to a multicast group: RFC 1112, 6.4 and RFC 2464, 7 say the hardware address that follows from it */
export const virtualMacFrame = (virtualMac: string, outgoing: Outgoing): Buffer => {
  const group = encodeAddress(outgoing.destination);
  const from = hardwareAddressOf(virtualMac);
  if (familyOf(outgoing.destination) === 'ipv6') return Buffer.concat([Buffer.from([0x33, 0x33]), group.subarray(12), from, u16be(ETH_P_IPV6), withIPv6Header(outgoing)]);
  const packet = withIPv4Header(outgoing);
  packet.writeUInt16BE(plainChecksum(packet.subarray(0, 20)), 10); // nobody else fills it in here
  const to = Buffer.from([0x01, 0x00, 0x5e, group.readUInt8(1) & 0x7f, group.readUInt8(2), group.readUInt8(3)]);
  return Buffer.concat([to, from, u16be(ETH_P_IP), packet]);
};

/** Sends them out of the interface below the macvlan: whatever that one's state, and before anything else of a takeover. */
export class VirtualMacSender {
  private readonly sockets = new Map<string, { readonly index: number; readonly socket: PacketSocket }>();

  /** @throws with `code`: EAGAIN and ENOBUFS when the queue is full, ENETDOWN when the interface is down, ENODEV when it is gone */
  send({ name, index }: Link, virtualMac: string, outgoing: Outgoing): void {
    let known = this.sockets.get(name);
    if (known && known.index !== index) {
      known.socket.close();
      this.sockets.delete(name);
      known = undefined;
    }
    const { socket } = known ?? { socket: new PacketSocket(index) };
    if (!known) this.sockets.set(name, { index, socket });
    socket.write(virtualMacFrame(virtualMac, outgoing));
  }

  close(): void {
    for (const { socket } of this.sockets.values()) socket.close();
    this.sockets.clear();
  }
}
