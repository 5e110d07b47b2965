/** Routes and rules in words, as `ip route` and `ip rule` write them. Pure. */
import { mainTable, type NextHop, type RouteConfiguration, type RuleConfiguration, tableNumbers, type TrackedRoute } from './routing-model.js';

const isDefault = (network: string): boolean => network === '0.0.0.0/0' || network === '::/0';

/** `default` says the family only by what follows: IPv6's is written out */
const network = (text: string): string => (text === '0.0.0.0/0' ? 'default' : text.replace(text.includes(':') ? /\/128$/ : /\/32$/, ''));

export const tableName = (table: number): string => Object.keys(tableNumbers).find((name) => tableNumbers[name] === table) ?? String(table);

const hop = ({ via, interface: name, onlink }: Pick<NextHop, 'via' | 'interface' | 'onlink'>): string =>
  `${via === undefined ? '' : ` via ${via}`}${name === undefined ? '' : ` dev ${name}`}${onlink ? ' onlink' : ''}`;

/** `10.8.0.0/24 via 192.0.2.254 dev eth0 table 100` */
export const describeRoute = ({ type, destination, nextHops, source, table, metric, mtu }: RouteConfiguration): string =>
  [
    type === 'unicast' ? '' : `${type} `,
    network(destination),
    nextHops.length > 1 ? nextHops.map((each) => ` nexthop${hop(each)}${each.weight === 1 ? '' : ` weight ${each.weight}`}`).join('') : nextHops.map(hop).join(''),
    source === undefined ? '' : ` src ${source}`,
    table === mainTable ? '' : ` table ${tableName(table)}`,
    metric === undefined ? '' : ` metric ${metric}`,
    mtu === undefined ? '' : ` mtu ${mtu}`,
  ].join('');

export const describeFwmark = ({ mark, mask }: NonNullable<RuleConfiguration['fwmark']>): string => `0x${mark.toString(16)}${mask === undefined ? '' : `/0x${mask.toString(16)}`}`;

/** `1000: from 192.0.2.100 lookup 100`; that of IPv6 says so where its addresses do not */
export const describeRule = ({ family, priority, from, to, iif, oif, fwmark, action, table }: RuleConfiguration): string =>
  [
    `${priority}: from ${from === undefined || isDefault(from) ? 'all' : network(from)}`,
    to === undefined ? '' : ` to ${network(to)}`,
    fwmark === undefined ? '' : ` fwmark ${describeFwmark(fwmark)}`,
    iif === undefined ? '' : ` iif ${iif}`,
    oif === undefined ? '' : ` oif ${oif}`,
    action === 'lookup' ? ` lookup ${tableName(table ?? mainTable)}` : ` ${action}`,
    family === 'ipv6' && from === undefined && to === undefined ? ' (IPv6)' : '',
  ].join('');

export const describeTrackedRoute = ({ destination, via, interface: name, table }: TrackedRoute): string =>
  `${network(destination)}${hop({ via, interface: name, onlink: false })}${table === mainTable ? '' : ` table ${tableName(table)}`}`;
