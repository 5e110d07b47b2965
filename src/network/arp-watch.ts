/** A packet socket on one interface that hears ARP about a range of addresses, and asks who has them (packet(7), RFC 826, RFC 5227). */
import { closeSync, writeSync } from 'node:fs';
import { attachFilter, bind, receiveNow, socket, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from './libc.js';
import { type ArpPacket, arpProbe, decodeArp } from './arp.js';
import { u16, u16be, u32 } from './netlink-attributes.js';
import { encodeIPv4, type Link } from './rtnetlink.js';

const AF_PACKET = 17;
const ETH_P_ARP = 0x0806;
/** frames read in one go: a flood must not hold up an advertisement */
const framesAtMost = 256;

/** struct sock_filter (linux/filter.h) */
export const instruction = (code: number, whenTrue: number, whenFalse: number, operand: number): Buffer => {
  const buffer = Buffer.concat([u16(code), Buffer.from([whenTrue, whenFalse]), Buffer.alloc(4)]);
  buffer.set(u32(operand >>> 0), 4);
  return buffer;
};
const LOAD_WORD = 0x20;
export const LOAD_OCTET = 0x30;
export const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const JUMP_GREATER = 0x25;
export const RETURN = 0x06;
/** Ethernet header, then the ARP packet's sender protocol address */
const senderAddress = 14 + 14;

/** Lets ARP pass whose sender address is from `lowest` to `highest`. */
export const senderRangeFilter = (lowest: number, highest: number): Buffer =>
  Buffer.concat([
    instruction(LOAD_WORD, 0, 0, senderAddress),
    instruction(JUMP_GREATER_OR_EQUAL, 0, 2, lowest),
    instruction(JUMP_GREATER, 1, 0, highest),
    instruction(RETURN, 0, 0, 0xffff),
    instruction(RETURN, 0, 0, 0),
  ]);

export class ArpWatch {
  private readonly fd: number;
  private readonly buffer = Buffer.alloc(128);
  private range = '';

  /** @throws SystemCallError: EPERM without CAP_NET_RAW, ENODEV when there is no such interface */
  constructor(private readonly link: Link) {
    // protocol 0 until it is bound: nothing is queued before the filter is there
    this.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  }

  /** Hears about these addresses from now on; those between them pass too. */
  listen(addresses: readonly string[]): void {
    const numbers = addresses.map((address) => encodeIPv4(address).readUInt32BE());
    const [lowest, highest] = [numbers.reduce((a, b) => Math.min(a, b), 0xffffffff), numbers.reduce((a, b) => Math.max(a, b), 0)];
    const range = `${lowest} ${highest}`;
    if (range === this.range) return;
    attachFilter(this.fd, senderRangeFilter(lowest, highest));
    // struct sockaddr_ll
    if (this.range === '') bind(this.fd, Buffer.concat([u16(AF_PACKET), u16be(ETH_P_ARP), u32(this.link.index), Buffer.alloc(12)]));
    this.range = range;
  }

  /** @throws with `code`: EAGAIN and ENOBUFS when the queue is full, ENETDOWN when the interface is down */
  ask(hardwareAddress: Buffer, address: string): void {
    writeSync(this.fd, arpProbe(hardwareAddress, address));
  }

  /** What has arrived, as far as it is sound; at most a bounded number at once. */
  heard(): readonly ArpPacket[] {
    const packets: ArpPacket[] = [];
    for (let frame = 0; frame < framesAtMost; frame++) {
      const length = receiveNow(this.fd, this.buffer);
      if (length === undefined) break;
      const packet = decodeArp(this.buffer.subarray(0, length));
      if (packet) packets.push(packet);
    }
    return packets;
  }

  close(): void {
    closeSync(this.fd);
  }
}
