/** VRRP over IPv4 multicast on one interface: one raw socket that receives and one that only sends. */
import raw, { type Socket } from 'raw-socket';
import { VRRP_MULTICAST_IPV4, VRRP_PROTOCOL, VRRP_TTL } from '../vrrp/packet.js';
import { u32 } from './netlink-attributes.js';
import { encodeIPv4, type Link } from './rtnetlink.js';

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_TTL = 33;
const IP_MULTICAST_LOOP = 34;
const IP_ADD_MEMBERSHIP = 35;
const IP_MULTICAST_ALL = 49;
/** CS6, internetwork control */
const TOS_INTERNETWORK_CONTROL = 0xc0;

/** struct ip_mreqn */
const multicastRequest = (group: string, address: string, index: number): Buffer => Buffer.concat([encodeIPv4(group), encodeIPv4(address), u32(index)]);

/** A packet that lost its reason while it was queued. */
class CancelledError extends Error {}

export interface VrrpPortEvents {
  /** the whole IP packet */
  readonly onPacket: (packet: Buffer) => void;
  /** the sockets are closed already */
  readonly onError: (error: Error) => void;
}

export class VrrpPort {
  private closed = false;

  private constructor(
    readonly link: Link,
    private readonly receiver: Socket,
    private readonly sender: Socket,
    { onPacket, onError }: VrrpPortEvents,
  ) {
    receiver.on('message', (packet: Buffer) => {
      if (!this.closed) onPacket(packet);
    });
    for (const socket of [receiver, sender]) {
      socket.on('error', (error: Error | undefined) => {
        if (this.closed) return;
        this.close();
        onError(error ?? new Error(`the raw socket on ${link.name} failed`)); // a poll error arrives as undefined
      });
    }
  }

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
      const membership = multicastRequest(VRRP_MULTICAST_IPV4, '0.0.0.0', link.index);
      receiver.setOption(IPPROTO_IP, IP_MULTICAST_ALL, u32(0), 4);
      receiver.setOption(IPPROTO_IP, IP_ADD_MEMBERSHIP, membership, membership.length);
      const sender = create();
      // what arrives on a raw socket is queued whether it is read or not: this one keeps next to nothing
      sender.setOption(SOL_SOCKET, SO_RCVBUF, u32(0), 4);
      sender.setOption(IPPROTO_IP, IP_MULTICAST_ALL, u32(0), 4);
      sender.setOption(IPPROTO_IP, IP_MULTICAST_LOOP, u32(0), 4);
      sender.setOption(IPPROTO_IP, IP_MULTICAST_TTL, u32(VRRP_TTL), 4);
      sender.setOption(IPPROTO_IP, IP_TOS, u32(TOS_INTERNETWORK_CONTROL), 4);
      return new VrrpPort(link, receiver, sender, events);
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
  }

  /**
   * @param source address of this interface that it is sent from
   * @param wanted asked again when its turn comes; false drops it
   * @param done with undefined when the kernel took it (or it was dropped)
   */
  send(message: Buffer, source: string, wanted: () => boolean, done: (error: Error | undefined) => void): void {
    const before = (): void => {
      if (!wanted()) throw new CancelledError();
      const option = multicastRequest('0.0.0.0', source, this.link.index);
      this.sender.setOption(IPPROTO_IP, IP_MULTICAST_IF, option, option.length);
    };
    this.sender.send(message, 0, message.length, VRRP_MULTICAST_IPV4, before, (error) => {
      done(error instanceof CancelledError ? undefined : (error ?? undefined));
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.receiver.close();
    this.sender.close();
  }
}
