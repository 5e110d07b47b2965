/** VRRP over IPv4 on one interface, multicast and unicast: one raw socket that receives and one that only sends. */
import raw, { type Socket } from 'raw-socket';
import { VRRP_MULTICAST_IPV4, VRRP_PROTOCOL } from '../vrrp/packet.js';
import { u32 } from './netlink-attributes.js';
import { PortSockets } from './port-sockets.js';
import { encodeIPv4, type Link } from './rtnetlink.js';

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const IPPROTO_IP = 0;
const IP_HDRINCL = 3;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;
/** CS6, internetwork control */
const TOS_INTERNETWORK_CONTROL = 0xc0;

/** struct ip_mreqn of an interface and no address of it */
const multicastRequest = (group: string, index: number): Buffer => Buffer.concat([encodeIPv4(group), encodeIPv4('0.0.0.0'), u32(index)]);

/** An advertisement on its way. */
export interface Outgoing {
  readonly message: Buffer;
  /** address of this interface that it is sent from */
  readonly source: string;
  /** the multicast group, or a peer */
  readonly destination: string;
  readonly ttl: number;
}

/** RFC 791, 3.1; with IP_HDRINCL the kernel fills in the identification and the checksum. */
export const withIPv4Header = ({ message, source, destination, ttl }: Outgoing): Buffer => {
  const header = Buffer.alloc(12);
  header.writeUInt8(0x45, 0);
  header.writeUInt8(TOS_INTERNETWORK_CONTROL, 1);
  header.writeUInt16BE(20 + message.length, 2);
  header.writeUInt8(ttl, 8);
  header.writeUInt8(VRRP_PROTOCOL, 9);
  return Buffer.concat([header, encodeIPv4(source), encodeIPv4(destination), message]);
};

export interface VrrpPortEvents {
  /** the whole IP packet */
  readonly onPacket: (packet: Buffer) => void;
  /** the sockets are closed already */
  readonly onError: (error: Error) => void;
}

/** The sockets of one interface and family. */
export interface Port {
  readonly link: Link;
  /** Receives what is sent to the group, too, from now on. @throws when the kernel refuses */
  join(): void;
  /**
   * @param wanted asked again when its turn comes; false drops it
   * @param done with undefined when the kernel took it (or it was dropped)
   */
  send(outgoing: Outgoing, wanted: () => boolean, done: (error: Error | undefined) => void): void;
  close(): void;
}

export class VrrpPort extends PortSockets {
  /** @throws when the kernel refuses: EPERM without CAP_NET_RAW, ENODEV when the interface is gone */
  static open(link: Link, events: VrrpPortEvents): VrrpPort {
    const device = Buffer.from(`${link.name}\0`);
    const sockets: Socket[] = [];
    const create = (): Socket => {
      const socket = raw.createSocket({ protocol: VRRP_PROTOCOL, bufferSize: 4096 });
      sockets.push(socket);
      socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, device, device.length);
      return socket;
    };
    try {
      const receiver = create();
      receiver.setOption(IPPROTO_IP, IP_MULTICAST_ALL, u32(0), 4);
      const sender = create();
      // what arrives on a raw socket is queued whether it is read or not: this one keeps next to nothing
      sender.setOption(SOL_SOCKET, SO_RCVBUF, u32(0), 4);
      sender.setOption(IPPROTO_IP, IP_MULTICAST_ALL, u32(0), 4);
      sender.setOption(IPPROTO_IP, IP_MULTICAST_LOOP, u32(0), 4);
      const outgoing = multicastRequest('0.0.0.0', link.index);
      sender.setOption(IPPROTO_IP, IP_MULTICAST_IF, outgoing, outgoing.length);
      sender.setOption(IPPROTO_IP, IP_HDRINCL, u32(1), 4);
      return new VrrpPort(link, receiver, sender, events);
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
  }

  protected override joinGroup(): void {
    const membership = multicastRequest(VRRP_MULTICAST_IPV4, this.link.index);
    this.receiver.setOption(IPPROTO_IP, IP_ADD_MEMBERSHIP, membership, membership.length);
  }

  protected override addressed(outgoing: Outgoing): { readonly packet: Buffer; readonly destination: string } {
    return { packet: withIPv4Header(outgoing), destination: outgoing.destination };
  }
}
