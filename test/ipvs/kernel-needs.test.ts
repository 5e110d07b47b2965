/** What each way of forwarding needs of the host. */
import { describe, expect, test } from 'vitest';
import { type HostAddress, needsOf, sysctlName } from '../../src/ipvs/kernel-needs.js';
import { acceptedWithWarnings } from '../config/reading.js';

const host: readonly HostAddress[] = [
  { interface: 'eth0', address: '192.0.2.1', prefixLength: 24 },
  { interface: 'eth1', address: '198.51.100.1', prefixLength: 24 },
  { interface: 'eth1', address: '2001:db8:1::1', prefixLength: 64 },
];
const pair = 'vrrp:\n  instances:\n    - { name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [192.0.2.10] }\n';
const needs = (forwarding: string, servers: string, address = '192.0.2.10', before = pair) =>
  needsOf(acceptedWithWarnings(`${before}virtual_servers:\n  - { name: web, address: "${address}", port: 80, forwarding: ${forwarding}, real_servers: [${servers}] }\n`).configuration, host);
const settings = (...parameters: Parameters<typeof needs>): readonly string[] => needs(...parameters).settings.map(({ path, wanted }) => `${sysctlName(path)}=${wanted}`);

describe('a director forwards packets for', () => {
  test.each(['nat', 'fullnat'])('%s', (method) => {
    expect(settings(method, '{ address: 198.51.100.22 }')).toEqual(['net.ipv4.ip_forward=1']);
    expect(settings(method, '{ address: "2001:db8:1::22" }', '2001:db8::10')).toEqual(['net.ipv6.conf.all.forwarding=1']);
  });

  test.each(['dr', 'tun'])('nobody with %s', (method) => {
    expect(settings(method, '{ address: 198.51.100.22 }')).toEqual([]);
  });

  test('nobody where the only server is itself', () => {
    expect(settings('nat', '{ address: 198.51.100.1 }')).toEqual([]);
  });
});

test('with NAT on one segment it must not tell the servers of a way past it; with full NAT they know none', () => {
  expect(settings('nat', '{ address: 192.0.2.22 }')).toEqual(['net.ipv4.ip_forward=1', 'net.ipv4.conf.all.send_redirects=0', 'net.ipv4.conf.eth0.send_redirects=0']);
  expect(settings('fullnat', '{ address: 192.0.2.22 }')).toEqual(['net.ipv4.ip_forward=1']);
});

test('of NAT on one segment over IPv6, where no setting helps, it says what does', () => {
  const over = (method: string, server: string, address: string) => needs(method, `{ address: "${server}" }`, address).redirects;
  expect(over('nat', '2001:db8:1::22', '2001:db8:1::10')).toEqual([
    'nat (web) has its real servers on the segment of the virtual address, eth1: ICMPv6 redirects, which no setting of this host stops, tell them a way past the director; run sysctl -w net.ipv6.conf.INTERFACE.accept_redirects=0 on them (and put it into /etc/sysctl.d), or give system: { manage: true }, which drops these redirects',
  ]);
  expect(over('fullnat', '2001:db8:1::22', '2001:db8:1::10')).toEqual([]);
  expect(over('nat', '2001:db8:1::22', '2001:db8::10')).toEqual([]);
  expect(over('nat', '192.0.2.22', '192.0.2.10')).toEqual([]);
});

describe('a director that is a real server too', () => {
  const [both, own] = ['{ address: 192.0.2.1 }, { address: 192.0.2.2 }', '{ address: 192.0.2.1 }'];

  test('by tun takes packets out of the tunnel that the filter of the way back would drop', () => {
    const [need] = needs('tun', own).settings;
    expect(need).toMatchObject({ path: 'ipv4/conf/tunl0/rp_filter', wanted: '2' });
    expect([['1', '0'], ['0', '1'], ['0', '0'], ['2', '1'], ['0', '2']].map(([link = '', all]) => need?.fits(link, () => all))).toEqual([false, false, true, true, true]);
  });

  test.each(['dr', 'tun'])('by %s as one of several, in a pair, may schedule a packet again: that is said', (method) => {
    expect(needs(method, both).notes).toEqual([`web: the real server 192.0.2.1 is this host itself. While another director is master, this one would schedule again what it gets from there by ${method}, and might send it back: give the service forwarding: fullnat`]);
    expect(needs(method, both, '192.0.2.10', '').notes).toEqual([]);
    expect(needs(method, '{ address: 192.0.2.2 }, { address: 192.0.2.3 }').notes).toEqual([]);
  });

  test('by fullnat has nothing to mind', () => {
    expect(needs('fullnat', both).notes).toEqual([]);
  });
});

test('what needs a setting is named', () => {
  expect(needs('nat', '{ address: 198.51.100.22 }').settings[0]?.why).toBe('nat (web) needs it: without it the answers of real servers do not reach the clients');
  expect(sysctlName('ipv4/conf/eth0.5/send_redirects')).toBe('net/ipv4/conf/eth0.5/send_redirects');
});
