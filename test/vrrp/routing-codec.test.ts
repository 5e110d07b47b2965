/** Routes and rules against what `ip` sends and the kernel answers: fixtures/routing.json, recorded by record-routing.sh. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RouteConfiguration, RuleConfiguration } from '../../src/config/routing-model.js';
import { describeRoute, describeRule } from '../../src/config/routing-words.js';
import { decodeAttributes, readU16, readU32 } from '../../src/network/netlink-attributes.js';
import { decodeRoute, isRoute, routeAddition, routeDeletion, RTM_DELROUTE, RTM_NEWROUTE } from '../../src/network/route.js';
import { decodeRule, isRule, RTM_DELRULE, RTM_NEWRULE, ruleAddition, ruleDeletion } from '../../src/network/rule.js';

interface Recorded {
  readonly command: string;
  readonly add: string;
  readonly dump: string;
  readonly del: string;
}
const recorded = JSON.parse(readFileSync(new URL('fixtures/routing.json', import.meta.url), 'utf8')) as readonly Recorded[];
const recording = (command: string): Recorded => {
  const found = recorded.find((one) => one.command === command);
  if (!found) throw new Error(`not recorded: ${command}`);
  return found;
};
interface Message {
  readonly type: number;
  readonly header: string;
  readonly attributes: ReadonlyMap<number, string>;
  readonly payload: Buffer;
}
const hexOf = (payload: Buffer): Pick<Message, 'header' | 'attributes'> => ({
  header: payload.toString('hex', 0, 12),
  attributes: new Map([...decodeAttributes(payload.subarray(12))].map(([type, value]) => [type, value.toString('hex')])),
});
/** The messages of a datagram, their attributes without order. */
const messagesIn = (hex: string): readonly Message[] => {
  const datagram = Buffer.from(hex, 'hex');
  const messages: Message[] = [];
  for (let offset = 0; offset < datagram.length; offset += readU32(datagram, offset)) {
    const payload = datagram.subarray(offset + 16, offset + readU32(datagram, offset));
    const type = readU16(datagram, offset + 4);
    if (type > 15) messages.push({ type, payload, ...hexOf(payload) });
  }
  return messages;
};
const only = (hex: string): Message => {
  const [message, ...more] = messagesIn(hex);
  if (!message || more.length > 0) throw new Error('not one message');
  return message;
};

const indexOf = (name: string): number | undefined => (name === 'e0' ? 77 : undefined);
const hop = (via: string | undefined, changes: Partial<RouteConfiguration['nextHops'][number]> = {}) => ({ via, interface: 'e0', onlink: false, weight: 1, ...changes });
const route = (changes: Partial<RouteConfiguration>): RouteConfiguration => ({ family: 'ipv4', destination: '0.0.0.0/0', type: 'unicast', nextHops: [], source: undefined, table: 254, metric: undefined, scope: undefined, mtu: undefined, ...changes });
const rule = (changes: Partial<RuleConfiguration>): RuleConfiguration => ({ family: 'ipv4', priority: 1000, from: undefined, to: undefined, iif: undefined, oif: undefined, fwmark: undefined, action: 'lookup', table: undefined, ...changes });

const routes: readonly (readonly [command: string, words: string, RouteConfiguration])[] = [
  ['ip -4 route add 10.8.0.0/24 via 10.0.0.254 dev e0 proto 112', '10.8.0.0/24 via 10.0.0.254 dev e0', route({ destination: '10.8.0.0/24', nextHops: [hop('10.0.0.254')] })],
  [
    'ip -4 route add default via 10.0.0.254 src 10.0.0.1 table 100 metric 50 mtu 1400 proto 112',
    'default via 10.0.0.254 src 10.0.0.1 table 100 metric 50 mtu 1400',
    route({ nextHops: [hop('10.0.0.254', { interface: undefined })], source: '10.0.0.1', table: 100, metric: 50, mtu: 1400 }),
  ],
  ['ip -4 route add 10.9.0.0/16 dev e0 proto 112', '10.9.0.0/16 dev e0', route({ destination: '10.9.0.0/16', nextHops: [hop(undefined)] })],
  ['ip -4 route add 10.9.0.1 via 192.0.2.1 dev e0 onlink table 1000 proto 112', '10.9.0.1 via 192.0.2.1 dev e0 onlink table 1000', route({ destination: '10.9.0.1/32', nextHops: [hop('192.0.2.1', { onlink: true })], table: 1000 })],
  ['ip -4 route add blackhole 10.10.0.0/16 proto 112', 'blackhole 10.10.0.0/16', route({ destination: '10.10.0.0/16', type: 'blackhole' })],
  ['ip -4 route add prohibit 10.11.0.0/16 metric 7 proto 112', 'prohibit 10.11.0.0/16 metric 7', route({ destination: '10.11.0.0/16', type: 'prohibit', metric: 7 })],
  [
    'ip -4 route add 10.12.0.0/24 proto 112 nexthop via 10.0.0.2 dev e0 weight 1 nexthop via 10.0.0.3 dev e0 weight 5',
    '10.12.0.0/24 nexthop via 10.0.0.2 dev e0 nexthop via 10.0.0.3 dev e0 weight 5',
    route({ destination: '10.12.0.0/24', nextHops: [hop('10.0.0.2'), hop('10.0.0.3', { weight: 5 })] }),
  ],
  [
    'ip -6 route add 2001:db8:8::/48 via 2001:db8::2 dev e0 src 2001:db8::1 proto 112',
    '2001:db8:8::/48 via 2001:db8::2 dev e0 src 2001:db8::1',
    route({ family: 'ipv6', destination: '2001:db8:8::/48', nextHops: [hop('2001:db8::2')], source: '2001:db8::1' }),
  ],
  ['ip -6 route add default via fe80::2 dev e0 metric 50 proto 112', '::/0 via fe80::2 dev e0 metric 50', route({ family: 'ipv6', destination: '::/0', nextHops: [hop('fe80::2')], metric: 50 })],
  ['ip -6 route add unreachable 2001:db8:9::/48 proto 112', 'unreachable 2001:db8:9::/48', route({ family: 'ipv6', destination: '2001:db8:9::/48', type: 'unreachable' })],
  [
    'ip -6 route add 2001:db8:a::/48 proto 112 nexthop via 2001:db8::2 dev e0 weight 1 nexthop via 2001:db8::3 dev e0 weight 2',
    '2001:db8:a::/48 nexthop via 2001:db8::2 dev e0 nexthop via 2001:db8::3 dev e0 weight 2',
    route({ family: 'ipv6', destination: '2001:db8:a::/48', nextHops: [hop('2001:db8::2'), hop('2001:db8::3', { weight: 2 })] }),
  ],
];

const rules: readonly (readonly [command: string, words: string, RuleConfiguration])[] = [
  ['ip -4 rule add from 10.0.0.100/32 table 100 priority 1000 protocol 112', '1000: from 10.0.0.100 lookup 100', rule({ from: '10.0.0.100/32', table: 100 })],
  [
    'ip -4 rule add to 10.8.0.0/16 iif e0 fwmark 0x10/0xff table 1000 priority 1001 protocol 112',
    '1001: from all to 10.8.0.0/16 fwmark 0x10/0xff iif e0 lookup 1000',
    rule({ priority: 1001, to: '10.8.0.0/16', iif: 'e0', fwmark: { mark: 0x10, mask: 0xff }, table: 1000 }),
  ],
  ['ip -4 rule add from all oif e0 fwmark 5 prohibit priority 1002 protocol 112', '1002: from all fwmark 0x5 oif e0 prohibit', rule({ priority: 1002, from: '0.0.0.0/0', oif: 'e0', fwmark: { mark: 5, mask: undefined }, action: 'prohibit' })],
  ['ip -6 rule add from 2001:db8::100 iif lo table 100 priority 1003 protocol 112', '1003: from 2001:db8::100 iif lo lookup 100', rule({ family: 'ipv6', priority: 1003, from: '2001:db8::100/128', iif: 'lo', table: 100 })],
];

/** `ip` leaves the type of a unicast route and the action of a rule unsaid when it deletes, which stands for any; ours says it. */
const sayingWhat = (payload: Buffer, addition: Buffer): Buffer => Buffer.concat([payload.subarray(0, 7), addition.subarray(7, 8), payload.subarray(8)]);

describe('the codec of routes', () => {
  it.each(routes)('%s', (command, words, configured) => {
    const { add, del, dump } = recording(command);
    const addition = routeAddition(configured, indexOf);
    expect([addition.type, hexOf(addition.payload)]).toEqual([RTM_NEWROUTE, hexOf(only(add).payload)]);
    const deletion = routeDeletion(configured, indexOf);
    expect([deletion.type, hexOf(deletion.payload)]).toEqual([RTM_DELROUTE, hexOf(sayingWhat(only(del).payload, addition.payload))]);
    const there = decodeRoute(only(dump));
    expect(there && isRoute(configured, there, indexOf)).toBe(true);
    expect(routes.filter(([, , other]) => there && isRoute(other, there, indexOf))).toHaveLength(1);
    expect(describeRoute(configured)).toBe(words);
  });

  it('knows a route that differs in source, next hop, weight or MTU for another', () => {
    const there = decodeRoute(only(recording(routes[1]?.[0] ?? '').dump));
    const [, , configured] = routes[1] ?? [];
    for (const changes of [{ source: undefined }, { mtu: 1500 }, { nextHops: [hop('10.0.0.253')] }, { nextHops: [hop('10.0.0.254', { weight: 2 })] }, { type: 'prohibit' as const }]) {
      expect(there && configured && isRoute({ ...configured, ...changes }, there, indexOf)).toBe(false);
    }
  });

  it('passes over what is cut short', () => {
    expect(decodeRoute({ payload: Buffer.alloc(11) })).toBeUndefined();
    expect(() => decodeRoute({ payload: only(recording(routes[0]?.[0] ?? '').dump).payload.subarray(0, 18) })).toThrow(RangeError);
  });
});

/** `from all` is an empty attribute of `ip`, and no attribute of ours. */
const withoutEmpty = (payload: Buffer): ReturnType<typeof hexOf> => {
  const { header, attributes } = hexOf(payload);
  return { header, attributes: new Map([...attributes].filter(([, value]) => value !== '')) };
};

describe('the codec of rules', () => {
  it.each(rules)('%s', (command, words, configured) => {
    const { add, del, dump } = recording(command);
    const addition = ruleAddition(configured);
    expect([addition.type, hexOf(addition.payload)]).toEqual([RTM_NEWRULE, withoutEmpty(only(add).payload)]);
    const deletion = ruleDeletion(configured);
    expect([deletion.type, hexOf(deletion.payload)]).toEqual([RTM_DELRULE, withoutEmpty(sayingWhat(only(del).payload, addition.payload))]);
    const there = messagesIn(dump).map(decodeRule);
    expect(there.filter((one) => one && isRule(configured, one))).toHaveLength(1);
    expect(describeRule(configured)).toBe(words);
  });
});
