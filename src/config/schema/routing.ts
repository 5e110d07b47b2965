/** Routes and rules: `virtual_routes`, `virtual_rules`, the `static:` section and `track.routes`. */
import { isIPv4, isIPv6 } from 'node:net';
import { decodeIPv4, decodeIPv6, encodeAddress } from '../../network/ip-address.js';
import { routeScopes, routeTypes, ruleActions, tableNumbers } from '../routing-model.js';
import { addressScopes } from '../model.js';
import { integer, list, mapping, textual, union, type Output } from './kinds.js';
import { addressLabel, broadcast, flag, interfaceName, ipAddress, oneOf, readAddressWithLength, wholeNumber } from './values.js';

const largest = 4_294_967_295;
const networkExample = 'a network such as 10.8.0.0/24 or 2001:db8:8::/48';

/** `default` stays: its family follows from what stands beside it. */
const network = (more: string) =>
  textual(`${networkExample}, an address, or ${more}`, (text, fail) => {
    if (text === more) return text;
    const [address = '', length, ...rest] = text.split('/');
    const longest = isIPv6(address) ? 128 : 32;
    if (rest.length > 0 || address.includes('%') || !(isIPv4(address) || isIPv6(address))) return fail();
    const prefixLength = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : longest + 1;
    if (prefixLength > longest) return fail({}, `a length from 0 to ${longest} after the address`);
    const octets = encodeAddress(address);
    const masked = Buffer.from(octets.map((octet, index) => octet & (0xff00 >> Math.min(Math.max(prefixLength - 8 * index, 0), 8))));
    const canonical = `${longest === 32 ? decodeIPv4(masked) : decodeIPv6(masked)}/${prefixLength}`;
    return masked.equals(octets) ? canonical : fail({ problem: `${text} has bits set beyond its length` }, canonical);
  });

const withLength = () => textual('an address with or without a length, such as 192.0.2.10/24 or 2001:db8::10/64', readAddressWithLength);

const tableRule = 'main, local, default, or a number from 1 to 4294967295';
const table = () =>
  union([integer({ error: tableRule, from: 1, to: largest }), oneOf(Object.keys(tableNumbers)).transform((name) => tableNumbers[name] ?? 0)], { error: tableRule });

const nextHopKeys = {
  via: ipAddress().optional().describe('Gateway; without one the destination is on the link'),
  interface: interfaceName().optional(),
  onlink: flag().prefault(false).describe('true: the gateway is on the link, whatever the addresses of the interface say'),
};

const nextHop = mapping({
  ...nextHopKeys,
  interface: nextHopKeys.interface.describe('Interface to the gateway; the kernel finds it when left out'),
  weight: wholeNumber(1, 256).prefault(1).describe('Share of the flows'),
});

export const route = mapping({
  destination: network('default').describe('Network, address, or default; of which family default is follows from via and source, else it is the instance\'s'),
  type: oneOf(routeTypes).prefault('unicast').describe('unicast: forwarded; blackhole, unreachable, prohibit: dropped in silence or with that ICMP answer'),
  ...nextHopKeys,
  interface: nextHopKeys.interface.describe("Interface; with via the kernel finds it when left out, without via it is the instance's own by default"),
  next_hops: list(nextHop, 'a list of mappings such as { via: 192.0.2.254 }').min(2, { error: 'at least two; one is written with via' }).optional().describe('Several gateways that share the flows, instead of via'),
  source: ipAddress().optional().describe("Source address of the host's own packets on this route; may be a virtual address"),
  table: table().prefault('main').describe('Routing table: main, local, default, or a number'),
  metric: wholeNumber(0, largest).optional().describe("The lowest of several routes to a network wins; the kernel's by default (IPv4: 0, IPv6: 1024)"),
  scope: oneOf(routeScopes).optional().describe('IPv4: as `ip route ... scope`; link without a gateway, else global by default'),
  mtu: wholeNumber(68, 65_535).optional().describe('MTU of the path'),
});

const fwmarkRule = 'a mark such as 1, 0x10 or "0x10/0xff"';
const mark = (text: string): number | undefined => (/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) && Number(text) <= largest ? Number(text) : undefined);
const fwmark = () =>
  union(
    [
      integer({ error: fwmarkRule, from: 1, to: largest }).transform((number) => ({ mark: number, mask: undefined })),
      textual(fwmarkRule, (text, fail) => {
        const [first = '', second, ...rest] = text.split('/');
        const [value, mask] = [mark(first), second === undefined ? undefined : mark(second)];
        if (rest.length > 0 || value === undefined || (second === undefined ? value === 0 : !mask)) return fail();
        return { mark: value, mask };
      }),
    ],
    { error: fwmarkRule },
  );

export const rule = mapping({
  priority: wholeNumber(1, largest).describe('Rules are asked in this order, lowest first; that of the table main is 32766'),
  family: oneOf(['ipv4', 'ipv6']).optional().describe("Of a rule without from and to; the instance's by default"),
  from: network('all').optional().describe('Source address or network of the packet'),
  to: network('all').optional().describe('Destination address or network of the packet'),
  iif: interfaceName().optional().describe("Interface by which the packet came; lo: the host's own packets"),
  oif: interfaceName().optional().describe('Interface that the socket of the sender is bound to'),
  fwmark: fwmark().optional().describe('Firewall mark of the packet, with a mask: "0x10/0xff"'),
  action: oneOf(ruleActions).prefault('lookup').describe('lookup: in table; blackhole, unreachable, prohibit: dropped'),
  table: table().optional().describe('For lookup: routing table'),
});

const largestWeight = 253;
const weightRule = `a whole number from -${largestWeight} to ${largestWeight}, not 0; without weight a failure is FAULT`;
const trackedDestination = () => network('default').describe('Network: exactly this one must be in the table; default is of the family of the gateway, else of the instance');

export const trackedRoute = union(
  [
    trackedDestination().transform((destination) => ({ destination, via: undefined, interface: undefined, table: tableNumbers['main'] ?? 0, weight: undefined })),
    mapping({
      destination: trackedDestination(),
      via: ipAddress().optional().describe('Gateway of the route; any by default'),
      interface: interfaceName().optional().describe('Interface of the route; any by default'),
      table: table().prefault('main').describe('Routing table'),
      weight: integer({ error: weightRule, from: -largestWeight, to: largestWeight, isAllowed: (weight) => weight !== 0 }).optional().describe('Above 0: added while the route is there; below 0: added while it is missing; left out: without it FAULT'),
    }),
  ],
  { error: 'a network such as 10.0.0.0/8, default, or a mapping such as { destination: default, via: 192.0.2.254, weight: -20 }' },
);

const staticAddress = mapping({
  address: withLength().describe('Address with or without a length; /32 or /128 without'),
  interface: interfaceName().describe('Interface that carries the address'),
  label: addressLabel().optional().describe("Label of the address as `ip addr` shows it; begins with the interface's name"),
  scope: oneOf(addressScopes).prefault('global').describe('Where the address is valid, as `ip addr ... scope`'),
  broadcast: broadcast().optional().describe("Broadcast address, or none; by default the last address of the address's network, none for /31 and /32"),
});

/** The `static:` section. */
export const staticEntries = mapping({
  addresses: list(staticAddress, 'a list of addresses such as [{ address: 192.0.2.5/24, interface: eth0 }]').prefault([]).describe('Addresses'),
  routes: list(route, 'a list of routes such as [{ destination: 10.8.0.0/24, via: 192.0.2.254 }]').prefault([]).describe('Routes'),
  rules: list(rule, 'a list of rules such as [{ priority: 1000, from: 192.0.2.10, table: 100 }]').prefault([]).describe('Routing rules'),
});

export const virtualRoutes = () => list(route, 'a list of routes such as [{ destination: 10.8.0.0/24, via: 192.0.2.254 }]').prefault([]);
export const virtualRules = () => list(rule, 'a list of rules such as [{ priority: 1000, from: 192.0.2.10, table: 100 }]').prefault([]);

export type RouteEntry = Output<typeof route>;
export type RuleEntry = Output<typeof rule>;
export type TrackedRouteEntry = Output<typeof trackedRoute>;
