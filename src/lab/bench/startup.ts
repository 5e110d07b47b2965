/** The time from the start of a daemon to BACKUP, one after the other in turn. */
import { Segment } from '../namespaces.js';
import { Daemon, type DaemonName, daemonNames } from './daemons.js';
import type { Measurement } from './statistics.js';

export const measureStartup = async (runs: number): Promise<Measurement> => {
  const segment = new Segment();
  const host = segment.host('a', '10.77.0.1/24');
  const times: Record<DaemonName, number[]> = { tandem: [], keepalived: [] };
  try {
    for (let run = 0; run < runs; run++) {
      for (const name of daemonNames) {
        const daemon = Daemon.of(name, host.namespace, [{ priority: 100, interval: 1000, virtualAddresses: ['10.77.0.100'] }]);
        times[name].push((await daemon.entered('BACKUP')) - daemon.startedAt);
        await daemon.stop();
      }
    }
  } finally {
    segment.remove();
  }
  return { name: 'start to BACKUP', unit: 'ms', ...times };
};
