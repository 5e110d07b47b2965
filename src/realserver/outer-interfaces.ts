/** The interfaces on which a real server is to be silent about its virtual addresses. Pure. */
import { familyOf } from '../network/ip-address.js';
import { RealServerError } from './error.js';
import { type HostFacts, linkName, linkNamed } from './facts.js';
import type { OuterInterface, VipWish } from './wishes.js';

/**
 * Those that are named, or that carry this host's address as the directors have it, or else all that take part in ARP and have an IPv4 address.
 * @throws RealServerError USAGE for a name that is none
 */
export const outerInterfaces = (vips: readonly VipWish[], facts: Pick<HostFacts, 'links' | 'addresses'>, named: readonly string[]): readonly OuterInterface[] => {
  const virtual = new Set(vips.map(({ address }) => address));
  const own = new Set(vips.flatMap(({ realServer }) => realServer ?? []));
  const missing = named.find((name) => linkNamed(facts, name) === undefined);
  if (missing !== undefined) throw new RealServerError('USAGE', `there is no interface ${missing}; there are: ${facts.links.map(({ name }) => name).join(', ')}`);
  const arp = facts.links.filter((link) => link.arp);
  const carrying = (accepts: (address: string) => boolean): readonly string[] =>
    arp.filter(({ index }) => facts.addresses.some((found) => found.index === index && accepts(found.address))).map(({ name }) => name);
  const listed = named.length > 0 ? named : carrying((address) => own.has(address));
  const names = listed.length > 0 ? listed : carrying((address) => familyOf(address) === 'ipv4' && !virtual.has(address));
  return [...new Set(names)].map((name) => {
    const candidates = facts.addresses.filter((found) => linkName(facts, found.index) === name && familyOf(found.address) === 'ipv4' && !virtual.has(found.address) && !found.secondary);
    const source = (candidates.find(({ address }) => own.has(address)) ?? candidates[0])?.address;
    return { name, ...(source !== undefined && { source }) };
  });
};
