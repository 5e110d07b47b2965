/** Every health check that a file has: of services, of their real servers and of their sorry servers. */
import type { Path } from '../document.js';
import type { CheckKeys } from '../inherit-check.js';
import type { ReadableFile } from './context.js';

export interface CheckEntry {
  readonly check: CheckKeys;
  readonly place: Path;
}

/** Most servers have none of their own: no place is made for them. */
const entry = (check: CheckKeys | 'none' | undefined, ...place: Path): readonly CheckEntry[] => (check === undefined || check === 'none' ? [] : [{ check, place }]);

/** As they stand there; without those that are `none`. */
export const checkEntries = ({ virtual_servers: services = [] }: Pick<ReadableFile, 'virtual_servers'>): readonly CheckEntry[] =>
  services.flatMap((service, index) => [
    ...entry(service?.health_check, 'virtual_servers', index, 'health_check'),
    ...(service?.real_servers ?? []).flatMap((server, item) => entry(server?.health_check, 'virtual_servers', index, 'real_servers', item, 'health_check')),
    ...entry(service?.sorry_server?.health_check, 'virtual_servers', index, 'sorry_server', 'health_check'),
  ]);
