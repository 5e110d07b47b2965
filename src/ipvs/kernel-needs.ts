/** What forwarding needs of the host beside the IPVS table: settings under /proc/sys/net, and what a director that is a real server too has to mind. Pure. */
import { destinationsOf, forwardingName } from '../config/forwarding-name.js';
import type { Configuration, DestinationConfiguration, VirtualServerConfiguration, VrrpConfiguration } from '../config/model.js';
import { type HostAddress, inNetwork } from '../network/host-address.js';
import { type Family, familyOf } from '../network/ip-address.js';
import { probeNeeds } from './probe-needs.js';

export type { HostAddress };

export interface Need {
  /** under /proc/sys/net, e.g. `ipv4/ip_forward` */
  readonly path: string;
  readonly wanted: string;
  /** whether what is there will do */
  readonly fits: (value: string, read: (path: string) => string | undefined) => boolean;
  /** what needs it and what happens without, e.g. `nat (web) needs it: ...` */
  readonly why: string;
}

export interface Needs {
  readonly settings: readonly Need[];
  /** sentences about what no setting cures */
  readonly notes: readonly string[];
  /** likewise, where nothing drops ICMPv6 redirects: `system: { manage: true }` does, see `redirectChains` */
  readonly redirects: readonly string[];
}

/** `net.ipv4.ip_forward`; an interface's name may have dots, which sysctl takes with slashes around them. */
export const sysctlName = (path: string): string => (path.includes('.') ? `net/${path}` : `net.${path.replaceAll('/', '.')}`);

const exactly = (path: string, wanted: string, why: string): Need => ({ path, wanted, fits: (value) => value === wanted, why });

interface Use {
  readonly service: VirtualServerConfiguration;
  readonly destination: DestinationConfiguration;
  /** it is this host itself */
  readonly local: boolean;
}

/** `nat (web, mail) and fullnat (dns)` */
const inWords = (uses: readonly Use[]): string => {
  const services = new Map<string, Set<string>>();
  for (const { service, destination } of uses) services.set(forwardingName(destination), (services.get(forwardingName(destination)) ?? new Set()).add(service.name));
  return [...services].map(([method, names]) => `${method} (${[...names].slice(0, 3).join(', ')}${names.size > 3 ? ', ...' : ''})`).join(' and ');
};

const forwardingNeed = (family: Family, uses: readonly Use[]): readonly Need[] => {
  const forwarded = uses.filter(({ destination, local }) => !local && destination.forwarding === 'nat' && familyOf(destination.address) === family);
  if (forwarded.length === 0) return [];
  const why = `${inWords(forwarded)} needs it: without it the answers of real servers do not reach the clients`;
  // linux/net/ipv6/addrconf.c: a host that forwards takes no router advertisements where accept_ra is 1
  return family === 'ipv4' ? [exactly('ipv4/ip_forward', '1', why)] : [exactly('ipv6/conf/all/forwarding', '1', `${why} (an interface that learns routes by router advertisements then needs accept_ra=2)`)];
};

/** The real servers of nat that are on the segment of their clients, by its interface: the kernel would tell these servers the direct way, which misses the director. */
const oneArmed = (family: Family, { instances }: VrrpConfiguration, uses: readonly Use[], host: readonly HostAddress[]): ReadonlyMap<string, readonly Use[]> => {
  const links = new Map<string, string | undefined>();
  const linkTo = (address: string): string | undefined => {
    if (!links.has(address)) links.set(address, host.find((own) => inNetwork(address, own))?.interface);
    return links.get(address);
  };
  const held = new Map(instances.flatMap(({ virtualAddresses, virtualMac, interface: below }) => virtualAddresses.map((virtual) => [virtual.address, virtual.interface === virtualMac?.interface ? below : virtual.interface] as const)));
  const carrierOf = (address: string): string | undefined => held.get(address) ?? linkTo(address);
  const found = new Map<string, Use[]>();
  for (const use of uses) {
    const { service, destination, local } = use;
    if (local || destination.forwarding !== 'nat' || destination.sourceNat || familyOf(destination.address) !== family) continue;
    const link = linkTo(destination.address);
    if (link === undefined) continue;
    const addresses = service.targets.flatMap((target) => ('address' in target ? [target.address] : (target.match ?? []).map(({ address }) => address)));
    if (!addresses.some((address) => carrierOf(address) === link)) continue;
    const those = found.get(link) ?? [];
    those.push(use);
    found.set(link, those);
  }
  return found;
};

const redirectNeeds = (vrrp: VrrpConfiguration, uses: readonly Use[], host: readonly HostAddress[]): readonly Need[] =>
  // the kernel sends them when either says so
  [...oneArmed('ipv4', vrrp, uses, host)].flatMap(([link, those]) =>
    ['all', link].map((name) => exactly(`ipv4/conf/${name}/send_redirects`, '0', `${inWords(those)} has its real servers on the segment of the virtual address, ${link}: without it ICMP redirects tell them a way past the director`)),
  );

/** linux/net/ipv6/ip6_output.c, ip6_forward(): redirects are sent whatever is set. */
const redirectNotes = (vrrp: VrrpConfiguration, uses: readonly Use[], host: readonly HostAddress[]): readonly string[] =>
  [...oneArmed('ipv6', vrrp, uses, host)].map(
    ([link, those]) =>
      `${inWords(those)} has its real servers on the segment of the virtual address, ${link}: ICMPv6 redirects, which no setting of this host stops, tell them a way past the director; run sysctl -w net.ipv6.conf.INTERFACE.accept_redirects=0 on them (and put it into /etc/sysctl.d), or give system: { manage: true }, which drops these redirects`,
  );

const tunnelLinks = { ipip: 'tunl0', gre: 'gre0', gue: 'tunl0' } as const;

/** What another director sends through the tunnel comes from clients that the tunnel does not lead to. */
const reversePathNeeds = (uses: readonly Use[]): readonly Need[] => {
  const tunnelled = uses.filter(({ destination, local }) => local && destination.forwarding === 'tun' && familyOf(destination.address) === 'ipv4');
  const links = [...new Set(tunnelled.map(({ destination }) => tunnelLinks[destination.tunnel?.type ?? 'ipip']))];
  return links.map((link) => ({
    path: `ipv4/conf/${link}/rp_filter`,
    wanted: '2',
    // the higher number of the two counts: 0 none, 1 strict, 2 loose (Documentation/networking/ip-sysctl.rst)
    fits: (value, read) => Math.max(Number(value), Number(read('ipv4/conf/all/rp_filter') ?? 0)) !== 1,
    why: `${inWords(tunnelled)} has this host as a real server: without it the kernel drops what comes out of ${link}`,
  }));
};

/** A standby would schedule anew what the master hands to it as a real server: dr and tun leave the destination address, which its own table answers to. */
const localNotes = ({ instances }: VrrpConfiguration, uses: readonly Use[]): readonly string[] => {
  const risky = uses.filter(({ service, destination, local }) => local && destination.forwarding !== 'nat' && service.realServers.length > 1);
  if (instances.length === 0) return [];
  return [...new Map(risky.map((use) => [use.service.name, use])).values()].map(
    ({ service, destination: { address, forwarding } }) =>
      `${service.name}: the real server ${address} is this host itself. While another director is master, this one would schedule again what it gets from there by ${forwarding}, and might send it back: give the service forwarding: fullnat`,
  );
};

/** @param host the addresses that this host has now */
export const needsOf = ({ vrrp, virtualServers }: Pick<Configuration, 'vrrp' | 'virtualServers'>, host: readonly HostAddress[]): Needs => {
  const own = new Set(host.map(({ address }) => address));
  const isLocal = ({ address }: DestinationConfiguration): boolean => own.has(address);
  // the others need nothing
  const isUse = (destination: DestinationConfiguration): boolean => destination.forwarding === 'nat' || isLocal(destination);
  const uses: Use[] = [];
  virtualServers.forEach((service) => {
    const destinations = destinationsOf(service);
    if (destinations.some(isUse)) uses.push(...destinations.filter(isUse).map((destination) => ({ service, destination, local: isLocal(destination) })));
  });
  const needs = [...forwardingNeed('ipv4', uses), ...forwardingNeed('ipv6', uses), ...redirectNeeds(vrrp, uses, host), ...reversePathNeeds(uses), ...probeNeeds(vrrp, virtualServers, host)];
  return { settings: [...new Map(needs.map((need) => [need.path, need])).values()], notes: localNotes(vrrp, uses), redirects: redirectNotes(vrrp, uses, host) };
};
