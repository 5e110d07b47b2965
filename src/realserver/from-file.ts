/** From the directors' configuration to what this host, as one of its real servers, takes. Pure. */
import { destinationsOf, forwardingName } from '../config/forwarding-name.js';
import type { Configuration, DestinationConfiguration, ServiceTarget, VirtualServerConfiguration } from '../config/model.js';
import { RealServerError } from './error.js';
import type { VipWish } from './wishes.js';

export interface FromFile {
  readonly vips: readonly VipWish[];
  /** sentences about services of which nothing could be taken */
  readonly notes: readonly string[];
}

interface Use {
  readonly service: VirtualServerConfiguration;
  readonly destination: DestinationConfiguration;
}

/** Empty for a mark whose packets someone else's rules choose. */
const addressesOf = (target: ServiceTarget): readonly string[] => ('address' in target ? [target.address] : (target.match ?? []).map(({ address }) => address));

const some = (items: Iterable<string>, most = 5): string => {
  const all = [...new Set(items)];
  return `${all.slice(0, most).join(', ')}${all.length > most ? `, and ${all.length - most} more` : ''}`;
};

/**
 * @param own the addresses that this host has
 * @param named of the real server that it is, where its own do not say
 * @param path of the file, for messages
 * @throws RealServerError NOT_LISTED when it is none, or needs nothing
 */
export const wishesFromFile = ({ virtualServers }: Pick<Configuration, 'virtualServers'>, own: readonly string[], named: string | undefined, path: string): FromFile => {
  const all = virtualServers.flatMap((service) => destinationsOf(service).map((destination): Use => ({ service, destination })));
  const wanted = new Set(named === undefined ? own : [named]);
  const uses = all.filter(({ destination }) => wanted.has(destination.address));
  const listed = some(all.map(({ destination }) => destination.address));
  if (uses.length === 0) {
    const whose = named === undefined ? `none of this host's addresses (${own.length === 0 ? 'it has none' : some(own)}) is that of a real server` : `${named} is no real server's address`;
    throw new RealServerError('NOT_LISTED', `${path}: ${whose}; its real servers: ${listed === '' ? 'none' : listed}.${named === undefined ? ' Name the one that this host is with --address' : ''}`);
  }
  const taking = uses.filter(({ destination }) => destination.forwarding !== 'nat');
  if (taking.length === 0) {
    const methods = some(uses.map(({ service, destination }) => `${service.name} (${forwardingName(destination)})`));
    throw new RealServerError('NOT_LISTED', `${path}: this host is a real server of ${methods}, which leaves its own address as destination: nothing is needed but, with nat, the default gateway on the director`);
  }
  const vips = taking.flatMap(({ service, destination: { address: realServer, forwarding, tunnel } }) =>
    service.targets.flatMap(addressesOf).map((address): VipWish => (forwarding === 'tun' ? { address, method: 'tun', ...(tunnel && { tunnel }), realServer } : { address, method: 'dr', realServer })),
  );
  const unknown = [...new Set(taking.map(({ service }) => service))].filter(({ targets }) => targets.every((target) => addressesOf(target).length === 0));
  const notes = unknown.map(({ name }) => `${name} answers to a firewall mark without match, so its addresses are not known: give them by hand, tandem realserver apply --name ${name} ADDRESS...`);
  if (vips.length === 0) throw new RealServerError('NOT_LISTED', `${path}: ${notes.join('; ')}`);
  return { vips: [...new Map(vips.map((vip) => [JSON.stringify(vip), vip])).values()], notes };
};
