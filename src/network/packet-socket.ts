/** A packet socket (AF_PACKET, packet(7)) that only sends: whole Ethernet frames out of one interface. */
import { closeSync, writeSync } from 'node:fs';
import type { FrameBatch } from './frame-batch.js';
import { bind, socket, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from './libc.js';
import { u16, u32 } from './netlink-attributes.js';

const AF_PACKET = 17;

/** struct sockaddr_ll; protocol 0: nothing is ever received. */
const linkLayerAddress = (index: number): Buffer => Buffer.concat([u16(AF_PACKET), u16(0), u32(index), Buffer.alloc(12)]);

export class PacketSocket {
  private readonly fd: number;

  /** @throws SystemCallError: EPERM without CAP_NET_RAW, ENODEV when there is no such interface */
  constructor(index: number) {
    this.fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    try {
      bind(this.fd, linkLayerAddress(index));
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  /**
   * @param frames as many as the batch has room for, at most
   * @returns how many left, from the first on
   * @throws with `code` when the first did not: EAGAIN and ENOBUFS when the queue is full, ENETDOWN when the interface is down
   */
  send(frames: readonly Buffer[], batch: FrameBatch): number {
    return batch.send(this.fd, frames);
  }

  /** One frame of any length. @throws with `code`, as `send` */
  write(frame: Buffer): void {
    writeSync(this.fd, frame);
  }

  close(): void {
    closeSync(this.fd);
  }
}
