/** What the peer's file says against our configuration. Health makes tables differ, so only what it cannot explain is told. Pure. */
import { destinationsOf, forwardingName } from '../config/forwarding-name.js';
import type { Configuration, VirtualServerConfiguration } from '../config/model.js';
import { formatEndpoint } from '../network/ip-address.js';
import { toMilliseconds } from '../time/microseconds.js';
import { instanceFamily } from '../vrrp/family.js';
import type { Facts, PeerTable } from './facts.js';
import { type Finding, finding } from './finding.js';

export const findInPeer = ({ configuration, peer }: Facts): readonly Finding[] => {
  if (configuration === undefined || peer === undefined) return [];
  return peer.kind === 'status' ? [...instances(configuration, peer), ...servers(configuration, peer)] : table(configuration, peer);
};

const services = (subject: string, seen: string): Finding => finding('peer_services_differ', subject, seen, 'virtual_servers: the same on both directors; then tandem reload');

const keysOf = ({ targets, protocol }: VirtualServerConfiguration): readonly string[] =>
  targets.map((target) => ('fwmark' in target ? `mark ${target.fwmark} ${target.family}` : `${formatEndpoint(target.address, target.port)}/${protocol}`));

/** Keys of ours that the peer lacks, and of the peer's that we lack. */
const compareKeys = (ours: ReadonlyMap<string, VirtualServerConfiguration>, theirs: ReadonlySet<string>, path: string): readonly Finding[] => [
  ...[...ours].filter(([key]) => !theirs.has(key)).map(([key, { name }]) => services(name, `${key} is here, and not in ${path}`)),
  ...[...theirs].filter((key) => !ours.has(key)).map((key) => services(key, `${key} is in ${path}, and not here`)),
];

const oursByKey = ({ virtualServers }: Configuration): ReadonlyMap<string, VirtualServerConfiguration> => new Map(virtualServers.flatMap((service) => keysOf(service).map((key) => [key, service] as const)));

const servers = (configuration: Configuration, { status, path }: Extract<PeerTable, { readonly kind: 'status' }>): readonly Finding[] => {
  const ours = oursByKey(configuration);
  const theirs = new Map(status.virtual_servers.flatMap((service) => service.services.map((key) => [key, service] as const)));
  const compared = new Set<VirtualServerConfiguration>();
  const differences = [...ours].flatMap(([key, service]): readonly Finding[] => {
    const other = theirs.get(key);
    if (other === undefined || compared.has(service)) return [];
    compared.add(service);
    const found = service.scheduler === other.scheduler ? [] : [services(service.name, `the scheduler of ${key} is ${service.scheduler} here, and ${other.scheduler} in ${path}`)];
    const name = (address: string, port: number): string => formatEndpoint(address, port);
    const own = new Map(service.realServers.map((server) => [name(server.address, server.port), server]));
    const others = new Map(other.real_servers.map((server) => [name(server.address, server.port), server]));
    for (const [endpoint, server] of own) {
      const there = others.get(endpoint);
      if (there === undefined) found.push(services(service.name, `the real server ${endpoint} is here, and not in ${path}`));
      else if (there.configured_weight !== server.weight) found.push(services(service.name, `the weight of ${endpoint} is ${server.weight} here, and ${there.configured_weight} in ${path}`));
      else if (there.forwarding !== forwardingName(server) && there.forwarding !== server.forwarding) found.push(services(service.name, `the forwarding of ${endpoint} is ${forwardingName(server)} here, and ${there.forwarding} in ${path}`));
    }
    for (const endpoint of others.keys()) if (!own.has(endpoint)) found.push(services(service.name, `the real server ${endpoint} is in ${path}, and not here`));
    return found;
  });
  return [...compareKeys(ours, new Set(theirs.keys()), path), ...differences];
};

/** Destinations come and go with health: one that we do not know at all is a difference. */
const table = (configuration: Configuration, { services: saved, path }: Extract<PeerTable, { readonly kind: 'table' }>): readonly Finding[] => {
  const ours = oursByKey(configuration);
  const differences = saved.flatMap(({ key, scheduler, persistence, destinations }): readonly Finding[] => {
    const service = ours.get(key);
    if (service === undefined) return [];
    const found = service.scheduler === scheduler ? [] : [services(service.name, `the scheduler of ${key} is ${service.scheduler} here, and ${scheduler} in ${path}`)];
    const own = service.persistence && toMilliseconds(service.persistence.timeout) / 1_000;
    if (own !== persistence) found.push(services(service.name, `the persistence of ${key} is ${own === undefined ? 'off' : `${own} s`} here, and ${persistence === undefined ? 'off' : `${persistence} s`} in ${path}`));
    for (const { address, port, forwarding } of destinations) {
      const known = destinationsOf(service).find((destination) => destination.address === address && (destination.port === port || destination.port === 0));
      if (known === undefined) found.push(services(service.name, `the real server ${formatEndpoint(address, port)} of ${key} is in ${path}, and not here`));
      else if (known.forwarding !== forwarding) found.push(services(service.name, `the forwarding of ${formatEndpoint(address, port)} is ${known.forwarding} here, and ${forwarding} in ${path}`));
    }
    return found;
  });
  return [...compareKeys(ours, new Set(saved.map(({ key }) => key)), path), ...differences];
};

const instances = ({ vrrp, ipvs }: Configuration, { status, path }: Extract<PeerTable, { readonly kind: 'status' }>): readonly Finding[] => {
  const differ = (subject: string, seen: string): Finding => finding('peer_instances_differ', subject, seen, 'the same in both configuration files, but for priority and unicast');
  const compared = vrrp.instances.flatMap((own): readonly Finding[] => {
    const other = status.instances.find((each) => each.name === own.name) ?? status.instances.find((each) => each.virtual_router_id === own.virtualRouterId && each.family === instanceFamily(own));
    if (other === undefined) return [differ(own.name, `the instance ${own.name} is here, and not in ${path}`)];
    const list = (addresses: readonly string[]): string => [...addresses].sort().join(', ');
    const facts: readonly (readonly [string, string, string])[] = [
      ['virtual_router_id', String(own.virtualRouterId), String(other.virtual_router_id)],
      ['version', String(own.version), String(other.version)],
      ['advertisement_interval', `${toMilliseconds(own.advertisementInterval)} ms`, `${other.advertisement_interval_ms} ms`],
      ['authentication', own.authentication?.type ?? 'none', other.authentication?.type ?? 'none'],
      ['virtual_addresses', list(own.virtualAddresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`)), list(other.virtual_addresses.map(({ address }) => address))],
    ];
    return facts.flatMap(([key, ours, theirs]) => (ours === theirs ? [] : [differ(own.name, `${key} is ${ours} here, and ${theirs} in ${path}`)]));
  });
  const more = status.instances.filter((other) => !vrrp.instances.some((own) => own.name === other.name || (own.virtualRouterId === other.virtual_router_id && instanceFamily(own) === other.family)));
  const [ours, theirs] = [ipvs.sync?.id, status.sync?.id];
  return [
    ...compared,
    ...more.map(({ name }) => differ(name, `the instance ${name} is in ${path}, and not here`)),
    ...(ours === theirs ? [] : [finding('sync_id_differs', 'ipvs.sync', `ipvs.sync.id is ${ours ?? 'missing'} here, and ${theirs ?? 'missing'} in ${path}`, 'ipvs.sync.id: the same on both directors')]),
  ];
};
