/** Netlink attributes (struct nlattr, linux/netlink.h): type-length-value in host byte order, padded to 4 octets. */
import { endianness } from 'node:os';

/** An array as value is a nested attribute: NLA_F_NESTED is set. */
export type Attribute = { readonly type: number; readonly value: Buffer | readonly Attribute[] };

const littleEndian = endianness() === 'LE';
const headerLength = 4;
/** For a nested attribute whose content is encoded already. */
export const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

/** A netlink message whose lengths contradict each other. The kernel sends none. */
export class NetlinkFormatError extends RangeError {
  override readonly name = 'NetlinkFormatError';
  readonly code = 'NETLINK_FORMAT';
}

const align = (length: number): number => (length + 3) & ~3;

export const u8 = (n: number): Buffer => Buffer.from([n]);
export const u16 = (n: number): Buffer => {
  const buffer = Buffer.allocUnsafe(2);
  if (littleEndian) buffer.writeUInt16LE(n);
  else buffer.writeUInt16BE(n);
  return buffer;
};
export const u32 = (n: number): Buffer => {
  const buffer = Buffer.allocUnsafe(4);
  if (littleEndian) buffer.writeUInt32LE(n);
  else buffer.writeUInt32BE(n);
  return buffer;
};
export const u16be = (n: number): Buffer => Buffer.from([n >>> 8, n & 0xff]);
/** NUL-terminated */
export const string = (text: string): Buffer => Buffer.from(`${text}\0`, 'latin1');

export const writeU16 = (buffer: Buffer, value: number, offset: number): number => (littleEndian ? buffer.writeUInt16LE(value, offset) : buffer.writeUInt16BE(value, offset));
export const writeU32 = (buffer: Buffer, value: number, offset: number): number => (littleEndian ? buffer.writeUInt32LE(value, offset) : buffer.writeUInt32BE(value, offset));
const within = (buffer: Buffer, offset: number, octets: number): Buffer => {
  if (offset + octets <= buffer.length) return buffer;
  throw new NetlinkFormatError(`a number of ${octets} octets at octet ${offset}, ${buffer.length} octets are there`);
};
/** @throws NetlinkFormatError when the buffer is too short, as the next ones */
export const readU16 = (buffer: Buffer, offset = 0): number => (littleEndian ? within(buffer, offset, 2).readUInt16LE(offset) : within(buffer, offset, 2).readUInt16BE(offset));
export const readU16be = (buffer: Buffer, offset = 0): number => within(buffer, offset, 2).readUInt16BE(offset);
export const readU32 = (buffer: Buffer, offset = 0): number => (littleEndian ? within(buffer, offset, 4).readUInt32LE(offset) : within(buffer, offset, 4).readUInt32BE(offset));
export const readS32 = (buffer: Buffer, offset = 0): number => (littleEndian ? within(buffer, offset, 4).readInt32LE(offset) : within(buffer, offset, 4).readInt32BE(offset));
export const readU64 = (buffer: Buffer, offset = 0): bigint => (littleEndian ? within(buffer, offset, 8).readBigUInt64LE(offset) : within(buffer, offset, 8).readBigUInt64BE(offset));
/** up to the first NUL, or the whole buffer */
export const readString = (buffer: Buffer): string => {
  const end = buffer.indexOf(0);
  return buffer.toString('latin1', 0, end < 0 ? buffer.length : end);
};

const lengthOf = (attributes: readonly Attribute[]): number =>
  attributes.reduce((total, { value }) => total + align(headerLength + (Buffer.isBuffer(value) ? value.length : lengthOf(value as readonly Attribute[]))), 0);

/** @returns where the last one ends */
const write = (whole: Buffer, attributes: readonly Attribute[], start: number): number => {
  let offset = start;
  for (const { type, value } of attributes) {
    const end = Buffer.isBuffer(value) ? offset + headerLength + value.copy(whole, offset + headerLength) : write(whole, value as readonly Attribute[], offset + headerLength);
    writeU16(whole, end - offset, offset);
    writeU16(whole, Buffer.isBuffer(value) ? type : type | NLA_F_NESTED, offset + 2);
    offset = start + align(end - start);
  }
  return offset;
};

/** Into one buffer, and that from Node's pool: a takeover encodes thousands of them. @param header what stands before them, of a whole number of 4 octets */
export const encodeAttributes = (attributes: readonly Attribute[], header: readonly number[] = []): Buffer => {
  const whole = Buffer.allocUnsafe(header.length + lengthOf(attributes)).fill(0);
  whole.set(header);
  write(whole, attributes, header.length);
  return whole;
};

/** Type without its flag bits, length with the header, and where the next attribute begins. @throws NetlinkFormatError when the length does not fit the buffer */
export const readAttributeHeader = (buffer: Buffer, offset: number): { readonly type: number; readonly length: number; readonly next: number } => {
  const length = readU16(buffer, offset);
  if (length < headerLength || offset + length > buffer.length) {
    throw new NetlinkFormatError(`netlink attribute at octet ${offset} has length ${length}, ${buffer.length - offset} octets are left`);
  }
  return { type: readU16(buffer, offset + 2) & NLA_TYPE_MASK, length, next: offset + align(length) };
};

/**
 * Type (without its flag bits) -> payload; a later attribute of the same type wins.
 * @throws NetlinkFormatError when a length does not fit the buffer
 */
export const decodeAttributes = (buffer: Buffer): Map<number, Buffer> => {
  const attributes = new Map<number, Buffer>();
  for (let offset = 0; offset + headerLength <= buffer.length; ) {
    const { type, length, next } = readAttributeHeader(buffer, offset);
    attributes.set(type, buffer.subarray(offset + headerLength, offset + length));
    offset = next;
  }
  return attributes;
};
