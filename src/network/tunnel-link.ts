/** rtnetlink messages that make a tunnel which takes what comes to one address of this host from anywhere (linux/if_tunnel.h). */
import { encodeAddress } from './ip-address.js';
import { type Attribute, encodeAttributes, string, u16be, u32, u8 } from './netlink-attributes.js';
import type { NetlinkMessage } from './netlink-channel.js';

const RTM_NEWLINK = 16;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_IPTUN_LOCAL = 2;
const IFLA_IPTUN_PROTO = 9;
const IFLA_GRE_IFLAGS = 2;
const IFLA_GRE_OFLAGS = 3;
const IFLA_GRE_LOCAL = 6;
const GRE_CSUM = 0x8000;
/** whatever is inside */
const ANY_PROTOCOL = 0;

export interface TunnelLink {
  /** `ip6tnl`: IPv4 or IPv6 in IPv6; `gre` in IPv4, `ip6gre` in IPv6 */
  readonly kind: 'ip6tnl' | 'gre' | 'ip6gre';
  /** the outer address, of this host */
  readonly local: string;
  /** gre: takes packets with a checksum, and only those */
  readonly checksum: boolean;
}

const dataOf = ({ kind, local, checksum }: TunnelLink): readonly Attribute[] => {
  if (kind === 'ip6tnl') return [{ type: IFLA_IPTUN_LOCAL, value: encodeAddress(local) }, { type: IFLA_IPTUN_PROTO, value: u8(ANY_PROTOCOL) }];
  const flags = checksum ? [IFLA_GRE_IFLAGS, IFLA_GRE_OFLAGS].map((type) => ({ type, value: u16be(GRE_CSUM) })) : [];
  return [...flags, { type: IFLA_GRE_LOCAL, value: encodeAddress(local) }];
};

/** Makes it, down. Refused with EEXIST when there is an interface of this name or a tunnel with these addresses, with EOPNOTSUPP where the kernel lacks the kind. */
export const tunnelCreation = (name: string, link: TunnelLink): NetlinkMessage => ({
  type: RTM_NEWLINK,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  payload: Buffer.concat([
    Buffer.concat([Buffer.alloc(4), u32(0), u32(0), u32(0)]), // struct ifinfomsg
    encodeAttributes([
      { type: IFLA_IFNAME, value: string(name) },
      { type: IFLA_LINKINFO, value: [{ type: IFLA_INFO_KIND, value: string(link.kind) }, { type: IFLA_INFO_DATA, value: dataOf(link) }] },
    ]),
  ]),
});
