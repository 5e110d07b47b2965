/** Routes and rules of the configuration: plain, complete, immutable data. */
import type { Family } from '../network/ip-address.js';
import type { VirtualAddress } from './model.js';

/** As `ip route` names them: forwarded, or dropped in silence, with "unreachable", with "prohibited". */
export const routeTypes = ['unicast', 'blackhole', 'unreachable', 'prohibit'] as const;
export type RouteType = (typeof routeTypes)[number];

export const routeScopes = ['global', 'site', 'link', 'host'] as const;
export type RouteScope = (typeof routeScopes)[number];

export interface NextHop {
  /** gateway; undefined = the destination is on the link */
  readonly via: string | undefined;
  /** undefined = the one by which the gateway is reached */
  readonly interface: string | undefined;
  /** the gateway counts as on the link, whatever the addresses say */
  readonly onlink: boolean;
  /** 1..256: share of the flows */
  readonly weight: number;
}

export interface RouteConfiguration {
  readonly family: Family;
  /** network in canonical form with its length; 0.0.0.0/0 or ::/0 is the default route */
  readonly destination: string;
  readonly type: RouteType;
  /** at least one for type unicast, none for the others */
  readonly nextHops: readonly NextHop[];
  /** preferred source address */
  readonly source: string | undefined;
  /** 1..4294967295 */
  readonly table: number;
  /** undefined = the kernel's: 0 for IPv4, 1024 for IPv6 */
  readonly metric: number | undefined;
  /** undefined = as `ip route` has it: link without a gateway, else global; IPv6 has none */
  readonly scope: RouteScope | undefined;
  /** octets */
  readonly mtu: number | undefined;
}

export const ruleActions = ['lookup', 'blackhole', 'unreachable', 'prohibit'] as const;
export type RuleAction = (typeof ruleActions)[number];

/** What the rule asks of a packet: all that is given; nothing given is every packet. */
export interface RuleConfiguration {
  readonly family: Family;
  /** lowest first; main is 32766 */
  readonly priority: number;
  /** networks in canonical form with their length */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** interfaces by name, whether they are there or not */
  readonly iif: string | undefined;
  readonly oif: string | undefined;
  /** undefined mask = all bits */
  readonly fwmark: { readonly mark: number; readonly mask: number | undefined } | undefined;
  readonly action: RuleAction;
  /** of lookup */
  readonly table: number | undefined;
}

export interface RoutingConfiguration {
  readonly routes: readonly RouteConfiguration[];
  readonly rules: readonly RuleConfiguration[];
}

/** Kept while the daemon runs, whatever the election says. */
export interface StaticConfiguration extends RoutingConfiguration {
  readonly addresses: readonly VirtualAddress[];
}

/** A route that someone else makes, which must be there. */
export interface TrackedRoute {
  readonly family: Family;
  /** exactly this network */
  readonly destination: string;
  /** gateway and interface of one of its next hops; undefined = any */
  readonly via: string | undefined;
  readonly interface: string | undefined;
  readonly table: number;
  readonly weight: number | undefined;
}

export const mainTable = 254;
/** linux/rtnetlink.h, enum rt_class_t */
export const tableNumbers: Readonly<Record<string, number>> = { default: 253, main: mainTable, local: 255 };
