/** VRRP over IPv6 on one interface, multicast and unicast: one raw socket that receives and one that only sends. */
import raw, { type Socket } from 'raw-socket';
import { VRRP_MULTICAST_IPV6, VRRP_PROTOCOL } from '../vrrp/packet.js';
import { encodeIPv6, isLinkLocal } from './ip-address.js';
import { IPv6Receiver } from './ipv6-receiver.js';
import { u32 } from './netlink-attributes.js';
import type { Link } from './rtnetlink.js';
import { PortSockets } from './port-sockets.js';
import type { Outgoing, VrrpPortEvents } from './vrrp-port.js';

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_LOOP = 19;
const IPV6_ADD_MEMBERSHIP = 20;
const IPV6_MULTICAST_ALL = 29;
const IPV6_HDRINCL = 36;
/** CS6, internetwork control */
const TRAFFIC_CLASS_INTERNETWORK_CONTROL = 0xc0;

/** RFC 8200, 3 */
export const withIPv6Header = ({ message, source, destination, ttl }: Outgoing): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(0x6000 | (TRAFFIC_CLASS_INTERNETWORK_CONTROL << 4), 0);
  header.writeUInt16BE(message.length, 4);
  header.writeUInt8(VRRP_PROTOCOL, 6);
  header.writeUInt8(ttl, 7);
  return Buffer.concat([header, encodeIPv6(source), encodeIPv6(destination), message]);
};

export class VrrpPortIPv6 extends PortSockets {
  /** @throws when the kernel refuses: EPERM without CAP_NET_RAW, ENODEV when the interface is gone */
  static open(link: Link, events: VrrpPortEvents): VrrpPortIPv6 {
    const device = Buffer.from(`${link.name}\0`);
    const sockets: Socket[] = [];
    const bound = <Opened extends Socket>(socket: Opened): Opened => {
      sockets.push(socket);
      socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, device, device.length);
      socket.setOption(IPPROTO_IPV6, IPV6_MULTICAST_ALL, u32(0), 4);
      return socket;
    };
    try {
      const receiver = bound(new IPv6Receiver(VRRP_PROTOCOL));
      const sender = bound(raw.createSocket({ protocol: VRRP_PROTOCOL, addressFamily: raw.AddressFamily.IPv6 }));
      // what arrives on a raw socket is queued whether it is read or not: this one keeps next to nothing
      sender.setOption(SOL_SOCKET, SO_RCVBUF, u32(0), 4);
      sender.setOption(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, u32(0), 4);
      sender.setOption(IPPROTO_IPV6, IPV6_MULTICAST_IF, u32(link.index), 4);
      sender.setOption(IPPROTO_IPV6, IPV6_HDRINCL, u32(1), 4);
      return new VrrpPortIPv6(link, receiver, sender, events);
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
  }

  protected override joinGroup(): void {
    /** struct ipv6_mreq */
    const membership = Buffer.concat([encodeIPv6(VRRP_MULTICAST_IPV6), u32(this.link.index)]);
    this.receiver.setOption(IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, membership, membership.length);
  }

  protected override addressed(outgoing: Outgoing): { readonly packet: Buffer; readonly destination: string } {
    const { destination } = outgoing;
    const scoped = destination === VRRP_MULTICAST_IPV6 || isLinkLocal(destination) ? `${destination}%${this.link.name}` : destination;
    return { packet: withIPv6Header(outgoing), destination: scoped };
  }
}
