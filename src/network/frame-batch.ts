/** Frames laid out in memory for sendmmsg(2): one system call sends them all. */
import koffi from 'koffi';
import { endianness } from 'node:os';
import { sendMessages } from './libc.js';

/** room for a frame: the longest that is sent, a Neighbour Advertisement, has 86 octets */
const slot = 128;
/** struct iovec and struct mmsghdr of a 64-bit machine (linux/socket.h) */
const vectorSize = 16;
const messageSize = 64;

const littleEndian = endianness() === 'LE';
const writeU64 = (buffer: Buffer, value: bigint, offset: number): void => {
  if (littleEndian) buffer.writeBigUInt64LE(value, offset);
  else buffer.writeBigUInt64BE(value, offset);
};

export class FrameBatch {
  private readonly data: Buffer;
  private readonly vectors: Buffer;
  private readonly messages: Buffer;

  /** @param capacity frames in one call at most */
  constructor(readonly capacity: number) {
    this.data = Buffer.alloc(capacity * slot);
    this.vectors = Buffer.alloc(capacity * vectorSize);
    this.messages = Buffer.alloc(capacity * messageSize);
    const [data, vectors] = [koffi.address(this.data), koffi.address(this.vectors)];
    for (let index = 0; index < capacity; index++) {
      writeU64(this.vectors, data + BigInt(index * slot), index * vectorSize);
      // msg_iov and msg_iovlen; no name, no control data
      writeU64(this.messages, vectors + BigInt(index * vectorSize), index * messageSize + 16);
      writeU64(this.messages, 1n, index * messageSize + 24);
    }
  }

  /**
   * @param frames at most `capacity`, each of at most 128 octets
   * @returns how many the kernel took, from the first on
   * @throws SystemCallError when it refused the first
   */
  send(fd: number, frames: readonly Buffer[]): number {
    frames.forEach((frame, index) => {
      if (frame.length > slot) throw new RangeError(`a frame of ${frame.length} octets is more than ${slot}`);
      frame.copy(this.data, index * slot);
      writeU64(this.vectors, BigInt(frame.length), index * vectorSize + 8);
    });
    return sendMessages(fd, this.messages, frames.length);
  }
}
