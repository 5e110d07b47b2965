/** Every health check that a file has: of services, of their real servers and of their sorry servers. */
import type { Path } from '../document.js';
import type { CheckKeys } from '../inherit-check.js';
import type { ReadableFile } from './context.js';

export interface CheckEntry {
  readonly check: CheckKeys;
  readonly place: Path;
}

/** Those that have one of the keys, as they stand there: of ten thousand servers with checks few say anything rare. */
export const checkEntries = ({ virtual_servers: services = [] }: Pick<ReadableFile, 'virtual_servers'>, ...keys: readonly (keyof CheckKeys)[]): readonly CheckEntry[] => {
  const found: CheckEntry[] = [];
  const look = (check: CheckKeys | 'none' | undefined, index: number, ...place: Path): void => {
    if (check !== undefined && check !== 'none' && keys.some((key) => check[key] !== undefined)) found.push({ check, place: ['virtual_servers', index, ...place, 'health_check'] });
  };
  services.forEach((service, index) => {
    look(service?.health_check, index);
    service?.real_servers?.forEach((server, item) => look(server?.health_check, index, 'real_servers', item));
    look(service?.sorry_server?.health_check, index, 'sorry_server');
  });
  return found;
};
