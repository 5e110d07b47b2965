/** All chains of our own that a configuration asks for, what goes wrong without them, and which of them outlive the daemon. Pure. */
import type { Configuration } from '../config/model.js';
import type { ChainPlace, FirewallChain } from '../network/firewall-chain.js';
import { acceptanceChains } from './acceptance.js';
import { markingChains, sourceNatChains } from './service-chains.js';

type Asking = Pick<Configuration, 'vrrp' | 'virtualServers'>;

export const chainsOf = ({ vrrp, virtualServers }: Asking): readonly FirewallChain[] => [...acceptanceChains(vrrp, virtualServers), ...tableChainsOf(virtualServers)];

/** Of those that belong to the table: what these virtual servers need. */
export const tableChainsOf = (virtualServers: Asking['virtualServers']): readonly FirewallChain[] => [...markingChains(virtualServers), ...sourceNatChains(virtualServers)];

export const placeOf = ({ family, table, hook, name }: ChainPlace): ChainPlace => ({ family, table, hook, name });

/** What follows when it is not there. */
export const withoutChain = ({ table }: ChainPlace): string => {
  if (table === 'mangle') return 'services with match get no packets';
  return table === 'nat' ? 'the real servers of fullnat cannot be reached' : 'accept: false has no effect';
};

/** What the IPVS table cannot do without stays as long as that does. */
export const belongsToTable = ({ table }: ChainPlace): boolean => table === 'mangle' || table === 'nat';
