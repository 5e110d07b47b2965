/** What the kernel counts of a service or a destination, and what it says of IPVS as a whole (IPVS_STATS_ATTR_*, IPVS_INFO_ATTR_*, linux/ip_vs.h). */
import { decodeAttributes, readU32, readU64 } from '../network/netlink-attributes.js';
import * as ipvs from './constants.js';
import { type Attributes, IpvsMessageError, required } from './message.js';

/** In the order of IPVS_STATS_ATTR_CONNS (1) to _OUTBPS (10): totals, then rates a second. */
const names = ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes', 'connectionRate', 'inPacketRate', 'outPacketRate', 'inByteRate', 'outByteRate'] as const;

export type Statistics = { readonly [name in (typeof names)[number]]: bigint };

export type Counted<T> = T & { readonly statistics: Statistics };

/**
 * Of the content of a service or a destination: the 64-bit ones, or those of a kernel before 4.1, where most have 32 bits.
 * @throws IpvsMessageError, NetlinkFormatError
 */
export const decodeStatistics = (content: Buffer, type64: number, type32: number): Statistics => {
  const attributes = decodeAttributes(content);
  const statistics = decodeAttributes(attributes.get(type64) ?? required(attributes, type32, 'the statistics', 0));
  const read = (name: (typeof names)[number], index: number): readonly [typeof name, bigint] => {
    const value = statistics.get(index + 1);
    if (!value) throw new IpvsMessageError(`the statistics lack number ${index + 1}`);
    return [name, value.length >= 8 ? readU64(value) : BigInt(readU32(value))];
  };
  return Object.fromEntries(names.map(read)) as Statistics;
};

export interface IpvsInformation {
  /** e.g. `1.2.1` */
  readonly version: string;
  /** of the hash table of connections, not their number */
  readonly connectionTableSize: number;
}

/** The answer to IPVS_CMD_GET_INFO. @throws IpvsMessageError */
export const decodeInformation = (attributes: Attributes): IpvsInformation => {
  const version = readU32(required(attributes, ipvs.IPVS_INFO_ATTR_VERSION, 'the version', 4));
  return {
    version: `${(version >>> 16) & 0xff}.${(version >>> 8) & 0xff}.${version & 0xff}`,
    connectionTableSize: readU32(required(attributes, ipvs.IPVS_INFO_ATTR_CONN_TAB_SIZE, 'the size of the connection table', 4)),
  };
};
