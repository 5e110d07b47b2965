/** Every health check that a file has: of services, of their real servers and of their sorry servers. */
import type { Path } from '../document.js';
import type { CheckKeys } from '../inherit-check.js';
import { onceForEach } from '../once-for-each.js';
import type { ReadableFile } from './context.js';

export interface CheckEntry {
  readonly check: CheckKeys;
  readonly place: Path;
}

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

/** Of one service, with their places within it; most of ten thousand servers leave theirs to their service. */
const entriesOf = onceForEach((service: Service): readonly CheckEntry[] => {
  const found: CheckEntry[] = [];
  const look = (check: CheckKeys | 'none' | undefined, ...place: Path): void => {
    if (check !== undefined && check !== 'none') found.push({ check, place: [...place, 'health_check'] });
  };
  look(service.health_check);
  service.real_servers?.forEach((server, item) => {
    if (server?.health_check !== undefined) look(server.health_check, 'real_servers', item);
  });
  look(service.sorry_server?.health_check, 'sorry_server');
  return found;
});

/** Those that have one of the keys, as they stand there. */
export const checkEntries = ({ virtual_servers: services = [] }: Pick<ReadableFile, 'virtual_servers'>, ...keys: readonly (keyof CheckKeys)[]): readonly CheckEntry[] => {
  const found: CheckEntry[] = [];
  const hasOne = (check: CheckKeys): boolean => {
    for (const key of keys) if (check[key] !== undefined) return true;
    return false;
  };
  services.forEach((service, index) => {
    if (service === undefined) return;
    for (const { check, place } of entriesOf(service)) if (hasOne(check)) found.push({ check, place: ['virtual_servers', index, ...place] });
  });
  return found;
};
