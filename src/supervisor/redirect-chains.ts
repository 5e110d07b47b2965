/**
 * Against ICMPv6 redirects (RFC 4861 8) to real servers: with one-armed NAT they would tell a server the direct way to its client, past the director
 * that has to translate its answers. Linux has a setting for IPv4 only (`send_redirects`); so with `system: { manage: true }` they are dropped. Pure.
 */
import { destinationsOf } from '../config/forwarding-name.js';
import type { Configuration } from '../config/model.js';
import { familyOf } from '../network/ip-address.js';
import type { FirewallChain } from '../network/firewall-chain.js';

export const redirectChainName = 'TANDEM-REDIRECT';

/** A server of nat needs no other way than through this host: whether it is on the segment of the virtual address need not be known. */
export const redirectChains = ({ system, virtualServers }: Pick<Configuration, 'system' | 'virtualServers'>): readonly FirewallChain[] => {
  const servers = system.manage ? virtualServers.flatMap((service) => destinationsOf(service).filter(({ address, forwarding, sourceNat }) => forwarding === 'nat' && !sourceNat && familyOf(address) === 'ipv6')) : [];
  const rules = [...new Set(servers.map(({ address }) => `-d ${address}/128 -p ipv6-icmp -m icmp6 --icmpv6-type 137 -j DROP`))];
  return rules.length === 0 ? [] : [{ family: 'ipv6', table: 'filter', hook: 'OUTPUT', name: redirectChainName, position: 'first', rules }];
};
