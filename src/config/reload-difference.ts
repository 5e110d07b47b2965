/** What is different between two configurations, in words: one line each, never a secret. */
import { withoutCommon } from './in-common.js';
import { fileForm, type FileMapping, type FileValue } from './file-form.js';
import type { Configuration, HealthCheckConfiguration, VirtualServerConfiguration } from './model.js';

/** Empty when nothing differs; the order of instances, addresses, services and servers is no difference. */
export const differences = (before: Configuration, after: Configuration): string[] => {
  const [old, now] = withoutSameServices(before, after);
  return [...mappingLines('', fileForm(old), fileForm(now)), ...secretLines(old, now), ...emailLines(before, after), ...hiddenLines(old, now)];
};

/** Of a thousand services most are the same, the very objects even, and need no other form to show it. */
const withoutSameServices = (before: Configuration, after: Configuration): readonly [Configuration, Configuration] => {
  const [old, now] = withoutCommon(before.virtualServers, after.virtualServers);
  const text = (services: Configuration['virtualServers']): ReadonlySet<string> => new Set(services.map((service) => JSON.stringify(service)));
  const [oldTexts, newTexts] = [text(old), text(now)];
  const not = (services: Configuration['virtualServers'], others: ReadonlySet<string>): Configuration['virtualServers'] => services.filter((service) => !others.has(JSON.stringify(service)));
  return [{ ...before, virtualServers: not(old, newTexts) }, { ...after, virtualServers: not(now, oldTexts) }];
};

/** What the kernel tells them by. */
const routeIdentity = ({ destination, table, metric }: FileMapping): string => `${String(destination)}${table === 'main' || table === undefined ? '' : ` table ${shown(table)}`}${metric === undefined ? '' : ` metric ${shown(metric)}`}`;
const ruleIdentity = ({ priority, from, to }: FileMapping): string => `${shown(priority)}${from === undefined ? '' : ` from ${shown(from)}`}${to === undefined ? '' : ` to ${shown(to)}`}`;

/** Lists whose items have a name or an address of their own, by their key or the way to it: what an item is called, and what tells it from the others. */
const lists: Readonly<Record<string, { readonly called: string; readonly identity: (item: FileMapping) => string }>> = {
  instances: { called: 'instance', identity: ({ name }) => String(name) },
  sync_groups: { called: 'sync group', identity: ({ name }) => String(name) },
  virtual_servers: { called: 'virtual server', identity: ({ name }) => String(name) },
  virtual_addresses: { called: 'virtual address', identity: ({ address }) => String(address) },
  virtual_routes: { called: 'virtual route', identity: routeIdentity },
  virtual_rules: { called: 'virtual rule', identity: ruleIdentity },
  'static.addresses': { called: 'static address', identity: ({ address }) => String(address) },
  'static.routes': { called: 'static route', identity: routeIdentity },
  'static.rules': { called: 'static rule', identity: ruleIdentity },
  'track.routes': { called: 'tracked route', identity: routeIdentity },
  keys: { called: 'authentication key', identity: ({ id }) => String(id) },
  interfaces: { called: 'tracked interface', identity: ({ name }) => String(name) },
  scripts: { called: 'script', identity: ({ name }) => String(name) },
  files: { called: 'tracked file', identity: ({ path }) => String(path) },
  processes: { called: 'tracked process', identity: ({ name }) => String(name) },
  real_servers: { called: 'real server', identity: ({ address, port }) => `${String(address)}:${String(port)}` },
};

const isMapping = (value: FileValue): value is FileMapping => typeof value === 'object' && !Array.isArray(value);
const isList = (value: FileValue): value is readonly FileValue[] => Array.isArray(value);

const mappingLines = (prefix: string, before: FileMapping, after: FileMapping, key = ''): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => valueLines(prefix, key === '' ? name : `${key}.${name}`, name, before[name], after[name]));

/** `key` is the way from the last named thing, `name` its last part. */
const valueLines = (prefix: string, key: string, name: string, before: FileValue, after: FileValue): string[] => {
  const list = lists[key] ?? lists[name];
  if (list !== undefined && (isList(before) || isList(after)) && [before, after].flat().every((item) => item === undefined || isMapping(item))) return listLines(prefix, list, mappings(before), mappings(after));
  if (isMapping(before) && isMapping(after)) return mappingLines(prefix, before, after, containers.has(key) ? '' : key);
  if (absentIsEmpty.has(name)) return mappingLines(prefix, isMapping(before) ? before : {}, isMapping(after) ? after : {}, key);
  const [old, now] = [shown(before), shown(after)];
  return old === now ? [] : [`${prefix}${key} ${old} -> ${now}`];
};

/** Sections that the items in them do not need to name. */
const containers = new Set(['vrrp']);

/** Sections whose absence says as much as an empty one. */
const absentIsEmpty = new Set(['track', 'static']);

const mappings = (value: FileValue): readonly FileMapping[] => (isList(value) ? value.filter(isMapping) : []);

const listLines = (prefix: string, { called, identity }: { readonly called: string; readonly identity: (item: FileMapping) => string }, before: readonly FileMapping[], after: readonly FileMapping[]): string[] => {
  const old = new Map(before.map((item) => [identity(item), item]));
  const now = new Map(after.map((item) => [identity(item), item]));
  return [
    ...[...old.keys()].filter((id) => !now.has(id)).map((id) => `${prefix}${called} ${id} removed`),
    ...[...now.keys()].filter((id) => !old.has(id)).map((id) => `${prefix}${called} ${id} added`),
    ...[...now].flatMap(([id, item]) => {
      const earlier = old.get(id);
      return earlier === undefined ? [] : mappingLines(`${prefix}${called} ${id}: `, earlier, item);
    }),
  ];
};

const shown = (value: FileValue): string => {
  if (value === undefined) return 'none';
  if (isList(value)) return `[${value.map(shown).join(', ')}]`;
  if (isMapping(value)) return `{ ${Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [`${key}: ${shown(each)}`])).join(', ')} }`;
  return String(value);
};

const emailLines = (before: Configuration, after: Configuration): string[] =>
  before.email?.password !== undefined && after.email?.password !== undefined && before.email.password !== after.email.password ? ['notify.email: password changed'] : [];

/** The form above masks passwords and keys: that one has changed is all that is said. */
const secretLines = (before: Configuration, after: Configuration): string[] =>
  after.vrrp.instances.flatMap(({ name, authentication: now }) => {
    const earlier = before.vrrp.instances.find((instance) => instance.name === name)?.authentication;
    if (earlier?.type === 'pass' && now?.type === 'pass') return earlier.password === now.password ? [] : [`instance ${name}: authentication password changed`];
    if (earlier?.type !== 'hmac' || now?.type !== 'hmac') return [];
    const old = new Map(earlier.keys.map(({ id, key }) => [id, key]));
    return now.keys.flatMap(({ id, key }) => (old.has(id) && old.get(id) !== key ? [`instance ${name}: authentication key ${id} changed`] : []));
  });

/** The form above shows where certificates are read, not what they are, and masks what may be secret in requests. */
const hiddenLines = (before: Configuration, after: Configuration): string[] =>
  after.virtualServers.flatMap((service) => {
    const { name } = service;
    const earlier = checksOf(before.virtualServers.find((each) => each.name === name));
    return [...checksOf(service)].flatMap(([server, healthCheck]) => {
      const old = hiddenOf(earlier.get(server));
      return [...hiddenOf(healthCheck)].flatMap(([what, content]) => (old.has(what) && old.get(what) !== content ? [`virtual server ${name}: ${server}: ${what} changed`] : []));
    });
  });

/** By what its servers are called. */
const checksOf = (service: VirtualServerConfiguration | undefined): ReadonlyMap<string, HealthCheckConfiguration> =>
  new Map([
    ...(service?.realServers ?? []).map(({ address, port, healthCheck }) => [`real server ${address}:${port}`, healthCheck] as const),
    ...(service?.sorryServer?.healthCheck ? [['sorry_server', service.sorryServer.healthCheck] as const] : []),
  ]);

/** What it is called -> what it is, which is only compared. */
const hiddenOf = (check: HealthCheckConfiguration | undefined): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  if (check === undefined) return found;
  if ('ca' in check && check.ca !== undefined) found.set(`the certificates in ${check.caPath ?? 'ca'}`, check.ca);
  if ('clientCertificate' in check && check.clientCertificate) {
    const { certificate, key, certificatePath, keyPath } = check.clientCertificate;
    found.set(`the certificate in ${certificatePath}`, certificate).set(`the key in ${keyPath}`, key);
  }
  for (const { path, headers = {}, requestBody } of 'requests' in check ? check.requests : []) {
    for (const [header, value] of Object.entries(headers)) found.set(`the header ${header} of ${path}`, value);
    if (requestBody !== undefined) found.set(`the request body of ${path}`, requestBody);
  }
  return found;
};
