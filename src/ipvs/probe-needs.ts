/** What probes of virtual addresses need of the host: that it takes their answers while it holds such an address, which they come from. Pure. */
import { isProbe, markedPaths } from '../config/probe-marks.js';
import type { VirtualServerConfiguration, VrrpConfiguration } from '../config/model.js';
import { isStrict, takesLocal } from '../network/answers-from-itself.js';
import { type HostAddress, inNetwork } from '../network/host-address.js';
import { familyOf } from '../network/ip-address.js';
import type { Need } from './kernel-needs.js';

export const probeNeeds = ({ instances }: Pick<VrrpConfiguration, 'instances'>, services: readonly VirtualServerConfiguration[], host: readonly HostAddress[]): readonly Need[] => {
  const asking = services.filter(({ realServers }) => realServers.some(isProbe));
  if (!markedPaths(asking).some(({ family }) => family === 'ipv4')) return [];
  const own = new Set(host.map(({ address }) => address));
  const held = new Map(instances.flatMap(({ virtualAddresses }) => virtualAddresses.map((virtual) => [virtual.address, virtual.interface] as const)));
  const linkTo = (address: string): string | undefined => host.find((each) => inNetwork(address, each))?.interface;
  const links = new Map<string, { readonly names: Set<string>; crossing: boolean }>();
  for (const { name, realServers } of asking) {
    for (const { healthCheck: check } of realServers) {
      if (!('through' in check) || !check.through || familyOf(check.address) !== 'ipv4' || own.has(check.through.server)) continue;
      const link = linkTo(check.through.server);
      const use = links.get(link ?? 'all') ?? { names: new Set(), crossing: false };
      const carrier = held.get(check.address) ?? linkTo(check.address);
      links.set(link ?? 'all', use);
      use.names.add(name);
      // behind a router it cannot be told by which interface the answers come
      use.crossing ||= link !== undefined && carrier !== undefined && carrier !== link;
    }
  }
  return [...links].flatMap(([link, { names, crossing }]): readonly Need[] => {
    const why = `probe: virtual_address (${[...names].slice(0, 3).join(', ')}${names.size > 3 ? ', ...' : ''}) needs it: without it this director drops the answers while it holds the address, and the real servers are asked at their own addresses then`;
    const accept: Need = { path: `ipv4/conf/${link}/accept_local`, wanted: '1', fits: (value, read) => takesLocal({ all: read('ipv4/conf/all/accept_local'), link: value }), why };
    const filter: Need = { path: `ipv4/conf/${link}/rp_filter`, wanted: '2', fits: (value, read) => !isStrict({ all: read('ipv4/conf/all/rp_filter'), link: value }), why: `${why}. The answers come in by another interface than the one with the address` };
    return crossing ? [accept, filter] : [accept];
  });
};
