/** Netlink messages in a datagram: struct nlmsghdr, one after the other, padded to 4 octets (linux/netlink.h). Pure. */
import { getSystemErrorName } from 'node:util';
import { readS32, readU16, readU32, writeU16, writeU32 } from './netlink-attributes.js';

/** A message without its header's length, sequence and port. Flags of a request: without NLM_F_REQUEST and NLM_F_ACK. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly payload: Buffer;
}

export const headerLength = 16;

/** flag of every request */
export const NLM_F_REQUEST = 0x1;

export const align = (length: number): number => (length + 3) & ~3;

/** Requests, one after the other, numbered from `first` on. */
export const encodeRequests = (messages: readonly NetlinkMessage[], first: number): Buffer => {
  const datagram = Buffer.alloc(messages.reduce((total, { payload }) => total + align(headerLength + payload.length), 0));
  let offset = 0;
  messages.forEach(({ type, flags, payload }, index) => {
    writeU32(datagram, headerLength + payload.length, offset);
    writeU16(datagram, type, offset + 4);
    writeU16(datagram, flags | NLM_F_REQUEST, offset + 6);
    writeU32(datagram, first + index, offset + 8);
    payload.copy(datagram, offset + headerLength);
    offset += align(headerLength + payload.length);
  });
  return datagram;
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
