/** What an orderly stop leaves in the IPVS table. Pure. */
import type { Configuration, VirtualServerConfiguration } from './model.js';

export interface AtStop {
  readonly staying: readonly VirtualServerConfiguration[];
  readonly going: readonly VirtualServerConfiguration[];
  /** of the whole: connection sync and settings stay as long as one virtual server does */
  readonly table: 'keep' | 'remove';
}

export const atStop = ({ ipvs, virtualServers }: Pick<Configuration, 'virtualServers'> & { readonly ipvs: Pick<Configuration['ipvs'], 'onStop'> }): AtStop => {
  const staying = virtualServers.filter(({ onStop = ipvs.onStop }) => onStop === 'keep');
  const going = virtualServers.filter(({ onStop = ipvs.onStop }) => onStop === 'remove');
  return { staying, going, table: virtualServers.length === 0 ? ipvs.onStop : staying.length > 0 ? 'keep' : 'remove' };
};
