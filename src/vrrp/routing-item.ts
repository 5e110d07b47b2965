/** A route or a rule as something to be put into the kernel, taken out, and looked for. Pure. */
import type { RouteConfiguration, RoutingConfiguration, RuleConfiguration } from '../config/routing-model.js';
import { describeRoute, describeRule } from '../config/routing-words.js';
import type { Family } from '../network/ip-address.js';
import type { NetlinkMessage } from '../network/netlink-channel.js';
import { type IndexOf, interfacesOf, isInPlaceOf, isRoute, ourProtocol, placeOfRoute, routeAddition, routeDeletion } from '../network/route.js';
import type { KernelRouting, RoutingNotification } from '../network/route-monitor.js';
import { isRule, ruleAddition, ruleDeletion } from '../network/rule.js';

export interface RoutingItem {
  readonly kind: 'route' | 'rule';
  readonly family: Family;
  /** what is elsewhere is another */
  readonly place: string;
  /** two with the same key are the same in all that they say */
  readonly key: string;
  /** `route 10.8.0.0/24 via 192.0.2.254` */
  readonly text: string;
  /** without these the kernel does not take it */
  readonly interfaces: readonly string[];
  /** an address that must be this host's */
  readonly source: string | undefined;
  readonly addition: (indexOf: IndexOf) => NetlinkMessage;
  readonly deletion: (indexOf: IndexOf) => NetlinkMessage;
  /** takes out whatever of ours stands in its place */
  readonly clearing: (indexOf: IndexOf) => NetlinkMessage;
  readonly isIn: (there: KernelRouting, indexOf: IndexOf) => boolean;
  /** ours, but another one, stands where this is to be */
  readonly isDisplaced: (there: KernelRouting, indexOf: IndexOf) => boolean;
  /** it may be gone by this: deleted, or replaced by another's */
  readonly isDeletedBy: (notification: RoutingNotification) => boolean;
}

export const placeOfRule = ({ family, priority }: { readonly family: Family; readonly priority: number }): string => `rule ${family} ${priority}`;

export const routeItem = (route: RouteConfiguration): RoutingItem => ({
  kind: 'route',
  family: route.family,
  place: placeOfRoute(route),
  key: JSON.stringify(route),
  text: `route ${describeRoute(route)}`,
  interfaces: interfacesOf(route),
  source: route.source,
  addition: (indexOf) => routeAddition(route, indexOf),
  deletion: (indexOf) => routeDeletion(route, indexOf),
  clearing: (indexOf) => routeDeletion({ ...route, nextHops: [], source: undefined, mtu: undefined }, indexOf),
  isIn: ({ routes }, indexOf) => routes.some((there) => isRoute(route, there, indexOf)),
  isDisplaced: ({ routes }, indexOf) => routes.some((there) => isInPlaceOf(route, there)) && !routes.some((there) => isRoute(route, there, indexOf)),
  // of several next hops it may name the one that went
  isDeletedBy: (notification) =>
    notification.kind === 'route' && (notification.deleted ? isInPlaceOf(route, notification.route) : notification.route.protocol !== ourProtocol && placeOfRoute(notification.route) === placeOfRoute(route)),
});

export const ruleItem = (rule: RuleConfiguration): RoutingItem => ({
  kind: 'rule',
  family: rule.family,
  place: placeOfRule(rule),
  key: JSON.stringify(rule),
  text: `rule ${describeRule(rule)}`,
  interfaces: [],
  source: undefined,
  addition: () => ruleAddition(rule),
  deletion: () => ruleDeletion(rule),
  clearing: () => ruleDeletion(rule),
  isIn: ({ rules }) => rules.some((there) => isRule(rule, there)),
  isDisplaced: () => false,
  isDeletedBy: (notification) => notification.kind === 'rule' && notification.deleted && isRule(rule, notification.rule),
});

/** In the order in which they are put in: a rule is of no use before the routes of its table. */
export const itemsOf = ({ routes, rules }: RoutingConfiguration): readonly RoutingItem[] => [...routes.map(routeItem), ...rules.map(ruleItem)];

/** `2 routes and 1 rule` */
export const countedItems = (items: readonly Pick<RoutingItem, 'kind'>[]): string => {
  const of = (kind: RoutingItem['kind']): number => items.filter((item) => item.kind === kind).length;
  return (['route', 'rule'] as const).flatMap((kind) => (of(kind) === 0 ? [] : [`${of(kind)} ${kind}${of(kind) === 1 ? '' : 's'}`])).join(' and ');
};

const refusals: Readonly<Record<string, string>> = {
  ENETUNREACH: 'the gateway cannot be reached: no address of this host is in its network, or its interface is down',
  ENETDOWN: 'its interface is down',
  EHOSTUNREACH: 'the gateway cannot be reached',
  ENODEV: 'no such interface',
  EINVAL: 'the kernel finds it wrong; its source must be an address of this host, its gateway another host\'s',
  EEXIST: 'there is one already that is not ours: give it a metric (a rule: a priority) of its own',
  EPERM: 'CAP_NET_ADMIN is needed',
  EAFNOSUPPORT: 'this host has no IPv6',
  EOPNOTSUPP: 'this kernel has no routing by rules',
};

export const refusal = (code: string): string => (refusals[code] === undefined ? code : `${code}, ${refusals[code]}`);
