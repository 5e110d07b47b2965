/** Which address of its interface an instance sends from: pure. */
import type { InstanceConfiguration } from '../config/model.js';
import { familyOf, isLinkLocal } from '../network/ip-address.js';
import type { InterfaceAddress } from '../network/rtnetlink.js';
import { instanceFamily } from './family.js';

type Own = Pick<InstanceConfiguration, 'interface' | 'priority' | 'unicast' | 'virtualAddresses'>;

/** IPv6 advertises from a link-local address (RFC 9568, 5.1.2.1); unicast peers elsewhere could not answer to one. */
const needsLinkLocal = (own: Own): boolean => instanceFamily(own) === 'ipv6' && (own.unicast?.peers.every(isLinkLocal) ?? true);

/**
 * The one that the file names, else the first address of the interface that is not a virtual one.
 * @param addresses of the instance's interface, in the kernel's order
 * @param virtual the virtual addresses of all instances
 * @param current kept while it will do: the kernel lists the addresses of IPv6 in changing order
 * @returns undefined while the interface has none
 */
export const sourceAddress = (own: Own, addresses: readonly InterfaceAddress[], virtual: ReadonlySet<string>, current?: string): string | undefined => {
  const family = instanceFamily(own);
  const usable = addresses.flatMap(({ address, tentative }) => (familyOf(address) === family && !tentative ? [address] : []));
  const named = own.unicast?.source;
  if (named !== undefined) return usable.find((address) => address === named);
  const candidates = family === 'ipv4' ? usable : usable.filter((address) => isLinkLocal(address) === needsLinkLocal(own));
  const free = candidates.filter((address) => !virtual.has(address));
  if (family === 'ipv6' && current !== undefined && free.includes(current)) return current;
  // the owner's virtual address is its own address
  return free[0] ?? (own.priority === 255 ? candidates[0] : undefined);
};

/** Whether an address that comes or goes can change what an instance sends from: with hundreds of instances, a takeover is hundreds of virtual addresses that cannot. */
export const mayBeSource = (own: Own, address: string, virtual: ReadonlySet<string>): boolean => !virtual.has(address) || own.priority === 255 || own.unicast?.source === address;

/** What is wrong when there is none, in words. */
export const lacksSource = (own: Own): string => {
  const { interface: name, unicast } = own;
  if (unicast?.source !== undefined) return `interface ${name} does not have the address ${unicast.source}, the source of unicast`;
  const kind = instanceFamily(own) === 'ipv4' ? 'IPv4' : needsLinkLocal(own) ? 'usable link-local IPv6' : 'usable global IPv6';
  return `interface ${name} has no ${kind} address of its own`;
};
