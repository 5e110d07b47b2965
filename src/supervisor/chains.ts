/** All chains of our own that a configuration asks for, what goes wrong without them, and which of them outlive the daemon. Pure. */
import type { Configuration } from '../config/model.js';
import { onceForEach } from '../config/once-for-each.js';
import type { ChainPlace, FirewallChain } from '../network/firewall-chain.js';
import { acceptanceChains } from './acceptance.js';
import { redirectChainName, redirectChains } from './redirect-chains.js';
import { markingChains, sourceNatChains } from './service-chains.js';

type Asking = Pick<Configuration, 'vrrp' | 'virtualServers' | 'system'>;

/** A reload asks for them several times. */
export const chainsOf = onceForEach(({ vrrp, virtualServers, system }: Asking): readonly FirewallChain[] => [...acceptanceChains(vrrp, virtualServers), ...redirectChains({ system, virtualServers }), ...markingChains(virtualServers), ...sourceNatChains(virtualServers)]);

export const placeOf = ({ family, table, hook, name }: ChainPlace): ChainPlace => ({ family, table, hook, name });

/** What follows when it is not there. */
export const withoutChain = ({ table, name }: ChainPlace): string => {
  if (name === redirectChainName) return 'real servers on the segment of their clients may learn a way past this director';
  if (table === 'mangle') return 'services with match get no packets';
  return table === 'nat' ? 'the real servers of fullnat cannot be reached' : 'accept: false has no effect';
};

/** What stands in for a setting of the host stays as long as those do. */
export const belongsToSettings = ({ name }: ChainPlace): boolean => name === redirectChainName;

/** What the IPVS table cannot do without stays as long as that does. */
export const belongsToTable = ({ table }: ChainPlace): boolean => table === 'mangle' || table === 'nat';
