/**
 * A raw IPv6 socket that tells the hop limit and the destination of what it receives. The package raw-socket reads with
 * recvfrom(), and the kernel hands over no IPv6 header: here recvmsg() takes its place, and the header is put together again
 * from what the kernel says beside the message (RFC 3542, 6).
 */
import koffi from 'koffi';
import { endianness } from 'node:os';
import raw from 'raw-socket';
import { decodeAncillaryData } from './ancillary-data.js';
import { receiveMessageNow } from './libc.js';
import { u32 } from './netlink-attributes.js';
import { socketDescriptors } from './netlink-channel.js';

const IPPROTO_IPV6 = 41;
const IPV6_RECVPKTINFO = 49;
const IPV6_RECVHOPLIMIT = 51;

const payloadSize = 4096;
const controlSize = 256;
/** struct msghdr of a 64-bit machine (linux/socket.h) */
const messageHeaderSize = 56;

const littleEndian = endianness() === 'LE';
const writeU64 = (buffer: Buffer, value: bigint | number, offset: number): void => {
  if (littleEndian) buffer.writeBigUInt64LE(BigInt(value), offset);
  else buffer.writeBigUInt64BE(BigInt(value), offset);
};
const readU64 = (buffer: Buffer, offset: number): number => Number(littleEndian ? buffer.readBigUInt64LE(offset) : buffer.readBigUInt64BE(offset));

/** `message` events carry a whole IPv6 packet, without extension headers. */
export class IPv6Receiver extends raw.Socket {
  private readonly fd: number;
  private readonly from = Buffer.alloc(28);
  private readonly payload = Buffer.alloc(payloadSize);
  private readonly control = Buffer.alloc(controlSize);
  private readonly vector = Buffer.alloc(16);
  private readonly header = Buffer.alloc(messageHeaderSize);

  /** @throws when the kernel refuses: EPERM without CAP_NET_RAW, EAFNOSUPPORT without IPv6 */
  constructor(private readonly protocol: number) {
    const before = socketDescriptors();
    super({ protocol, addressFamily: raw.AddressFamily.IPv6 });
    const [fd] = [...socketDescriptors()].filter((descriptor) => !before.has(descriptor));
    this.fd = fd ?? -1; // recvmsg() would then say EBADF
    this.setOption(IPPROTO_IPV6, IPV6_RECVPKTINFO, u32(1), 4);
    this.setOption(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, u32(1), 4);
    writeU64(this.vector, koffi.address(this.payload), 0);
    writeU64(this.vector, payloadSize, 8);
    writeU64(this.header, koffi.address(this.from), 0);
    writeU64(this.header, koffi.address(this.vector), 16);
    writeU64(this.header, 1, 24);
    writeU64(this.header, koffi.address(this.control), 32);
  }

  /** The package calls this when the socket is readable. */
  override onRecvReady(): void {
    try {
      const packet = this.read();
      if (packet) this.emit('message', packet);
    } catch (error) {
      this.emit('error', error);
      this.close();
    }
  }

  private read(): Buffer | undefined {
    u32(this.from.length).copy(this.header, 8);
    writeU64(this.header, controlSize, 40);
    u32(0).copy(this.header, 48);
    const length = receiveMessageNow(this.fd, this.header);
    if (length === undefined) return undefined;
    const packet = Buffer.alloc(40 + length);
    packet.writeUInt8(0x60, 0);
    packet.writeUInt16BE(length, 4);
    packet.writeUInt8(this.protocol, 6);
    this.from.copy(packet, 8, 8, 24);
    this.payload.copy(packet, 40, 0, length);
    const { hopLimit, destination } = decodeAncillaryData(this.control.subarray(0, readU64(this.header, 40)));
    packet.writeUInt8(hopLimit ?? 0, 7);
    destination?.copy(packet, 24);
    return packet;
  }
}
