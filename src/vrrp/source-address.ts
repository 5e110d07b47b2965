/** Which address of its interface an instance sends from: pure. */
import type { InstanceConfiguration } from '../config/model.js';
import type { InterfaceAddress } from '../network/rtnetlink.js';

type Own = Pick<InstanceConfiguration, 'interface' | 'priority' | 'unicast' | 'virtualAddresses'>;

/**
 * The one that the file names, else the first address of the interface that is not a virtual one.
 * @param addresses of the instance's interface, in the kernel's order
 * @param virtual the virtual addresses of all instances
 * @returns undefined while the interface has none
 */
export const sourceAddress = (own: Own, addresses: readonly InterfaceAddress[], virtual: ReadonlySet<string>): string | undefined => {
  const named = own.unicast?.source;
  if (named !== undefined) return addresses.find(({ address }) => address === named)?.address;
  const first = addresses.find(({ address }) => !virtual.has(address));
  // the owner's virtual address is its own address
  return (first ?? (own.priority === 255 ? addresses[0] : undefined))?.address;
};

/** What is wrong when there is none, in words. */
export const lacksSource = ({ interface: name, unicast }: Own): string =>
  unicast?.source === undefined ? `interface ${name} has no IPv4 address of its own` : `interface ${name} does not have the address ${unicast.source}, the source of unicast`;
