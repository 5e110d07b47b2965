/** What must hold of routes and rules, virtual and static ones together, and of static addresses. */
import { completeRoute, completeRule, completeTrackedRoute, routeFamily, ruleFamily, trackedFamily } from '../complete-routing.js';
import type { Path } from '../document.js';
import type { Readable } from '../schema-walk.js';
import { describeTrackedRoute, describeRoute, describeRule } from '../routing-words.js';
import { mainTable } from '../routing-model.js';
import type { RouteEntry, RuleEntry, TrackedRouteEntry } from '../schema/routing.js';
import { type Family, familyOf, isLinkLocal } from '../../network/ip-address.js';
import { advertisedFamily, familyNames } from './family.js';
import { uniqueness, type Context, type ReadableFile } from './context.js';

type Route = Readable<RouteEntry>;
type Rule = Readable<RuleEntry>;
type Unique = ReturnType<typeof uniqueness>;

/** Where they stand: an instance gives them its family and its interface. */
interface Owner {
  readonly family: Family;
  readonly interface: string | undefined;
  readonly isInstance: boolean;
}

export const checkRouting = (context: Context): void => {
  const { file } = context;
  const routes = uniqueness(context, 'name it once, or give it a table or a metric of its own');
  const rules = uniqueness(context, 'name it once, or give it a priority of its own');
  const look = (owner: Owner, [routesPath, rulesPath]: readonly [Path, Path], entries: readonly [readonly (Route | undefined)[], readonly (Rule | undefined)[]]): void => {
    entries[0].forEach((route, index) => route && checkRoute(context, route, [...routesPath, index], owner, routes));
    entries[1].forEach((rule, index) => rule && checkRule(context, rule, [...rulesPath, index], owner, rules));
  };
  file.vrrp?.instances?.forEach((instance, index) => {
    if (instance === undefined) return;
    const path = ['vrrp', 'instances', index];
    const owner = { family: advertisedFamily(instance) ?? 'ipv4', interface: instance.interface, isInstance: true };
    look(owner, [[...path, 'virtual_routes'], [...path, 'virtual_rules']], [instance.virtual_routes ?? [], instance.virtual_rules ?? []]);
    instance.track?.routes?.forEach((route, item) => route && checkTracked(context, route, [...path, 'track', 'routes', item]));
  });
  file.vrrp?.sync_groups?.forEach((group, index) => {
    group?.track?.routes?.forEach((route, item) => route && checkTracked(context, route, ['vrrp', 'sync_groups', index, 'track', 'routes', item]));
  });
  look({ family: 'ipv4', interface: undefined, isInstance: false }, [['static', 'routes'], ['static', 'rules']], [file.static?.routes ?? [], file.static?.rules ?? []]);
  checkAddresses(context);
};

const isWhole = <T extends object>(entry: object, keys: readonly (keyof T & string)[]): entry is T => keys.every((key) => Reflect.get(entry, key) !== undefined);

/** Every address that is given must be of the family. */
const sameFamily = ({ report }: Context, family: Family, places: readonly (readonly [string | undefined, Path])[]): boolean => {
  const wrong = places.find(([address]) => address !== undefined && address !== 'default' && address !== 'all' && familyOf(address) !== family);
  if (wrong?.[0] === undefined) return true;
  report(wrong[1], { code: 'conflict', message: `${wrong[0]} is not ${familyNames[family]}, as the rest is`, remedy: `give ${family === 'ipv4' ? 'an IPv4' : 'an IPv6'} address` });
  return false;
};

const checkRoute = (context: Context, route: Route, path: Path, owner: Owner, unique: Unique): void => {
  const { report, given } = context;
  const { destination, type, via, source, next_hops: hops, interface: name, onlink } = route;
  const conflict = (key: string, message: string, remedy: string): void => report([...path, key], { code: 'conflict', message, remedy, at: 'key' });
  const family = routeFamily(route, owner.family);
  const hopPath = (index: number, key: string): Path => [...path, 'next_hops', index, key];
  sameFamily(context, family, [[destination, [...path, 'destination']], [via, [...path, 'via']], ...(hops ?? []).map((hop, index) => [hop?.via, hopPath(index, 'via')] as const), [source, [...path, 'source']]]);
  if (type !== undefined && type !== 'unicast') {
    for (const key of ['via', 'interface', 'next_hops', 'onlink', 'source', 'scope', 'mtu'] as const) if (given([...path, key])) conflict(key, `a route of type ${type} forwards nothing and has no ${key}`, `remove ${key}, or give type: unicast`);
  } else if (given([...path, 'next_hops'])) {
    for (const key of ['via', 'interface', 'onlink'] as const) if (given([...path, key])) conflict(key, `${key} stands at each of the next_hops`, `remove ${key}, or next_hops`);
    hops?.forEach((hop, index) => hop && checkHop(context, hop, [...path, 'next_hops', index], owner));
  } else checkHop(context, { via, interface: name, onlink }, path, owner);
  if (family === 'ipv6' && route.scope !== undefined) conflict('scope', 'a route of IPv6 has no scope', 'remove scope');
  if (family === 'ipv6' && (route.mtu ?? 1_280) < 1_280) report([...path, 'mtu'], { code: 'invalid_value', message: 'IPv6 needs an MTU of 1280 at least', remedy: 'give 1280 or more' });
  if (!isWhole<RouteEntry>(route, ['destination', 'type', 'table'])) return;
  const { table, metric, destination: network } = completeRoute(route, owner.family, owner.interface);
  const place = [...path, 'destination'];
  unique(`${network} ${table} ${metric || (family === 'ipv6' ? 1_024 : 0)}`, place, `there is a route to ${describeRoute({ ...completeRoute(route, owner.family, owner.interface), nextHops: [], source: undefined, mtu: undefined })} already`);
};

/** A gateway, an interface, or both. */
const checkHop = ({ report, given }: Context, { via, interface: name, onlink }: Readable<Pick<RouteEntry, 'via' | 'interface' | 'onlink'>>, path: Path, owner: Owner): void => {
  const lacksInterface = name === undefined && !given([...path, 'interface']);
  if (given([...path, 'via']) ? via === undefined : false) return;
  if (via === undefined && lacksInterface && owner.interface === undefined && !owner.isInstance) {
    report(path, { code: 'missing_key', message: 'the route leads nowhere', remedy: 'add via: the gateway, or interface: where the destination is on the link' });
  } else if (via !== undefined && lacksInterface && isLinkLocal(via)) {
    report([...path, 'via'], { code: 'missing_key', message: `the gateway ${via} is link-local: it says nothing of the interface`, remedy: 'add interface' });
  } else if (onlink === true && (via === undefined || lacksInterface)) {
    report([...path, 'onlink'], { code: 'missing_key', message: 'onlink is of a gateway on an interface', remedy: 'add via and interface, or remove onlink', at: 'key' });
  }
};

const checkRule = (context: Context, rule: Rule, path: Path, owner: Owner, unique: Unique): void => {
  const { report, given } = context;
  const { from, to, action, priority } = rule;
  const family = ruleFamily({ ...rule, family: undefined }, rule.family ?? owner.family);
  const agree = sameFamily(context, family, [[from, [...path, 'from']], [to, [...path, 'to']]]);
  if (agree && rule.family !== undefined && rule.family !== family) report([...path, 'family'], { code: 'conflict', message: `the addresses of the rule are ${familyNames[family]}`, remedy: 'remove family: it follows from them' });
  if (action === 'lookup' && !given([...path, 'table'])) report(path, { code: 'missing_key', message: 'the rule does not say where to look', remedy: 'add table: the routing table, such as 100' });
  if (action !== undefined && action !== 'lookup' && given([...path, 'table'])) report([...path, 'table'], { code: 'conflict', message: `a rule of action ${action} looks into no table`, remedy: 'remove table, or action', at: 'key' });
  if (['from', 'to', 'iif', 'oif', 'fwmark'].every((key) => !given([...path, key]))) {
    report(path, { severity: 'warning', code: 'doubtful', message: 'the rule is for every packet', remedy: 'add from, to, iif, oif or fwmark; or from: all to say that it is meant' });
  }
  if ((priority ?? 0) > 32_766) report([...path, 'priority'], { severity: 'warning', code: 'doubtful', message: `priority ${priority ?? 0} comes after the table main (32766), whose default route leaves nothing over`, remedy: 'give a priority below 32766' });
  if (isWhole<RuleEntry>(rule, ['priority', 'action'])) {
    const complete = completeRule(rule, owner.family);
    unique(JSON.stringify(complete), [...path, 'priority'], `there is a rule "${describeRule({ ...complete, action: 'lookup', table: complete.table ?? mainTable })}" already`);
  }
};

const checkTracked = (context: Context, route: Readable<TrackedRouteEntry>, path: Path): void => {
  sameFamily(context, trackedFamily(route, 'ipv4'), [[route.destination, [...path, 'destination']], [route.via, [...path, 'via']]]);
};

/** What a tracked route is called; undefined while part of it is wrong. */
export const trackedRouteName = (entry: object): string | undefined => (isWhole<TrackedRouteEntry>(entry, ['destination', 'table']) ? describeTrackedRoute(completeTrackedRoute(entry, 'ipv4')) : undefined);

const virtualOnes = (file: ReadableFile): ReadonlySet<string> =>
  new Set((file.vrrp?.instances ?? []).flatMap((instance) => (instance?.virtual_addresses ?? []).flatMap((entry) => entry?.address?.address ?? [])));

const checkAddresses = (context: Context): void => {
  const { file, report } = context;
  const taken = virtualOnes(file);
  const unique = uniqueness(context, 'name it once');
  file.static?.addresses?.forEach((entry, index) => {
    const { address } = entry?.address ?? {};
    if (entry === undefined || address === undefined) return;
    const path = ['static', 'addresses', index];
    unique(`${address} ${isLinkLocal(address) ? (entry.interface ?? '') : ''}`, [...path, 'address'], `${address} is a static address already`);
    if (taken.has(address)) report([...path, 'address'], { code: 'duplicate', message: `${address} is a virtual address, which only the master holds`, remedy: 'remove one of the two' });
    const isIPv6 = familyOf(address) === 'ipv6';
    for (const key of ['label', 'broadcast'] as const) if (isIPv6 && entry[key] !== undefined) report([...path, key], { code: 'conflict', message: `an IPv6 address has no ${key === 'label' ? 'label' : 'broadcast address'}`, remedy: `remove ${key}`, at: 'key' });
    if (!isIPv6 && entry.label !== undefined && entry.interface !== undefined && !entry.label.startsWith(entry.interface)) {
      report([...path, 'label'], { code: 'invalid_value', message: `the label ${entry.label} does not begin with the interface's name`, remedy: `give a label such as "${`${entry.interface}:1`.slice(0, 15)}"` });
    }
  });
};
