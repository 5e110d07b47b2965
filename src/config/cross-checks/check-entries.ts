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

const entry = (check: CheckKeys | 'none' | undefined, ...place: Path): readonly CheckEntry[] => (check === undefined || check === 'none' ? [] : [{ check, place }]);

/** Their places within the service. */
const ofService = onceForEach((service: Service): readonly CheckEntry[] => [
  ...entry(service.health_check, 'health_check'),
  ...(service.real_servers ?? []).flatMap((server, item) => entry(server?.health_check, 'real_servers', item, 'health_check')),
  ...entry(service.sorry_server?.health_check, 'sorry_server', 'health_check'),
]);

/** As they stand there; without those that are `none`. */
export const checkEntries = ({ virtual_servers: services = [] }: Pick<ReadableFile, 'virtual_servers'>): readonly CheckEntry[] =>
  services.flatMap((service, index) => (service === undefined ? [] : ofService(service).map(({ check, place }) => ({ check, place: ['virtual_servers', index, ...place] }))));
