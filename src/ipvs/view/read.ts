/** Reads from the kernel what a view shows. */
import { readFileSync } from 'node:fs';
import type { IpvsClient } from '../client.js';
import type { ServiceSelector } from '../service.js';
import { type Connection, parseConnections } from './connections.js';
import type { View, ViewEntry } from './words.js';

const entryOf = async (client: IpvsClient, service: ViewEntry['service']): Promise<ViewEntry> => ({ service, destinations: await client.getCountedDestinations(service) });

/** One service, or all; undefined = it is not there. @throws NetlinkError, IpvsMessageError */
export const readView = async (client: IpvsClient, only: ServiceSelector | undefined): Promise<View | undefined> => {
  if (only !== undefined) {
    const service = await client.findCountedService(only);
    return service && { information: undefined, table: [await entryOf(client, service)] };
  }
  const information = await client.getInformation();
  const table: ViewEntry[] = [];
  // one dump at a time on a socket
  for (const service of await client.getCountedServices()) table.push(await entryOf(client, service));
  return { information, table };
};

/** The addresses that a view shows. */
export const addressesOf = (table: readonly ViewEntry[]): readonly string[] =>
  table.flatMap(({ service, destinations }) => [...('fwmark' in service ? [] : [service.address]), ...destinations.map(({ address }) => address)]);

/** @throws Error with ENOENT when the kernel has no IPVS */
export const readConnections = (): readonly Connection[] => parseConnections(readFileSync('/proc/net/ip_vs_conn', 'latin1'));

export const connectionAddresses = (connections: readonly Connection[]): readonly string[] =>
  connections.flatMap(({ client, virtual, destination }) => [client.address, virtual.address, destination.address]);
