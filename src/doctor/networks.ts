/** Addresses and the networks that they are in. Pure. */
import { encodeAddress, familyOf } from '../network/ip-address.js';

/** The leading `length` bits, as text to compare. */
const bits = (address: string, length: number): string => [...encodeAddress(address)].map((octet) => octet.toString(2).padStart(8, '0')).join('').slice(0, length);

/** Whether an address is in the network of another one with its length. */
export const isWithin = (address: string, network: string, prefixLength: number): boolean => familyOf(address) === familyOf(network) && bits(address, prefixLength) === bits(network, prefixLength);

export const lengthOf = (address: string): number => (familyOf(address) === 'ipv4' ? 32 : 128);

/** IPv4: the address is its network's first (`network`) or last (`broadcast`); networks of /31 have neither. */
export const reserved = (address: string, prefixLength: number): 'network' | 'broadcast' | undefined => {
  if (familyOf(address) !== 'ipv4' || prefixLength >= 31) return undefined;
  const rest = bits(address, 32).slice(prefixLength);
  return !rest.includes('1') ? 'network' : !rest.includes('0') ? 'broadcast' : undefined;
};

/** `224.0.0.18` and the like, 224.0.0.0/4 or ff00::/8 */
export const isMulticast = (address: string): boolean => (familyOf(address) === 'ipv4' ? isWithin(address, '224.0.0.0', 4) : isWithin(address, 'ff00::', 8));
