/** rtnetlink messages for the interface of a virtual MAC address: a macvlan (linux/if_link.h), made down, marked as ours, raised and lowered. */
import { encodeAddress } from './ip-address.js';
import { encodeAttributes, readString, readU32, string, u32, u8, decodeAttributes } from './netlink-attributes.js';
import type { NetlinkMessage } from './netlink-channel.js';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_SETLINK = 19;
const RTM_NEWROUTE = 24;
const NLM_F_EXCL = 0x200;
const NLM_F_REPLACE = 0x100;
const NLM_F_CREATE = 0x400;
const AF_INET6 = 10;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_AF_SPEC = 26;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_GROUP = 27;
const IFLA_MACVLAN_MODE = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;
const IFF_UP = 1;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_PRIORITY = 6;
const RT_TABLE_MAIN = 254;
const RTPROT_KERNEL = 2;
const RTN_UNICAST = 1;

/**
 * Not private: a private macvlan keeps multicast whose source is its own address from the interface below, so that a master would
 * not hear the advertisements of another master of the same virtual router (linux/drivers/net/macvlan.c, macvlan_handle_frame()).
 */
export const MACVLAN_MODE_VEPA = 2;

/** What the kernel says of a link that is a macvlan. */
export interface Macvlan {
  /** index of the interface below */
  readonly lower: number;
  readonly mode: number;
  /** `ip link ... alias` */
  readonly alias: string;
}

/** `00:00:5e:00:01:33` (RFC 9568, 7.3) */
export const virtualMacAddress = (family: 'ipv4' | 'ipv6', virtualRouterId: number): string => `00:00:5e:00:0${family === 'ipv4' ? 1 : 2}:${virtualRouterId.toString(16).padStart(2, '0')}`;

export const hardwareAddressOf = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex');

/** @param attributes of an RTM_NEWLINK; undefined when the link is no macvlan */
export const decodeMacvlan = (attributes: ReadonlyMap<number, Buffer>): Macvlan | undefined => {
  const information = attributes.get(IFLA_LINKINFO);
  const lower = attributes.get(IFLA_LINK);
  if (!information || !lower) return undefined;
  const inside = decodeAttributes(information);
  const kind = inside.get(IFLA_INFO_KIND);
  const data = inside.get(IFLA_INFO_DATA);
  if (!kind || readString(kind) !== 'macvlan') return undefined;
  const mode = data && decodeAttributes(data).get(IFLA_MACVLAN_MODE);
  const alias = attributes.get(IFLA_IFALIAS);
  return { lower: readU32(lower), mode: mode ? readU32(mode) : 0, alias: alias ? readString(alias) : '' };
};

/** struct ifinfomsg */
const linkHeader = (index: number, flags = 0, change = 0): Buffer => Buffer.concat([Buffer.alloc(4), u32(index), u32(flags), u32(change)]);

/** Makes it, down. Refused with EEXIST when there is an interface of this name. */
export const macvlanCreation = (name: string, lower: number, address: string): NetlinkMessage => ({
  type: RTM_NEWLINK,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: Buffer.concat([
    linkHeader(0),
    encodeAttributes([
      { type: IFLA_IFNAME, value: string(name) },
      { type: IFLA_LINK, value: u32(lower) },
      { type: IFLA_ADDRESS, value: hardwareAddressOf(address) },
      {
        type: IFLA_LINKINFO,
        value: [
          { type: IFLA_INFO_KIND, value: string('macvlan') },
          { type: IFLA_INFO_DATA, value: [{ type: IFLA_MACVLAN_MODE, value: u32(MACVLAN_MODE_VEPA) }] },
        ],
      },
    ]),
  ]),
});

/** Gives the interface of this name an alias. */
export const aliasSetting = (name: string, alias: string): NetlinkMessage => ({
  type: RTM_SETLINK,
  flags: 0,
  payload: Buffer.concat([linkHeader(0), encodeAttributes([{ type: IFLA_IFNAME, value: string(name) }, { type: IFLA_IFALIAS, value: Buffer.from(alias, 'latin1') }])]),
});

/** It shall have no link-local address of its own. Refused with EAFNOSUPPORT where there is no IPv6. */
export const noGeneratedAddress = (name: string): NetlinkMessage => ({
  type: RTM_SETLINK,
  flags: 0,
  payload: Buffer.concat([
    linkHeader(0),
    encodeAttributes([
      { type: IFLA_IFNAME, value: string(name) },
      { type: IFLA_AF_SPEC, value: [{ type: AF_INET6, value: [{ type: IFLA_INET6_ADDR_GEN_MODE, value: u8(IN6_ADDR_GEN_MODE_NONE) }] }] },
    ]),
  ]),
});

export const linkState = (index: number, state: 'up' | 'down'): NetlinkMessage => ({ type: RTM_NEWLINK, flags: 0, payload: linkHeader(index, state === 'up' ? IFF_UP : 0, IFF_UP) });

export const linkDeletion = (index: number): NetlinkMessage => ({ type: RTM_DELLINK, flags: 0, payload: linkHeader(index) });

/** nobody else's: `tand` */
const deletionGroup = u32(0x74616e64);

/** All in one go: the kernel waits some 20 ms for each that is deleted alone, and the caller with it. */
export const linkDeletions = (indexes: readonly number[]): readonly NetlinkMessage[] => [
  ...indexes.map((index): NetlinkMessage => ({ type: RTM_SETLINK, flags: 0, payload: Buffer.concat([linkHeader(index), encodeAttributes([{ type: IFLA_GROUP, value: deletionGroup }])]) })),
  { type: RTM_DELLINK, flags: 0, payload: Buffer.concat([linkHeader(0), encodeAttributes([{ type: IFLA_GROUP, value: deletionGroup }])]) },
];

/** `fe80::/64 dev ...`, which the kernel makes only with an address of that length: without it a link-local /128 could not answer. */
export const linkLocalRoute = (index: number): NetlinkMessage => ({
  type: RTM_NEWROUTE,
  flags: NLM_F_CREATE | NLM_F_REPLACE,
  payload: Buffer.concat([
    Buffer.from([AF_INET6, 64, 0, 0, RT_TABLE_MAIN, RTPROT_KERNEL, 0, RTN_UNICAST]), // struct rtmsg
    u32(0),
    encodeAttributes([
      { type: RTA_DST, value: encodeAddress('fe80::') },
      { type: RTA_OIF, value: u32(index) },
      { type: RTA_PRIORITY, value: u32(256) },
    ]),
  ]),
});
