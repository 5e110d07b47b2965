/** rtnetlink messages for links and addresses: struct ifinfomsg and ifaddrmsg (linux/rtnetlink.h, linux/if_addr.h). */
import type { AddressScope } from '../config/model.js';
import { decodeIPv4, decodeIPv6, encodeAddress, familyOf } from './ip-address.js';
import { decodeMacvlan, type Macvlan } from './macvlan.js';
import { decodeAttributes, encodeAttributes, readString, readU32, string, u32 } from './netlink-attributes.js';
import type { NetlinkMessage } from './netlink-channel.js';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const RTNLGRP_LINK = 1;
export const RTNLGRP_IPV4_IFADDR = 5;
export const RTNLGRP_IPV6_IFADDR = 9;

const NLM_F_REPLACE = 0x100;
const NLM_F_CREATE = 0x400;

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const IFA_F_SECONDARY = 0x01;
const IFA_F_NODAD = 0x02;
const IFA_F_TENTATIVE = 0x40;
const FOREVER = 0xffffffff;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_CARRIER = 33;

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_NOARP = 0x80;
const IFF_LOOPBACK = 0x8;

/** An interface as the kernel describes it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** link-layer address; empty where the interface has none */
  readonly hardwareAddress: Buffer;
  /** administratively up */
  readonly up: boolean;
  /** up and with a carrier */
  readonly running: boolean;
  /** takes part in ARP */
  readonly arp: boolean;
  readonly mtu: number;
  /** absent when it is none */
  readonly macvlan?: Macvlan;
}

/** An address on an interface. */
export interface InterfaceAddress {
  readonly index: number;
  /** dotted quad, or IPv6 in canonical form */
  readonly address: string;
  readonly prefixLength: number;
  readonly label: string | undefined;
  readonly secondary: boolean;
  /** IPv6: duplicate address detection has not ended, or found another host; nothing can be sent from it */
  readonly tentative: boolean;
}

export { decodeIPv4, encodeIPv4 } from './ip-address.js';

export const linkDump = (): NetlinkMessage => ({ type: RTM_GETLINK, flags: 0, payload: Buffer.alloc(16) });

/** Of both families. */
export const addressDump = (): NetlinkMessage => {
  const payload = Buffer.alloc(8);
  payload.writeUInt8(AF_UNSPEC, 0);
  return { type: RTM_GETADDR, flags: 0, payload };
};

/** RTM_NEWLINK or RTM_DELLINK; undefined for a message that is not of a whole interface (bridge ports report themselves so). @throws NetlinkFormatError */
export const decodeLink = ({ payload }: NetlinkMessage): Link | undefined => {
  if (payload.length < 16) return undefined;
  const attributes = decodeAttributes(payload.subarray(16));
  const name = attributes.get(IFLA_IFNAME);
  const mtu = attributes.get(IFLA_MTU);
  if (payload.readUInt8(0) !== 0 || !name || !mtu) return undefined;
  const flags = readU32(payload, 8);
  const carrier = attributes.get(IFLA_CARRIER);
  const up = (flags & IFF_UP) !== 0;
  const macvlan = decodeMacvlan(attributes);
  return {
    index: readU32(payload, 4),
    name: readString(name),
    hardwareAddress: attributes.get(IFLA_ADDRESS) ?? Buffer.alloc(0),
    up,
    running: up && (flags & IFF_RUNNING) !== 0 && carrier?.[0] !== 0,
    arp: (flags & (IFF_NOARP | IFF_LOOPBACK)) === 0,
    mtu: readU32(mtu),
    ...(macvlan && { macvlan }),
  };
};

/** RTM_NEWADDR or RTM_DELADDR; undefined for another family. @throws NetlinkFormatError */
export const decodeAddress = ({ payload }: NetlinkMessage): InterfaceAddress | undefined => {
  const family = payload.length < 8 ? AF_UNSPEC : payload.readUInt8(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = decodeAttributes(payload.subarray(8));
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (address?.length !== (family === AF_INET ? 4 : 16)) return undefined;
  const label = attributes.get(IFA_LABEL);
  const long = attributes.get(IFA_FLAGS);
  const flags = long ? readU32(long) : payload.readUInt8(2);
  return {
    index: readU32(payload, 4),
    address: family === AF_INET ? decodeIPv4(address) : decodeIPv6(address),
    prefixLength: payload.readUInt8(1),
    label: label && readString(label),
    secondary: (flags & IFA_F_SECONDARY) !== 0,
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
  };
};

export interface AddressChange {
  readonly index: number;
  readonly address: string;
  readonly prefixLength: number;
  readonly label?: string | undefined;
  readonly scope?: AddressScope | undefined;
  /** dotted quad, or none; undefined = the last address of the network, from /30 up */
  readonly broadcast?: string | undefined;
}

/** linux/rtnetlink.h, enum rt_scope_t */
const scopes: Readonly<Record<AddressScope, number>> = { global: 0, site: 200, link: 253, host: 254 };

const broadcastOf = (local: Buffer, prefixLength: number, wanted: string | undefined): Buffer | undefined => {
  if (wanted !== undefined) return wanted === 'none' ? undefined : encodeAddress(wanted);
  if (prefixLength >= 31) return undefined;
  const last = Buffer.alloc(4);
  last.writeUInt32BE((local.readUInt32BE() | (2 ** (32 - prefixLength) - 1)) >>> 0);
  return last;
};

const addressPayload = ({ index, address, prefixLength, label, scope, broadcast: wanted }: AddressChange): Buffer => {
  const isIPv4 = familyOf(address) === 'ipv4';
  const header = Buffer.alloc(8);
  header.writeUInt8(isIPv4 ? AF_INET : AF_INET6, 0);
  header.writeUInt8(prefixLength, 1);
  u32(index).copy(header, 4);
  const local = encodeAddress(address);
  const attributes = [
    { type: IFA_LOCAL, value: local },
    { type: IFA_ADDRESS, value: local },
  ];
  if (isIPv4) {
    header.writeUInt8(scopes[scope ?? 'global'], 3); // IPv6's follows from the address
    const broadcast = broadcastOf(local, prefixLength, wanted);
    if (broadcast) attributes.push({ type: IFA_BROADCAST, value: broadcast });
  } else {
    // usable at once: a takeover cannot wait for the end of duplicate address detection
    header.writeUInt8(IFA_F_NODAD, 2);
    // deprecated: a /128 must not become the source of the host's own connections (RFC 6724, rule 3). Preferred, valid, two stamps
    if (prefixLength === 128) attributes.push({ type: IFA_CACHEINFO, value: Buffer.concat([u32(0), u32(FOREVER), u32(0), u32(0)]) });
  }
  if (label !== undefined) attributes.push({ type: IFA_LABEL, value: string(label) });
  return Buffer.concat([header, encodeAttributes(attributes)]);
};

/** Adds the address, or makes the one that is there equal. */
export const addressAddition = (change: AddressChange): NetlinkMessage => ({
  type: RTM_NEWADDR,
  flags: NLM_F_CREATE | NLM_F_REPLACE,
  payload: addressPayload(change),
});

/** Refused with EADDRNOTAVAIL when the address is not there. */
export const addressDeletion = (change: AddressChange): NetlinkMessage => ({ type: RTM_DELADDR, flags: 0, payload: addressPayload(change) });
