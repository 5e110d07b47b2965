/** What recvmsg() says beside an IPv6 packet: struct cmsghdr of a 64-bit machine, one after the other (linux/socket.h; RFC 3542, 6). Pure. */
import { endianness } from 'node:os';
import { readU32 } from './netlink-attributes.js';

const IPPROTO_IPV6 = 41;
const IPV6_PKTINFO = 50;
const IPV6_HOPLIMIT = 52;

const headerLength = 16;
const littleEndian = endianness() === 'LE';

export interface AncillaryData {
  /** undefined when nothing was said of it */
  readonly hopLimit: number | undefined;
  /** 16 octets */
  readonly destination: Buffer | undefined;
}

/** As far as its lengths fit. */
export const decodeAncillaryData = (control: Buffer): AncillaryData => {
  let hopLimit: number | undefined;
  let destination: Buffer | undefined;
  for (let offset = 0; offset + headerLength <= control.length; ) {
    const length = Number(littleEndian ? control.readBigUInt64LE(offset) : control.readBigUInt64BE(offset));
    if (length < headerLength || offset + length > control.length) break;
    const data = control.subarray(offset + headerLength, offset + length);
    const type = readU32(control, offset + 8) === IPPROTO_IPV6 ? readU32(control, offset + 12) : 0;
    if (type === IPV6_HOPLIMIT && data.length >= 4) hopLimit = readU32(data) & 0xff;
    else if (type === IPV6_PKTINFO && data.length >= 16) destination = data.subarray(0, 16);
    offset += Math.ceil(length / 8) * 8;
  }
  return { hopLimit, destination };
};
