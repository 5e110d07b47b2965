/** The health checks of a file that have more to be checked than their own keys: of services, of their real servers and of their sorry servers. */
import type { Path } from '../document.js';
import type { CheckKeys } from '../inherit-check.js';
import { onceForEach } from '../once-for-each.js';
import type { ReadableFile } from './context.js';

export interface CheckEntry {
  readonly check: CheckKeys;
  readonly place: Path;
}

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

/** What is asked for: of ten thousand checks most have nothing of it. */
const askedKeys = ['body', 'ca', 'client_certificate', 'client_key', 'expect', 'headers', 'urls'] as const satisfies readonly (keyof CheckKeys)[];
type AskedKey = (typeof askedKeys)[number];

const none: readonly CheckEntry[] = [];

/** Of one service those that have any of these keys, with their places within it. */
const entriesOf = onceForEach((service: Service): readonly CheckEntry[] => {
  const found: CheckEntry[] = [];
  const look = (check: CheckKeys | 'none' | undefined, ...place: Path): void => {
    if (check !== undefined && check !== 'none' && askedKeys.some((key) => check[key] !== undefined)) found.push({ check, place: [...place, 'health_check'] });
  };
  look(service.health_check);
  service.real_servers?.forEach((server, item) => {
    if (server?.health_check !== undefined) look(server.health_check, 'real_servers', item);
  });
  look(service.sorry_server?.health_check, 'sorry_server');
  return found.length === 0 ? none : found;
});

/** Those that have one of the keys, as they stand there. */
export const checkEntries = ({ virtual_servers: services = [] }: Pick<ReadableFile, 'virtual_servers'>, ...keys: readonly AskedKey[]): readonly CheckEntry[] => {
  const found: CheckEntry[] = [];
  services.forEach((service, index) => {
    const entries = service === undefined ? none : entriesOf(service);
    if (entries.length === 0) return;
    for (const { check, place } of entries) if (keys.some((key) => check[key] !== undefined)) found.push({ check, place: ['virtual_servers', index, ...place] });
  });
  return found;
};
