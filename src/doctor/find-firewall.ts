/** Firewall rules that drop what a director or a real server lives by. Pure. */
import { destinationsOf } from '../config/forwarding-name.js';
import type { Configuration, Protocol } from '../config/model.js';
import { type Family, familyOf, formatEndpoint } from '../network/ip-address.js';
import { instanceFamily } from '../vrrp/family.js';
import { multicastGroup, VRRP_PROTOCOL } from '../vrrp/packet.js';
import type { Facts, FirewallFacts } from './facts.js';
import { type Finding, finding } from './finding.js';
import { type BaseChain, type Drop, droppedBy, type Traffic } from './firewall-model.js';
import { sendersOf } from './heard.js';
import { readSavedRules } from './iptables-text.js';
import { readNftRules } from './nft-json.js';
import { carrierOf, instanceSource } from './own-addresses.js';

/** linux/net/netfilter/ipvs/ip_vs_sync.c, IP_VS_SYNC_GROUP and IP_VS_SYNC_PORT: the defaults */
export const SYNC_GROUP = '224.0.0.81';
export const SYNC_PORT = 8848;
const UDP = 17;
const numbers: Readonly<Record<Protocol, number>> = { tcp: 6, udp: UDP, sctp: 132 };
const tunnelProtocols: Readonly<Record<'ipip' | 'gre' | 'gue', number>> = { ipip: 4, gre: 47, gue: UDP };

/** All chains, in tables' order. */
export const chainsOf = ({ saved, nft }: FirewallFacts): readonly BaseChain[] => [...saved.flatMap(({ family, program, text }) => readSavedRules(text, family, program)), ...(nft === undefined ? [] : readNftRules(nft))];

/** What lets it through: before all else in the chain that drops it. @param match in iptables' words */
const acceptance = ({ base }: Drop, { family }: Traffic, match: string): string => {
  if (!base.where.startsWith('nft')) return `${base.where} -I ${base.name} ${match} -j ACCEPT, and the same in the host's own firewall configuration`;
  const words = match.replace(/-p (\w+)/, 'meta l4proto $1').replace(/--([ds]port)/, 'th $1').replace(/-([ds]) /, `${family === 'ipv4' ? 'ip' : 'ip6'} $1addr `);
  return `nft insert rule ${base.where.slice('nft table '.length)} ${base.name} ${words} accept, and the same in /etc/nftables.conf`;
};

export const findInFirewall = (facts: Facts): readonly Finding[] => {
  const { configuration, firewall, role } = facts;
  if (configuration === undefined) return [];
  const chains = chainsOf(firewall);
  if (chains.length === 0) return [];
  return role === 'director' ? [...vrrp(facts, configuration, chains), ...sync(configuration, chains), ...services(configuration, chains), ...answers(facts, configuration, chains)] : atRealServer(facts, configuration, chains);
};

const vrrp = (facts: Facts, configuration: Configuration, chains: readonly BaseChain[]): readonly Finding[] =>
  configuration.vrrp.instances.flatMap((instance): readonly Finding[] => {
    const family = instanceFamily(instance);
    const own = instanceSource(instance, facts.host, configuration);
    const heard = sendersOf(facts, instance).map(({ source }) => source);
    const peers: readonly (string | undefined)[] = instance.unicast?.peers ?? (heard.length > 0 ? [...new Set(heard)] : [undefined]);
    const group = instance.unicast ? undefined : multicastGroup(family);
    const common = { family, protocol: VRRP_PROTOCOL, state: 'new' } as const;
    const flows = peers.flatMap((peer): readonly Traffic[] => [
      { ...common, hook: 'input', in: instance.interface, source: peer, destination: group ?? own },
      { ...common, hook: 'output', out: instance.virtualMac?.interface ?? instance.interface, source: own, destination: group ?? peer },
    ]);
    return dropped(chains, flows, (traffic, drop) => {
      const what = traffic.hook === 'input' ? `VRRP${traffic.source === undefined ? '' : ` from ${traffic.source}`} that comes in by ${instance.interface}` : `VRRP that goes out by ${traffic.out ?? ''}`;
      return finding('firewall_drops_vrrp', instance.name, `${what} is dropped by ${drop.text}`, acceptance(drop, traffic, '-p vrrp'));
    });
  });

/** One finding for each direction. */
const dropped = (chains: readonly BaseChain[], flows: readonly Traffic[], tell: (traffic: Traffic, drop: Drop) => Finding): readonly Finding[] => {
  const found = new Map<string, Finding>();
  for (const traffic of flows) {
    const drop = droppedBy(chains, traffic);
    if (drop !== undefined && !found.has(traffic.hook)) found.set(traffic.hook, tell(traffic, drop));
  }
  return [...found.values()];
};

const sync = ({ ipvs }: Configuration, chains: readonly BaseChain[]): readonly Finding[] => {
  if (ipvs.sync === undefined) return [];
  const { interface: name } = ipvs.sync;
  const common = { family: 'ipv4', protocol: UDP, destination: SYNC_GROUP, destinationPort: SYNC_PORT, state: 'new' } as const;
  return dropped(chains, [{ ...common, hook: 'input', in: name }, { ...common, hook: 'output', out: name }], (traffic, drop) =>
    finding('firewall_drops_sync', name, `connection sync (${SYNC_GROUP}, ${SYNC_PORT}/udp) that ${traffic.hook === 'input' ? 'comes in' : 'goes out'} by ${name} is dropped by ${drop.text}`, acceptance(drop, traffic, `-p udp --dport ${SYNC_PORT}`)),
  );
};

interface Target {
  readonly address: string;
  readonly port: number;
}
const targetsOf = ({ targets }: Configuration['virtualServers'][number]): readonly Target[] =>
  targets.flatMap((target) => ('address' in target ? [target] : (target.match ?? []).flatMap(({ address, ports }) => ports.map((port) => ({ address, port })))));

const toService = (address: string, port: number, protocol: Protocol): Omit<Traffic, 'hook'> => ({ family: familyOf(address), protocol: numbers[protocol], destination: address, state: 'new', ...(port === 0 ? {} : { destinationPort: port }) });

const services = (configuration: Configuration, chains: readonly BaseChain[]): readonly Finding[] => {
  const carriers = new Map(configuration.vrrp.instances.flatMap((instance) => instance.virtualAddresses.map((virtual) => [virtual.address, carrierOf(virtual.interface, instance)] as const)));
  return configuration.virtualServers.flatMap((service) => {
    const flows = targetsOf(service).map(({ address, port }): Traffic => ({ ...toService(address, port, service.protocol), hook: 'input', in: carriers.get(address) }));
    return dropped(chains, flows, (traffic, drop) => {
      const endpoint = formatEndpoint(traffic.destination ?? '', traffic.destinationPort ?? 0);
      return finding('firewall_drops_service', service.name, `what clients send to ${endpoint}/${service.protocol} is dropped by ${drop.text}`, acceptance(drop, traffic, serviceMatch(traffic, service.protocol)));
    });
  });
};

const serviceMatch = ({ destination, destinationPort }: Traffic, protocol: Protocol): string => `-d ${destination ?? ''} -p ${protocol}${destinationPort === undefined ? '' : ` --dport ${destinationPort}`}`;

/** What comes back through FORWARD: connection tracking may know it or not, so nothing is said of its state. */
const answers = ({ host }: Facts, configuration: Configuration, chains: readonly BaseChain[]): readonly Finding[] => {
  const own = new Set(host.addresses.map(({ address }) => address));
  return configuration.virtualServers.flatMap((service) => {
    const flows = destinationsOf(service).flatMap((destination): readonly Traffic[] => {
      if (destination.forwarding !== 'nat' || destination.sourceNat || own.has(destination.address)) return [];
      const { address, port } = destination;
      return [{ family: familyOf(address), hook: 'forward', in: host.routes.find(({ to }) => to === address)?.interface, protocol: numbers[service.protocol], source: address, ...(port === 0 ? {} : { sourcePort: port }) }];
    });
    return dropped(chains, flows, (traffic, drop) =>
      finding('firewall_drops_answers', service.name, `what ${formatEndpoint(traffic.source ?? '', traffic.sourcePort ?? 0)} answers is dropped by ${drop.text}`, acceptance(drop, traffic, `-s ${traffic.source ?? ''} -p ${service.protocol}`)),
    );
  });
};

/** On a real server: what directors hand to it, wrapped or not. */
const atRealServer = ({ host }: Facts, configuration: Configuration, chains: readonly BaseChain[]): readonly Finding[] => {
  const own = new Set(host.addresses.map(({ address }) => address));
  return configuration.virtualServers.flatMap((service) => {
    const flows = destinationsOf(service).flatMap((destination): readonly Traffic[] => {
      const { address, port, forwarding, tunnel } = destination;
      if (!own.has(address)) return [];
      if (forwarding === 'nat') return [{ ...toService(address, port, service.protocol), hook: 'input' }];
      const plain = targetsOf(service).map((target): Traffic => ({ ...toService(target.address, target.port, service.protocol), hook: 'input' }));
      if (forwarding === 'dr') return plain;
      const family: Family = familyOf(address);
      const wrapped: Traffic = { family, hook: 'input', protocol: tunnelProtocols[tunnel?.type ?? 'ipip'], destination: address, state: 'new', ...(tunnel?.type === 'gue' ? { destinationPort: tunnel.port } : {}) };
      return [wrapped, ...plain];
    });
    return dropped(chains, flows, (traffic, drop) => {
      const what = traffic.protocol === numbers[service.protocol] ? `what is for ${formatEndpoint(traffic.destination ?? '', traffic.destinationPort ?? 0)}` : `what directors send to ${traffic.destination ?? ''} through the tunnel (protocol ${traffic.protocol})`;
      const match = traffic.protocol === numbers[service.protocol] ? serviceMatch(traffic, service.protocol) : `-p ${traffic.protocol}`;
      return finding('firewall_drops_service', service.name, `${what} is dropped by ${drop.text}`, acceptance(drop, traffic, match));
    });
  });
};
