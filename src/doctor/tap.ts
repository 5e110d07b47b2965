/** A packet socket that hears frames of one kind on one interface, before any firewall sees them (packet(7)). */
import { closeSync, writeSync } from 'node:fs';
import { instruction, JUMP_EQUAL, LOAD_OCTET, RETURN } from '../network/arp-watch.js';
import { attachFilter, bind, receiveNow, setsockopt, socket, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from '../network/libc.js';
import { u16, u16be, u32 } from '../network/netlink-attributes.js';

const AF_PACKET = 17;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_MULTICAST = 0;
const LOAD_HALF = 0x28;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ethernetHeader = 14;
const largestFrame = 65_536;
const framesAtMost = 512;

/** Octets of the frame that must have a value: the rest is not looked at. */
interface Condition {
  readonly size: 'octet' | 'half';
  readonly offset: number;
  readonly value: number;
}

const pass = instruction(RETURN, 0, 0, 0xffff);
const drop = instruction(RETURN, 0, 0, 0);
const load = ({ size, offset }: Condition): Buffer => instruction(size === 'octet' ? LOAD_OCTET : LOAD_HALF, 0, 0, offset);

/** Passes what fulfils all of one of the alternatives. */
export const anyOf = (alternatives: readonly (readonly Condition[])[]): Buffer =>
  Buffer.concat([
    ...alternatives.flatMap((conditions) => {
      // a condition that fails jumps behind its alternative's end
      const parts = conditions.flatMap((condition, index) => [load(condition), instruction(JUMP_EQUAL, 0, 2 * (conditions.length - index - 1) + 1, condition.value)]);
      return [...parts, pass];
    }),
    drop,
  ]);

/** Next header, or protocol, of frames of this type. */
export const protocolIs = (ethertype: number, protocol: number): Condition => ({ size: 'octet', offset: ethernetHeader + (ethertype === ETHERTYPE_IPV4 ? 9 : 6), value: protocol });

/** IPv4 without options */
export const portIs = (side: 'source' | 'destination', port: number): Condition => ({ size: 'half', offset: ethernetHeader + 20 + (side === 'source' ? 0 : 2), value: port });

export class Tap {
  private readonly fd: number;
  private readonly buffer = Buffer.alloc(largestFrame);

  /**
   * @param groups Ethernet addresses that the interface is to hear too, in hexadecimal
   * @throws SystemCallError: EPERM without CAP_NET_RAW, ENODEV when there is no such interface
   */
  constructor(index: number, ethertype: number, filter: Buffer, groups: readonly string[] = []) {
    // protocol 0 until it is bound: nothing is queued before the filter is there
    this.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    try {
      attachFilter(this.fd, filter);
      for (const group of groups) setsockopt(this.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, Buffer.concat([u32(index), u16(PACKET_MR_MULTICAST), u16(6), Buffer.from(group, 'hex'), Buffer.alloc(2)]));
      bind(this.fd, Buffer.concat([u16(AF_PACKET), u16be(ethertype), u32(index), Buffer.alloc(12)]));
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  /** What has arrived, whole frames; at most a bounded number at once. What this host sends is not among it. */
  heard(): readonly Buffer[] {
    const frames: Buffer[] = [];
    while (frames.length < framesAtMost) {
      const length = receiveNow(this.fd, this.buffer);
      if (length === undefined) break;
      frames.push(Buffer.from(this.buffer.subarray(0, length)));
    }
    return frames;
  }

  /** One frame, as it is. @throws with `code` */
  write(frame: Buffer): void {
    writeSync(this.fd, frame);
  }

  close(): void {
    closeSync(this.fd);
  }
}
