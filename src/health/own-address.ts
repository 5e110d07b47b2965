/** Which of a host's addresses is its own towards a server, when it may hold virtual ones beside it. Pure. */
import { type HostAddress, inNetwork } from '../network/host-address.js';
import { familyOf, isLinkLocal } from '../network/ip-address.js';

/**
 * @param routed what the kernel would send from: with IPv6 this may be a virtual address
 * @param virtual the addresses of services: real servers have them too, and would answer to themselves
 */
export const ownAddress = (server: string, routed: string | undefined, host: readonly HostAddress[], virtual: ReadonlySet<string>): string | undefined => {
  const ofLink = host.find(({ address }) => address === routed)?.interface;
  if (routed === undefined || !virtual.has(routed)) return routed;
  const candidates = host.filter((each) => each.interface === ofLink && familyOf(each.address) === familyOf(server) && isLinkLocal(each.address) === isLinkLocal(server) && !virtual.has(each.address));
  return (candidates.find((each) => inNetwork(server, each)) ?? candidates[0])?.address;
};
