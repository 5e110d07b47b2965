/** Netlink messages in a datagram: struct nlmsghdr, one after the other, padded to 4 octets (linux/netlink.h). Pure. */
import { getSystemErrorName } from 'node:util';
import { readS32, readU16, readU32, u16, u32 } from './netlink-attributes.js';

/** A message without its header's length, sequence and port. Flags of a request: without NLM_F_REQUEST and NLM_F_ACK. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

export const headerLength = 16;

export const align = (length: number): number => (length + 3) & ~3;

export const encodeMessage = ({ type, flags, payload }: NetlinkMessage, sequence: number): Buffer => {
  const length = headerLength + payload.length;
  return Buffer.concat([u32(length), u16(type), u16(flags), u32(sequence), u32(0), payload, Buffer.alloc(align(length) - length)]);
};

/** As far as their lengths fit: what follows a wrong one is no message. */
export const decodeDatagram = (datagram: Buffer): readonly (NetlinkMessage & { readonly sequence: number })[] => {
  const messages: (NetlinkMessage & { readonly sequence: number })[] = [];
  for (let offset = 0; offset + headerLength <= datagram.length; ) {
    const length = readU32(datagram, offset);
    if (length < headerLength || offset + length > datagram.length) break; // cannot come from the kernel
    messages.push({
      type: readU16(datagram, offset + 4),
      flags: readU16(datagram, offset + 6),
      sequence: readU32(datagram, offset + 8),
      payload: datagram.subarray(offset + headerLength, offset + length),
    });
    offset += align(length);
  }
  return messages;
};

/** The payload of NLMSG_ERROR, or of the NLMSG_DONE of a dump: errno's name, undefined for none, `EPROTO` for what is too short. */
export const errorCode = (payload: Buffer): string | undefined => {
  if (payload.length < 4) return 'EPROTO';
  const errno = readS32(payload);
  return errno < 0 ? getSystemErrorName(errno) : undefined;
};
