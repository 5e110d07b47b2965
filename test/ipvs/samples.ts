/** Services and destinations to begin with in tests. */
import type { Destination, DestinationEntry } from '../../src/ipvs/destination.js';
import type { DesiredService, TableEntry } from '../../src/ipvs/reconcile.js';
import type { AddressService } from '../../src/ipvs/service.js';

export const service = (change: Partial<AddressService> = {}): AddressService => ({
  protocol: 'tcp',
  address: '10.0.0.100',
  port: 80,
  scheduler: 'wrr',
  persistence: undefined,
  onePacket: false,
  schedulerFlags: 0,
  persistenceEngine: undefined,
  ...change,
});

export const destination = (last: number, change: Partial<DestinationEntry> = {}): DestinationEntry => ({
  address: `10.0.0.${last}`,
  port: 80,
  forwarding: 'dr',
  weight: 1,
  ...change,
});

/** As the kernel would report it. */
export const reported = (entry: DestinationEntry): Destination => ({
  ...entry,
  tunnel: entry.forwarding === 'tun' ? { type: 'ipip', port: 0, checksum: 'none' } : undefined,
  upperThreshold: entry.upperThreshold ?? 0,
  lowerThreshold: entry.lowerThreshold ?? 0,
  activeConnections: 3,
  inactiveConnections: 4,
  persistentConnections: 5,
});

export const inKernel = ({ service: of, destinations }: Omit<DesiredService, 'name'>): TableEntry => ({ service: of, destinations: destinations.map(reported) });
