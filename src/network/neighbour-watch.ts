/** A packet socket on one interface that hears Neighbour Advertisements, and asks who has an address (packet(7), RFC 4861): IPv6's ArpWatch. */
import { closeSync, writeSync } from 'node:fs';
import { instruction, JUMP_EQUAL, LOAD_OCTET, RETURN } from './arp-watch.js';
import { ETHERTYPE_IPV6, ICMPV6 } from './icmpv6-frame.js';
import { attachFilter, bind, receiveNow, socket, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from './libc.js';
import { decodeNeighbourAdvertisement, type HeardNeighbour, NEIGHBOUR_ADVERTISEMENT } from './neighbour-advertisement.js';
import { neighbourSolicitation } from './neighbour-solicitation.js';
import { u16, u16be, u32 } from './netlink-attributes.js';
import type { Link } from './rtnetlink.js';

const AF_PACKET = 17;
/** frames read in one go: a flood must not hold up an advertisement */
const framesAtMost = 256;

/** Lets Neighbour Advertisements pass: next header in Ethernet's frame, then the ICMPv6 type. */
const filter = Buffer.concat([
  instruction(LOAD_OCTET, 0, 0, 14 + 6),
  instruction(JUMP_EQUAL, 0, 3, ICMPV6),
  instruction(LOAD_OCTET, 0, 0, 14 + 40),
  instruction(JUMP_EQUAL, 0, 1, NEIGHBOUR_ADVERTISEMENT),
  instruction(RETURN, 0, 0, 0xffff),
  instruction(RETURN, 0, 0, 0),
]);

export class NeighbourWatch {
  private readonly fd: number;
  private readonly buffer = Buffer.alloc(256);

  /** @throws SystemCallError: EPERM without CAP_NET_RAW, ENODEV when there is no such interface */
  constructor(link: Link) {
    // protocol 0 until it is bound: nothing is queued before the filter is there
    this.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    try {
      attachFilter(this.fd, filter);
      bind(this.fd, Buffer.concat([u16(AF_PACKET), u16be(ETHERTYPE_IPV6), u32(link.index), Buffer.alloc(12)]));
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  /** @throws with `code`: EAGAIN and ENOBUFS when the queue is full, ENETDOWN when the interface is down */
  ask(hardwareAddress: Buffer, source: string, address: string): void {
    writeSync(this.fd, neighbourSolicitation(hardwareAddress, source, address));
  }

  /** What has arrived, as far as it is sound; at most a bounded number at once. */
  heard(): readonly HeardNeighbour[] {
    const neighbours: HeardNeighbour[] = [];
    for (let frame = 0; frame < framesAtMost; frame++) {
      const length = receiveNow(this.fd, this.buffer);
      if (length === undefined) break;
      const neighbour = decodeNeighbourAdvertisement(this.buffer.subarray(0, length));
      if (neighbour) neighbours.push(neighbour);
    }
    return neighbours;
  }

  close(): void {
    closeSync(this.fd);
  }
}
