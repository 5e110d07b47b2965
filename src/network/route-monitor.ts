/** What the kernel holds of our routes and rules, and of routes that are tracked: read on demand, with a word when something of it changed. */
import type { TrackedRoute } from '../config/routing-model.js';
import type { Family } from './ip-address.js';
import { NetlinkChannel, NetlinkError, type NetlinkMessage } from './netlink-channel.js';
import { decodeRoute, type KernelRoute, ourProtocol, placeOfRoute, routeDump, RTM_DELROUTE, RTM_NEWROUTE, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE } from './route.js';
import { decodeRule, type KernelRule, RTM_DELRULE, RTM_NEWRULE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, ruleDump } from './rule.js';

/** Routes and rules of protocol 112, and those of any protocol that are tracked. */
export interface KernelRouting {
  readonly routes: readonly KernelRoute[];
  readonly rules: readonly KernelRule[];
  readonly tracked: readonly KernelRoute[];
}
export const noRouting: KernelRouting = { routes: [], rules: [], tracked: [] };

export type RoutingNotification =
  | { readonly kind: 'route'; readonly deleted: boolean; readonly route: KernelRoute }
  | { readonly kind: 'rule'; readonly deleted: boolean; readonly rule: KernelRule };

type Target = Pick<TrackedRoute, 'family' | 'destination' | 'table'>;

/** What to keep an eye on. Nothing is asked of a family that is not named: the host may not have it. */
export interface RoutingInterest {
  readonly families: ReadonlySet<Family>;
  readonly tracked: readonly Target[];
  /** `placeOfRoute` of our routes: another's there may have replaced one */
  readonly places: ReadonlySet<string>;
}

const groups: Readonly<Record<Family, readonly number[]>> = { ipv4: [RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_RULE], ipv6: [RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_RULE] };

/** A table without a route is none to the kernel, and a host may lack IPv6 or rules. */
const absent = new Set(['ENOENT', 'EAFNOSUPPORT', 'EOPNOTSUPP']);

const dump = async (channel: NetlinkChannel, message: NetlinkMessage): Promise<readonly NetlinkMessage[]> => {
  try {
    return await channel.dump(message);
  } catch (error) {
    if (error instanceof NetlinkError && absent.has(error.code)) return [];
    throw error;
  }
};

export class RouteMonitor {
  private channel: NetlinkChannel | undefined;
  private readonly joined = new Set<Family>();
  private interest: RoutingInterest = { families: new Set(), tracked: [], places: new Set() };

  /** @param onNotification of what is ours, or tracked; IPv4 routes that go with their interface or source address go without one */
  constructor(private readonly onNotification: (notification: RoutingNotification) => void) {}

  /** A socket is opened when something is to be seen, so that a host of a million routes costs nobody who does not ask. */
  watch(interest: RoutingInterest): void {
    this.interest = interest;
    if (interest.families.size === 0) return;
    // what a storm of a routing daemon's changes takes away is found by the audit: it must not end the process
    this.channel ??= NetlinkChannel.open('route', (message) => this.notified(message), { strictDumps: true, overrunsAreSilent: true });
    for (const family of interest.families) {
      if (this.joined.has(family)) continue;
      for (const group of groups[family]) this.channel.join(group);
      this.joined.add(family);
    }
  }

  /** What is there now. @throws NetlinkError */
  async read(): Promise<KernelRouting> {
    const { channel, interest } = this;
    if (!channel) return noRouting;
    const routes: KernelRoute[] = [];
    const rules: KernelRule[] = [];
    for (const family of interest.families) {
      routes.push(...(await dump(channel, routeDump(family, { protocol: ourProtocol }))).flatMap((message) => decodeRoute(message) ?? []));
      rules.push(...(await dump(channel, ruleDump(family))).flatMap((message) => decodeRule(message) ?? []));
    }
    const tracked: KernelRoute[] = [];
    const tables = new Map(interest.tracked.map(({ family, table }) => [`${family} ${table}`, { family, table }]));
    for (const { family, table } of tables.values()) tracked.push(...(await dump(channel, routeDump(family, { table }))).flatMap((message) => decodeRoute(message) ?? []).filter((route) => this.isTracked(route)));
    return { routes: routes.filter(({ protocol }) => protocol === ourProtocol), rules: rules.filter(({ protocol }) => protocol === ourProtocol), tracked };
  }

  close(): void {
    this.channel?.close();
  }

  private isTracked({ family, destination, table }: KernelRoute): boolean {
    return this.interest.tracked.some((target) => target.family === family && target.table === table && target.destination === destination);
  }

  private notified(message: NetlinkMessage): void {
    switch (message.type) {
      case RTM_NEWROUTE:
      case RTM_DELROUTE: {
        const route = decodeRoute(message);
        if (route && (route.protocol === ourProtocol || this.interest.places.has(placeOfRoute(route)) || this.isTracked(route))) this.onNotification({ kind: 'route', deleted: message.type === RTM_DELROUTE, route });
        return;
      }
      case RTM_NEWRULE:
      case RTM_DELRULE: {
        const rule = decodeRule(message);
        if (rule?.protocol === ourProtocol) this.onNotification({ kind: 'rule', deleted: message.type === RTM_DELRULE, rule });
        return;
      }
    }
  }
}
