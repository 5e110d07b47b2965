/** Routes and rules in the file: what follows from what, what is refused, what a reload says. */
import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { describeRoute, describeRule } from '../../src/config/routing-words.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { accepted, acceptedWithWarnings, instanceFile, rejected } from './reading.js';

const routes = (entries: string, addresses?: string): string => instanceFile(`virtual_routes: [${entries}]`, addresses);
const rules = (entries: string, addresses?: string): string => instanceFile(`virtual_rules: [${entries}]`, addresses);
const fixed = (text: string): string => `${instanceFile('')}static:\n  ${text}\n`;
const ipv6 = 'virtual_addresses: ["fe80::10"]';
const routeOf = (text: string): string => accepted(text).vrrp.instances[0]?.virtualRoutes?.map(describeRoute).join('; ') ?? 'none';
const ruleOf = (text: string): string => accepted(text).vrrp.instances[0]?.virtualRules?.map(describeRule).join('; ') ?? 'none';

/** What the caret is under, and what is said of it. */
const marked = (text: string): readonly string[] =>
  rejected(text).map(({ line, column, length, code, message }) => `${text.split('\n')[line - 1]?.slice(column - 1, column - 1 + length) ?? ''}: ${code} ${message}`);

describe('a route', () => {
  test.each([
    ['of a network on the link is on the instance`s own interface', routes('{ destination: 10.8.0.0/24 }'), '10.8.0.0/24 dev eth0'],
    ['with a gateway leaves the interface to the kernel', routes('{ destination: 10.8.0.0/24, via: 192.0.2.254 }'), '10.8.0.0/24 via 192.0.2.254'],
    ['of one address has the whole length', routes('{ destination: 10.8.0.1, interface: eth1 }'), '10.8.0.1 dev eth1'],
    ['by default is of the gateway`s family', routes('{ destination: default, via: "2001:db8::1" }'), '::/0 via 2001:db8::1'],
    ['by default is of the source`s family', routes('{ destination: default, interface: eth1, source: "2001:db8::1" }'), '::/0 dev eth1 src 2001:db8::1'],
    ['by default is of the instance`s family', routes('{ destination: default, interface: eth1 }', ipv6), '::/0 dev eth1'],
    ['of IPv6 has one text', routes('{ destination: "2001:DB8:0:0::/32", via: "fe80:0::1", interface: eth1 }'), '2001:db8::/32 via fe80::1 dev eth1'],
    ['names its table', routes('{ destination: default, via: 192.0.2.254, table: local }, { destination: default, via: 192.0.2.254, table: 254, metric: 0, mtu: 1400, onlink: true, interface: eth0 }'), 'default via 192.0.2.254 table local; default via 192.0.2.254 dev eth0 onlink metric 0 mtu 1400'],
    ['may drop', routes('{ destination: 10.0.0.0/8, type: prohibit }'), 'prohibit 10.0.0.0/8'],
    ['may have several gateways', routes('{ destination: 10.0.0.0/8, next_hops: [{ via: 192.0.2.1, weight: 2 }, { interface: eth1 }] }'), '10.0.0.0/8 nexthop via 192.0.2.1 weight 2 nexthop dev eth1'],
  ])('%s', (_, text, words) => {
    expect(routeOf(text)).toBe(words);
  });

  test.each([
    ['a gateway of the other family', routes('{ destination: 10.8.0.0/24, via: "2001:db8::1" }'), '"2001:db8::1": conflict 2001:db8::1 is not IPv4, as the rest is'],
    ['a source of the other family', routes('{ destination: "2001:db8::/32", interface: eth1, source: 192.0.2.1 }'), '192.0.2.1: conflict 192.0.2.1 is not IPv6, as the rest is'],
    ['a network with host bits', routes('{ destination: 10.8.0.1/24 }'), '10.8.0.1/24: invalid_value 10.8.0.1/24 has bits set beyond its length'],
    ['a length that is too long', routes('{ destination: 10.8.0.0/33 }'), '10.8.0.0/33: invalid_value destination cannot be 10.8.0.0/33'],
    ['a table that nobody knows', routes('{ destination: 10.8.0.0/24, table: uplink }'), 'uplink: invalid_value table cannot be uplink'],
    ['via and next_hops', routes('{ destination: 10.8.0.0/24, via: 192.0.2.1, next_hops: [{ via: 192.0.2.1 }, { via: 192.0.2.2 }] }'), 'via: conflict via stands at each of the next_hops'],
    ['a gateway of a route that drops', routes('{ destination: 10.8.0.0/24, type: blackhole, via: 192.0.2.1 }'), 'via: conflict a route of type blackhole forwards nothing and has no via'],
    ['a link-local gateway without an interface', routes('{ destination: "2001:db8::/32", via: "fe80::1" }'), '"fe80::1": missing_key the gateway fe80::1 is link-local: it says nothing of the interface'],
    ['onlink without an interface', routes('{ destination: 10.8.0.0/24, via: 192.0.2.1, onlink: true }'), 'onlink: missing_key onlink is of a gateway on an interface'],
    ['a scope with IPv6', routes('{ destination: "2001:db8::/32", interface: eth1, scope: link }'), 'scope: conflict a route of IPv6 has no scope'],
    ['the same twice', routes('{ destination: default, via: 192.0.2.1 }, { destination: 0.0.0.0/0, via: 192.0.2.2 }'), '0.0.0.0/0: duplicate there is a route to default already (first on line 7)'],
    ['the same, virtual and static', `${routes('{ destination: 10.8.0.0/24, via: 192.0.2.1 }')}static: { routes: [{ destination: 10.8.0.0/24, via: 192.0.2.2 }] }\n`, '10.8.0.0/24: duplicate there is a route to 10.8.0.0/24 already (first on line 7)'],
    ['a static one that leads nowhere', fixed('routes: [{ destination: 10.8.0.0/24 }]'), '{ destination: 10.8.0.0/24 }: missing_key the route leads nowhere'],
  ])('with %s is refused', (_, text, error) => {
    expect(marked(text)).toEqual([error]);
  });
});

describe('a rule', () => {
  test.each([
    ['is of the family of its addresses', rules('{ priority: 1000, to: "2001:db8::/32", table: 100 }'), '1000: from all to 2001:db8::/32 lookup 100'],
    ['without addresses is of the instance`s family', rules('{ priority: 1000, iif: eth1, action: blackhole }', ipv6), '1000: from all iif eth1 blackhole (IPv6)'],
    ['may say its family', rules('{ priority: 1000, fwmark: 7, family: ipv6, table: main }'), '1000: from all fwmark 0x7 lookup main (IPv6)'],
    ['takes marks as ip does', rules('{ priority: 1, fwmark: "0x10/0xf0", oif: lo, table: 7 }, { priority: 1, fwmark: 0x10, table: 7 }'), '1: from all fwmark 0x10/0xf0 oif lo lookup 7; 1: from all fwmark 0x10 lookup 7'],
    ['may be for every packet when that is said', rules('{ priority: 1, from: all, table: 7 }'), '1: from all lookup 7'],
  ])('%s', (_, text, words) => {
    expect(ruleOf(text)).toBe(words);
  });

  test.each([
    ['no priority', rules('{ from: 192.0.2.10, table: 100 }'), '{ from: 192.0.2.10, table: 100 }: missing_key priority is missing'],
    ['no table', rules('{ priority: 1000, from: 192.0.2.10 }'), '{ priority: 1000, from: 192.0.2.10 }: missing_key the rule does not say where to look'],
    ['a table that it does not ask', rules('{ priority: 1000, from: 192.0.2.10, action: prohibit, table: 7 }'), 'table: conflict a rule of action prohibit looks into no table'],
    ['two families', rules('{ priority: 1000, from: 192.0.2.10, to: "2001:db8::1", table: 7 }'), '"2001:db8::1": conflict 2001:db8::1/128 is not IPv4, as the rest is'],
    ['a family that its addresses are not of', rules('{ priority: 1000, from: 192.0.2.10, family: ipv6, table: 7 }'), 'ipv6: conflict the addresses of the rule are IPv4'],
    ['a mark that no packet has', rules('{ priority: 1000, fwmark: "1/0", table: 7 }'), '"1/0": invalid_value fwmark cannot be "1/0"'],
    ['the same twice', rules('{ priority: 1000, iif: eth1, table: 7 }, { priority: 1000, iif: eth1, table: 7 }'), '1000: duplicate there is a rule "1000: from all iif eth1 lookup 7" already (first on line 7)'],
  ])('with %s is refused', (_, text, error) => {
    expect(marked(text)).toEqual([error]);
  });

  test('for every packet, or after main, earns a warning', () => {
    expect(acceptedWithWarnings(rules('{ priority: 40000, table: 7 }')).warnings.map(({ message }) => message)).toEqual(['the rule is for every packet', 'priority 40000 comes after the table main (32766), whose default route leaves nothing over']);
  });
});

describe('the static section', () => {
  test('has addresses that are advertised by nobody', () => {
    expect(accepted(fixed('addresses: [{ address: 198.51.100.5/24, interface: eth1, label: "eth1:a" }, { address: "2001:db8::5", interface: eth1 }]')).vrrp.static?.addresses).toMatchObject([
      { address: '198.51.100.5', prefixLength: 24, interface: 'eth1', label: 'eth1:a', advertise: false },
      { address: '2001:db8::5', prefixLength: 128, interface: 'eth1' },
    ]);
  });

  test.each([
    ['a virtual address', fixed('addresses: [{ address: 192.0.2.10/24, interface: eth1 }]'), '192.0.2.10/24: duplicate 192.0.2.10 is a virtual address, which only the master holds'],
    ['an address twice', fixed('addresses: [{ address: 198.51.100.5, interface: eth1 }, { address: 198.51.100.5/24, interface: eth2 }]'), '198.51.100.5/24: duplicate 198.51.100.5 is a static address already (first on line 8)'],
    ['an address without an interface', fixed('addresses: [{ address: 198.51.100.5 }]'), '{ address: 198.51.100.5 }: missing_key interface is missing'],
    ['a label with IPv6', fixed('addresses: [{ address: "2001:db8::5", interface: eth1, label: "eth1:a" }]'), 'label: conflict an IPv6 address has no label'],
  ])('with %s is refused', (_, text, error) => {
    expect(marked(text)).toEqual([error]);
  });
});

describe('a tracked route', () => {
  const track = (entries: string, addresses?: string): string => instanceFile(`track: { routes: [${entries}] }`, addresses);

  test('is of the main table, any gateway and interface, and the instance`s family', () => {
    expect(accepted(track('default, { destination: 10.0.0.0/8, via: 192.0.2.1, table: 7, weight: -20 }')).vrrp.instances[0]?.track?.routes).toEqual([
      { family: 'ipv4', destination: '0.0.0.0/0', via: undefined, interface: undefined, table: 254, weight: undefined },
      { family: 'ipv4', destination: '10.0.0.0/8', via: '192.0.2.1', interface: undefined, table: 7, weight: -20 },
    ]);
    expect(accepted(track('default', ipv6)).vrrp.instances[0]?.track?.routes?.[0]?.destination).toBe('::/0');
  });

  test.each([
    ['a gateway of the other family', track('{ destination: 10.0.0.0/8, via: "2001:db8::1" }'), '"2001:db8::1": conflict 2001:db8::1 is not IPv4, as the rest is'],
    ['a weight of 0', track('{ destination: default, weight: 0 }'), '0: invalid_value weight cannot be 0'],
    ['the same twice', track('default, 0.0.0.0/0'), '0.0.0.0/0: duplicate the route default is tracked already (first on line 7)'],
  ])('with %s is refused', (_, text, error) => {
    expect(marked(text)).toEqual([error]);
  });
});

const everything = `${instanceFile(`virtual_routes: [{ destination: default, via: 192.0.2.1, source: 192.0.2.10 }, { destination: 10.0.0.0/8, next_hops: [{ via: 192.0.2.1 }, { via: 192.0.2.2, weight: 3 }] }, { destination: 10.9.0.0/16, type: blackhole, table: 100 }]
      virtual_rules: [{ priority: 1000, from: 192.0.2.10, fwmark: "1/3", table: 100 }]
      track: { routes: [default, { destination: 10.0.0.0/8, weight: -5 }] }`)}static:
  addresses: [{ address: 198.51.100.5/24, interface: eth1 }]
  routes: [{ destination: "2001:db8:8::/48", via: "2001:db8::1" }]
  rules: [{ priority: 900, iif: eth1, family: ipv6, table: 100 }]
`;

test('written out with every default, all of it says the same', () => {
  const configuration = accepted(everything);
  expect(differences(configuration, accepted(showDefaults(configuration)))).toEqual([]);
});

test('a reload tells what changes', () => {
  const after = everything
    .replace('via: 192.0.2.1, source', 'via: 192.0.2.3, source')
    .replace(', { destination: 10.9.0.0/16, type: blackhole, table: 100 }', '')
    .replace('priority: 1000', 'priority: 1001')
    .replace('routes: [default, ', 'routes: [')
    .replace(/^ {2}addresses.*\n/m, '')
    .replace('iif: eth1', 'iif: eth2');
  expect(differences(accepted(everything), accepted(after))).toEqual([
    'instance web: virtual route 10.9.0.0/16 table 100 removed',
    'instance web: virtual route 0.0.0.0/0: via 192.0.2.1 -> 192.0.2.3',
    'instance web: virtual rule 1000 from 192.0.2.10/32 removed',
    'instance web: virtual rule 1001 from 192.0.2.10/32 added',
    'instance web: tracked route 0.0.0.0/0 removed',
    'static address 198.51.100.5/24 removed',
    'static rule 900: iif eth1 -> eth2',
  ]);
});
