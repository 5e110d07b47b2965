/** An address of this host, and its network: pure. */
import { encodeAddress, familyOf } from './ip-address.js';

export interface HostAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefixLength: number;
}

export const inNetwork = (address: string, { address: own, prefixLength }: HostAddress): boolean => {
  if (familyOf(address) !== familyOf(own) || prefixLength === 0) return false;
  const bits = (text: string): string => [...encodeAddress(text)].map((octet) => octet.toString(2).padStart(8, '0')).join('').slice(0, prefixLength);
  return bits(address) === bits(own);
};
