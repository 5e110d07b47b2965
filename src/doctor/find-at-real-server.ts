/** Mistakes that a real server can see of itself. Pure. */
import { destinationsOf, forwardingName } from '../config/forwarding-name.js';
import type { Configuration, DestinationConfiguration, Tunnel, VirtualServerConfiguration } from '../config/model.js';
import { familyOf } from '../network/ip-address.js';
import type { Facts } from './facts.js';
import { type Finding, finding } from './finding.js';
import { isWithin, lengthOf } from './networks.js';
import { virtualAddressesOf } from './own-addresses.js';

/** A service that has this host as a destination. */
interface Role {
  readonly service: VirtualServerConfiguration;
  readonly destination: DestinationConfiguration;
}

const addressesOf = ({ targets }: VirtualServerConfiguration): readonly string[] => [...new Set(targets.flatMap((target) => ('address' in target ? [target.address] : (target.match ?? []).map(({ address }) => address))))];

export const findAtRealServer = (facts: Facts): readonly Finding[] => {
  const { configuration, host } = facts;
  const own = new Set(host.addresses.map(({ address }) => address));
  const roles = configuration === undefined ? [] : configuration.virtualServers.flatMap((service): readonly Role[] => destinationsOf(service).flatMap((destination) => (own.has(destination.address) ? [{ service, destination }] : [])));
  const direct = roles.filter(({ destination }) => destination.forwarding !== 'nat');
  // without the director's file: what is on lo or a tunnel beyond the loopback addresses
  const vips = configuration === undefined ? bound(facts) : [...new Set(direct.flatMap(({ service }) => addressesOf(service)))];
  return [...direct.flatMap((role) => missing(facts, role)), ...vips.flatMap((vip) => placement(facts, vip)), ...silence(facts, vips), ...direct.flatMap((role) => tunnels(facts, role)), ...roles.flatMap((role) => routes(facts, configuration, role))];
};

const isTunnel = (name: string): boolean => /^(tunl|gre|sit|ip6tnl|ip6gre|any|fou)/.test(name);

const bound = ({ host }: Facts): readonly string[] =>
  [...new Set(host.addresses.filter(({ interface: name, address }) => (name === 'lo' || isTunnel(name)) && !address.startsWith('127.') && address !== '::1').map(({ address }) => address))];

const missing = ({ host }: Facts, { service, destination }: Role): readonly Finding[] =>
  addressesOf(service)
    .filter((vip) => !host.addresses.some(({ address }) => address === vip))
    .map((vip) => {
      const where = destination.forwarding === 'tun' ? 'tunl0' : 'lo';
      return finding('real_server_without_vip', `${service.name} ${destination.address}`, `${vip} is on no interface of this host, and ${service.name} sends packets for it here by ${forwardingName(destination)}`, `ip addr add ${vip}/${lengthOf(vip)} dev ${where} (tandem realserver apply does it, and keeps it over a reboot)`);
    });

const placement = ({ host }: Facts, vip: string): readonly Finding[] =>
  host.addresses
    .filter(({ address }) => address === vip)
    .flatMap(({ interface: name, address, prefixLength }): readonly Finding[] => {
      const remedy = `ip addr del ${address}/${prefixLength} dev ${name}; ip addr add ${address}/${lengthOf(address)} dev ${isTunnel(name) ? name : 'lo'}`;
      if (name !== 'lo' && !isTunnel(name) && !/^dummy/.test(name)) return [finding('vip_on_interface', vip, `${address}/${prefixLength} is on ${name}`, remedy)];
      return prefixLength === lengthOf(address) ? [] : [finding('vip_prefix_on_lo', vip, `${address}/${prefixLength} is on ${name}`, remedy)];
    });

/** IPv6 answers for addresses of the interface itself only. */
const silence = ({ host, firewall }: Facts, vips: readonly string[]): readonly Finding[] => {
  const open = vips.filter((vip) => familyOf(vip) === 'ipv4' && host.addresses.some(({ address }) => address === vip));
  const segments = [...new Set(host.addresses.filter(({ interface: name, address }) => name !== 'lo' && !isTunnel(name) && familyOf(address) === 'ipv4').map(({ interface: name }) => name))].filter((name) => host.links.some((link) => link.name === name && link.hardwareAddress !== ''));
  // the higher number of the two counts (Documentation/networking/ip-sysctl.rst)
  const value = (name: string, key: string): number => Math.max(Number(host.sysctls[`ipv4/conf/all/${key}`] ?? 0), Number(host.sysctls[`ipv4/conf/${name}/${key}`] ?? 0));
  const ruled = (vip: string, option: '-d' | '-s'): boolean => firewall.arp.split('\n').some((line) => line.startsWith('-A') && new RegExp(`${option} ${vip.replaceAll('.', '\\.')}(/32)?( |$)`).test(line));
  const told = open.join(', ');
  const unruled = (option: '-d' | '-s'): boolean => open.some((vip) => !ruled(vip, option));
  return segments.flatMap((name) => [
    ...(value(name, 'arp_ignore') === 0 && unruled('-d') ? [finding('arp_ignore', name, `arp_ignore is 0 on ${name}, and this host has ${told}`, 'sysctl -w net.ipv4.conf.all.arp_ignore=1, and the same in /etc/sysctl.d (tandem realserver apply does it)')] : []),
    ...(value(name, 'arp_announce') < 2 && unruled('-s') ? [finding('arp_announce', name, `arp_announce is ${value(name, 'arp_announce')} on ${name}, and this host has ${told}`, 'sysctl -w net.ipv4.conf.all.arp_announce=2, and the same in /etc/sysctl.d (tandem realserver apply does it)')] : []),
  ]);
};

const receivers: Readonly<Record<Tunnel['type'], string>> = { ipip: 'tunl0', gre: 'gre0', gue: 'tunl0' };

const tunnels = ({ host }: Facts, { service, destination }: Role): readonly Finding[] => {
  if (destination.forwarding !== 'tun' || familyOf(destination.address) !== 'ipv4' || addressesOf(service).some((vip) => familyOf(vip) !== 'ipv4')) return [];
  const { type, checksum } = destination.tunnel ?? { type: 'ipip', checksum: 'none' };
  // one that expects checksums has a name of the operator's choice
  if (type === 'gre' && checksum !== 'none') return [];
  const name = receivers[type];
  const link = host.links.find((each) => each.name === name);
  const subject = `${service.name} ${destination.address}`;
  if (link?.up !== true) return [finding('tunnel_interface', subject, link === undefined ? `there is no ${name}` : `${name} is down`, `modprobe ${name === 'gre0' ? 'ip_gre' : 'ipip'}; ip link set ${name} up`)];
  const strict = Math.max(Number(host.sysctls['ipv4/conf/all/rp_filter'] ?? 0), Number(host.sysctls[`ipv4/conf/${name}/rp_filter`] ?? 0)) === 1;
  return strict ? [finding('rp_filter', subject, `rp_filter is 1 (strict) on ${name}`, `sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.${name}.rp_filter=0, and the same in /etc/sysctl.d; or 2 (loose)`, `what comes out of ${name} is from clients that ${name} does not lead to: the kernel drops it`)] : [];
};

/** The default route is taken for the way to clients: where they are is not known. */
const routes = ({ host }: Facts, configuration: Configuration | undefined, { service, destination }: Role): readonly Finding[] => {
  if (destination.forwarding !== 'nat' || destination.sourceNat || configuration === undefined) return [];
  const family = familyOf(destination.address);
  const route = host.routes.find(({ to }) => to === (family === 'ipv4' ? 'default' : 'default6'));
  const virtual = [...virtualAddressesOf(configuration)].filter((address) => familyOf(address) === family);
  // a director without VRRP: its own address is not in the file
  if (virtual.length === 0 || (route?.via !== undefined && virtual.includes(route.via))) return [];
  const inside = virtual.find((address) => host.addresses.some((own) => own.prefixLength < lengthOf(address) && isWithin(address, own.address, own.prefixLength)));
  const seen = route?.interface === undefined ? 'this host has no default route' : `the default route of this host leads ${route.via === undefined ? `out of ${route.interface}` : `to ${route.via}`}, which is no virtual address of the directors (${virtual.join(', ')})`;
  return [finding('nat_route_not_back', `${service.name} ${destination.address}`, seen, `ip route replace default via ${inside ?? 'the inside virtual address of the directors'}; or forwarding: fullnat on the directors`)];
};
