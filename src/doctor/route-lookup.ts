/** By which way the kernel sends to an address: rtnetlink's RTM_GETROUTE, as `ip route get`. */
import { encodeAddress, type Family, familyOf } from '../network/ip-address.js';
import { encodeAttributes, readU32, u32 } from '../network/netlink-attributes.js';
import { NetlinkChannel, NetlinkError } from '../network/netlink-channel.js';
import { decodeRoute, familyNumbers, type KernelRoute, routeDump, RTM_GETROUTE } from '../network/route.js';
import type { RouteFact } from './facts.js';

const RTA_DST = 1;
const RTM_F_CLONED = 0x200;
const RT_TABLE_MAIN = 254;

/** `default` (IPv4) and `default6` stand for the default routes. @param name of an interface by its index */
export const lookUpRoutes = async (addresses: readonly string[], name: (index: number) => string): Promise<readonly RouteFact[]> => {
  const channel = NetlinkChannel.open('route');
  const factOf = (to: string, route: KernelRoute | undefined): RouteFact => {
    const [hop] = route?.nextHops ?? [];
    return { to, interface: hop && name(hop.index), via: hop?.via, mtu: route?.mtu };
  };
  const found: RouteFact[] = [];
  try {
    for (const address of addresses) found.push(factOf(address, await lookUp(channel, address)));
    for (const [to, family] of [['default', 'ipv4'], ['default6', 'ipv6']] as const) found.push(factOf(to, await defaultRoute(channel, family)));
  } finally {
    channel.close();
  }
  return found;
};

/** Undefined where nothing leads there. @throws NetlinkError */
const lookUp = async (channel: NetlinkChannel, address: string): Promise<KernelRoute | undefined> => {
  const family = familyOf(address);
  const header = Buffer.from([familyNumbers[family], family === 'ipv4' ? 32 : 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  try {
    const [answer] = await channel.request({ type: RTM_GETROUTE, flags: 0, payload: Buffer.concat([header, encodeAttributes([{ type: RTA_DST, value: encodeAddress(address) }])]) });
    if (!answer || answer.payload.length < header.length) return undefined;
    // what is asked for is a copy of a route, made for this destination
    const payload = Buffer.from(answer.payload);
    u32((readU32(payload, 8) & ~RTM_F_CLONED) >>> 0).copy(payload, 8);
    return decodeRoute({ payload });
  } catch (error) {
    if (error instanceof NetlinkError && unreachable.has(error.code)) return undefined;
    throw error;
  }
};
const unreachable = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'EAFNOSUPPORT']);

const defaultRoute = async (channel: NetlinkChannel, family: Family): Promise<KernelRoute | undefined> => {
  try {
    const routes = (await channel.dump(routeDump(family, {}))).flatMap((message) => decodeRoute(message) ?? []);
    return routes.filter(({ destination, table, nextHops }) => table === RT_TABLE_MAIN && /^(0\.0\.0\.0|::)\/0$/.test(destination) && nextHops.length > 0).sort((a, b) => a.metric - b.metric)[0];
  } catch (error) {
    if (error instanceof NetlinkError) return undefined; // the host lacks the family
    throw error;
  }
};
