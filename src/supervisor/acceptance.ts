/**
 * The rules of `accept: false` (RFC 9568, 6.1, Accept_Mode): what comes to a virtual address and is for no virtual server is
 * dropped. IPVS takes its packets in LOCAL_IN behind the filter table (NF_IP_PRI_NAT_SRC - 2, net/netfilter/ipvs/ip_vs_core.c),
 * so its services are let through by address, protocol and port. Pure.
 */
import type { ServiceTarget, VirtualServerConfiguration, VrrpConfiguration } from '../config/model.js';
import { type Family, familyOf } from '../network/ip-address.js';
import type { FirewallChain } from '../network/firewall-chain.js';

const chainName = 'TANDEM-ACCEPT';

/** ICMP errors belong to connections, those of IPVS among them: without them path MTU discovery would end. */
const alwaysPassed: Readonly<Record<Family, readonly string[]>> = {
  ipv4: [3, 11, 12].map((type) => `-p icmp -m icmp --icmp-type ${type} -j RETURN`),
  // 135, 136: Neighbour Solicitation and Advertisement, which RFC 9568 (6.1) excepts
  ipv6: [1, 2, 3, 4, 135, 136].map((type) => `-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j RETURN`),
};

const destination = (address: string): string => `-d ${address}/${familyOf(address) === 'ipv4' ? 32 : 128}`;

/** A service by firewall mark takes what has the mark, wherever it is sent to. */
const pass = (target: ServiceTarget, protocol: VirtualServerConfiguration['protocol']): string =>
  'fwmark' in target
    ? `-m mark --mark 0x${target.fwmark.toString(16)} -j RETURN`
    : `${destination(target.address)} -p ${protocol}${target.port === 0 ? '' : ` -m ${protocol} --dport ${target.port}`} -j RETURN`;

/** One for each family of which there are addresses that are not accepted for. */
export const acceptanceChains = ({ instances }: Pick<VrrpConfiguration, 'instances'>, virtualServers: readonly VirtualServerConfiguration[]): readonly FirewallChain[] => {
  const closed = new Set(instances.flatMap(({ accept, priority, virtualAddresses }) => (accept === false && priority < 255 ? virtualAddresses.map(({ address }) => address) : [])));
  return (['ipv4', 'ipv6'] as const).flatMap((family): readonly FirewallChain[] => {
    const addresses = [...closed].filter((address) => familyOf(address) === family);
    if (addresses.length === 0) return [];
    const services = virtualServers.flatMap(({ protocol, targets }) =>
      targets.filter((target) => ('fwmark' in target ? target.family === family : familyOf(target.address) === family && closed.has(target.address))).map((target) => pass(target, protocol)),
    );
    const rules = ['-i lo -j RETURN', ...alwaysPassed[family], ...services, ...addresses.map((address) => `${destination(address)} -j DROP`)];
    return [{ family, table: 'filter', hook: 'INPUT', name: chainName, position: 'first', rules }];
  });
};
