/** The addresses that this host has now. */
import { networkInterfaces } from 'node:os';
import type { HostAddress } from './host-address.js';

/** Of interfaces that are up. */
export const hostAddresses = (): readonly HostAddress[] =>
  Object.entries(networkInterfaces()).flatMap(([name, entries = []]) => entries.map(({ address, cidr }) => ({ interface: name, address, prefixLength: Number(cidr?.split('/')[1] ?? 0) })));
