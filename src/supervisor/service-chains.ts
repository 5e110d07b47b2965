/** The firewall rules that services need: marks that the daemon sets itself (`match`), and the source NAT of `fullnat`. Pure. */
import { destinationsOf } from '../config/forwarding-name.js';
import type { DestinationConfiguration, MarkTarget, Protocol, ServiceTarget, VirtualServerConfiguration } from '../config/model.js';
import { markedPaths } from '../config/probe-marks.js';
import { portRuns } from '../config/port-runs.js';
import { targetFamily } from '../config/targets.js';
import { onceForEach } from '../config/once-for-each.js';
import type { FirewallChain } from '../network/firewall-chain.js';
import { type Family, familyOf } from '../network/ip-address.js';

type Service = Pick<VirtualServerConfiguration, 'protocol' | 'targets' | 'realServers' | 'sorryServer'>;
type Services = readonly Service[];

const families: readonly Family[] = ['ipv4', 'ipv6'];
const protocolNumbers: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

const to = (address: string): string => `-d ${address}/${familyOf(address) === 'ipv4' ? 32 : 128}`;
const hexadecimal = (mark: number): string => `0x${mark.toString(16)}`;

const marksOf = ({ fwmark, match = [] }: MarkTarget): readonly string[] =>
  match.flatMap(({ address, ports, protocol }) => {
    const which = ports.includes(0) ? [''] : portRuns(ports).map(([first, last]) => ` -m ${protocol} --dport ${first === last ? first : `${first}:${last}`}`);
    return which.map((port) => `${to(address)} -p ${protocol}${port} -j MARK --set-xmark ${hexadecimal(fwmark)}/0xffffffff`);
  });

/** Of a thousand services most are not. */
const isByMark = ({ targets }: Service): boolean => targets.some(isMark);
const isMark = (target: ServiceTarget): boolean => 'fwmark' in target;

/** Set where packets come in, and where this host's own begin: IPVS takes both, as it does by address. */
export const markingChains = (services: Services): readonly FirewallChain[] =>
  families.flatMap((family): readonly FirewallChain[] => {
    const rules = services.filter(isByMark).flatMap(({ targets }) => targets.flatMap((target) => ('fwmark' in target && target.family === family ? marksOf(target) : [])));
    if (rules.length === 0) return [];
    const common = { family, table: 'mangle', position: 'first', rules } as const;
    // this host's own: a probe of a virtual address keeps the mark that it has
    const probes = markedPaths(services).flatMap((path) => (path.family === family ? [`-m mark --mark ${hexadecimal(path.mark)} -j RETURN`] : []));
    return [
      { ...common, hook: 'PREROUTING', name: 'TANDEM-MARK' },
      { ...common, hook: 'OUTPUT', name: 'TANDEM-MARK-LOCAL', rules: [...probes, ...rules] },
    ];
  });

/** Connections of a service, in the form in which iptables-save prints it; of those that are masqueraded, not those of dr or tun. */
const connectionsOf = (target: ServiceTarget, protocol: Protocol): string =>
  'fwmark' in target
    ? `-m mark --mark ${hexadecimal(target.fwmark)} -m ipvs --vmethod MASQ`
    : `-m ipvs --vproto ${protocolNumbers[protocol]} --vaddr ${target.address}${target.port === 0 ? '' : ` --vport ${target.port}`} --vmethod MASQ`;

const translation = ({ sourceNat }: DestinationConfiguration): string => (sourceNat?.address === undefined ? '-j MASQUERADE' : `-j SNAT --to-source ${sourceNat.address}`);

const masqueradedOf = (service: Service): readonly DestinationConfiguration[] => destinationsOf(service).filter(({ forwarding }) => forwarding === 'nat');

/** Of a thousand services most have none. */
const translatedOf = onceForEach((service: Service): readonly DestinationConfiguration[] => masqueradedOf(service).filter(({ sourceNat }) => sourceNat));

/** One rule for a target; one for each destination only where they differ. */
const translationsOf = (service: Service, family: Family): readonly string[] => {
  const translated = translatedOf(service);
  const [first] = translated;
  if (!first) return [];
  const { protocol, targets } = service;
  const alike = masqueradedOf(service).every((destination) => destination.sourceNat && translation(destination) === translation(first));
  return targets
    .filter((target) => targetFamily(target) === family)
    .flatMap((target) => {
      const connections = connectionsOf(target, protocol);
      if (alike) return [`${connections} ${translation(first)}`];
      return [...new Set(translated.map((destination) => `${to(destination.address)} ${connections} ${translation(destination)}`))];
    });
};

/** `first`: before a rule of someone else's that would translate them otherwise, or not at all. */
export const sourceNatChains = (services: Services): readonly FirewallChain[] =>
  families.flatMap((family): readonly FirewallChain[] => {
    const rules = services.filter((service) => translatedOf(service).length > 0).flatMap((service) => translationsOf(service, family));
    return rules.length === 0 ? [] : [{ family, table: 'nat', hook: 'POSTROUTING', name: 'TANDEM-FULLNAT', position: 'first', rules }];
  });

/** Of the kernel, which iptables does not always find by itself. */
export const modulesOf = (services: Services): readonly string[] => (sourceNatChains(services).length === 0 ? [] : ['nf_conntrack', 'xt_ipvs']);
