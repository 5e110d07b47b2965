/** The addresses that this host has now, and their networks. */
import { networkInterfaces } from 'node:os';
import { encodeAddress, familyOf } from './ip-address.js';

export interface HostAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefixLength: number;
}

/** Of interfaces that are up. */
export const hostAddresses = (): readonly HostAddress[] =>
  Object.entries(networkInterfaces()).flatMap(([name, entries = []]) => entries.map(({ address, cidr }) => ({ interface: name, address, prefixLength: Number(cidr?.split('/')[1] ?? 0) })));

export const inNetwork = (address: string, { address: own, prefixLength }: HostAddress): boolean => {
  if (familyOf(address) !== familyOf(own) || prefixLength === 0) return false;
  const bits = (text: string): string => [...encodeAddress(text)].map((octet) => octet.toString(2).padStart(8, '0')).join('').slice(0, prefixLength);
  return bits(address) === bits(own);
};
