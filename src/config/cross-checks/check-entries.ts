/** Every health check that a file has: of services, of their real servers and of their sorry servers. */
import type { Path } from '../document.js';
import type { CheckKeys } from '../inherit-check.js';
import type { ReadableFile } from './context.js';

export interface CheckEntry {
  readonly check: CheckKeys;
  readonly place: Path;
}

/** As they stand there; without those that are `none`. */
export const checkEntries = ({ virtual_servers: services = [] }: Pick<ReadableFile, 'virtual_servers'>): readonly CheckEntry[] =>
  services.flatMap((service, index) => {
    const path: Path = ['virtual_servers', index];
    const entries = [
      { check: service?.health_check, place: [...path, 'health_check'] },
      ...(service?.real_servers ?? []).map((server, item) => ({ check: server?.health_check, place: [...path, 'real_servers', item, 'health_check'] })),
      { check: service?.sorry_server?.health_check, place: [...path, 'sorry_server', 'health_check'] },
    ];
    return entries.flatMap(({ check, place }) => (check === undefined || check === 'none' ? [] : [{ check, place }]));
  });
