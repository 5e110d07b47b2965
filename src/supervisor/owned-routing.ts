/** Routes and rules in the record of what is ours in the kernel. */
import { isIP } from 'node:net';
import type { VrrpConfiguration } from '../config/model.js';
import { type RouteConfiguration, routeTypes, type RoutingConfiguration, type RuleConfiguration, ruleActions } from '../config/routing-model.js';

export const emptyRouting: RoutingConfiguration = { routes: [], rules: [] };

const unique = <T>(items: readonly T[]): readonly T[] => [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];

/** What a configuration makes. */
export const ownedRouting = ({ instances, static: fixed = { ...emptyRouting, addresses: [] } }: VrrpConfiguration): RoutingConfiguration => ({
  routes: unique([...fixed.routes, ...instances.flatMap(({ virtualRoutes = [] }) => virtualRoutes)]),
  rules: unique([...fixed.rules, ...instances.flatMap(({ virtualRules = [] }) => virtualRules)]),
});

export const uniqueRouting = (a: RoutingConfiguration, b: RoutingConfiguration): RoutingConfiguration => ({ routes: unique([...a.routes, ...b.routes]), rules: unique([...a.rules, ...b.rules]) });

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): boolean => Number.isInteger(value);
const isFamily = (value: unknown): boolean => value === 'ipv4' || value === 'ipv6';
const maybe = (value: unknown, is: (value: unknown) => boolean): boolean => value === undefined || is(value);
const isAddress = (value: unknown): boolean => isText(value) && isIP(value) !== 0;
const isNetwork = (value: unknown): boolean => isText(value) && /^[^/]+\/\d{1,3}$/.test(value) && isAddress(value.split('/')[0]);

const isNextHop = (value: unknown): boolean =>
  isRecord(value) && maybe(value.via, isAddress) && maybe(value.interface, isText) && typeof value.onlink === 'boolean' && isNumber(value.weight);

/** What a message to the kernel can be made of. */
export const isOwnedRoute = (value: unknown): value is RouteConfiguration =>
  isRecord(value) &&
  isFamily(value.family) &&
  isNetwork(value.destination) &&
  routeTypes.some((type) => type === value.type) &&
  Array.isArray(value.nextHops) &&
  value.nextHops.every(isNextHop) &&
  maybe(value.source, isAddress) &&
  isNumber(value.table) &&
  maybe(value.metric, isNumber) &&
  maybe(value.scope, isText) &&
  maybe(value.mtu, isNumber);

export const isOwnedRule = (value: unknown): value is RuleConfiguration =>
  isRecord(value) &&
  isFamily(value.family) &&
  isNumber(value.priority) &&
  maybe(value.from, isNetwork) &&
  maybe(value.to, isNetwork) &&
  maybe(value.iif, isText) &&
  maybe(value.oif, isText) &&
  maybe(value.fwmark, (mark) => isRecord(mark) && isNumber(mark.mark) && maybe(mark.mask, isNumber)) &&
  ruleActions.some((action) => action === value.action) &&
  maybe(value.table, isNumber);
