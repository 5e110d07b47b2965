/** Routes and rules from the file to the configuration: families and interfaces that follow from what stands beside them. Pure. */
import { type Family, familyOf } from '../network/ip-address.js';
import type { NextHop, RouteConfiguration, RuleConfiguration, TrackedRoute } from './routing-model.js';
import type { Readable } from './schema-walk.js';
import type { RouteEntry, RuleEntry, TrackedRouteEntry } from './schema/routing.js';

const everywhere: Readonly<Record<Family, string>> = { ipv4: '0.0.0.0/0', ipv6: '::/0' };

const familyOfSome = (addresses: readonly (string | undefined)[], otherwise: Family): Family => {
  const first = addresses.find((address) => address !== undefined && address !== 'default' && address !== 'all');
  return first === undefined ? otherwise : familyOf(first);
};

/** @param otherwise of a default route that nothing beside it says the family of */
export const routeFamily = ({ destination, via, next_hops: hops = [], source }: Readable<RouteEntry>, otherwise: Family): Family =>
  familyOfSome([destination, via, ...hops.map((hop) => hop?.via), source], otherwise);
export const ruleFamily = ({ family, from, to }: Readable<RuleEntry>, otherwise: Family): Family => familyOfSome([from, to], family ?? otherwise);
export const trackedFamily = ({ destination, via }: Readable<TrackedRouteEntry>, otherwise: Family): Family => familyOfSome([destination, via], otherwise);

const completeHops = ({ type, next_hops: hops, via, interface: name, onlink }: RouteEntry, ownInterface: string | undefined): readonly NextHop[] => {
  if (type !== 'unicast') return [];
  if (hops) return hops.map((hop) => ({ via: hop.via, interface: hop.interface ?? (hop.via === undefined ? ownInterface : undefined), onlink: hop.onlink, weight: hop.weight }));
  return [{ via, interface: name ?? (via === undefined ? ownInterface : undefined), onlink, weight: 1 }];
};

/** @param ownInterface of the instance; a static route has none */
export const completeRoute = (entry: RouteEntry, family: Family, ownInterface: string | undefined): RouteConfiguration => {
  const own = routeFamily(entry, family);
  const { destination, type, source, table, metric, scope, mtu } = entry;
  return { family: own, destination: destination === 'default' ? everywhere[own] : destination, type, nextHops: completeHops(entry, ownInterface), source, table, metric, scope, mtu };
};

export const completeRule = (entry: RuleEntry, family: Family): RuleConfiguration => {
  const { priority, from, to, iif, oif, fwmark, action, table } = entry;
  const given = (text: string | undefined): string | undefined => (text === 'all' ? undefined : text);
  return { family: ruleFamily(entry, family), priority, from: given(from), to: given(to), iif, oif, fwmark, action, table: action === 'lookup' ? table : undefined };
};

export const completeTrackedRoute = (entry: TrackedRouteEntry, family: Family): TrackedRoute => {
  const own = trackedFamily(entry, family);
  const { destination, via, interface: name, table, weight } = entry;
  return { family: own, destination: destination === 'default' ? everywhere[own] : destination, via, interface: name, table, weight };
};
