import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../src/supervisor/messages.js';
import { findChain, type FirewallChain, FirewallError, removal, restoration } from '../../src/network/firewall-chain.js';
import { acceptanceChains } from '../../src/supervisor/acceptance.js';
import { ChainKeeper } from '../../src/supervisor/chain-keeper.js';
import { accepted } from '../config/reading.js';

const chainsOf = (text: string): readonly FirewallChain[] => {
  const { vrrp, virtualServers } = accepted(text);
  return acceptanceChains(vrrp, virtualServers);
};
const instance = (name: string, id: number, addresses: string, keys = ''): string => `    - { name: ${name}, interface: eth0, virtual_router_id: ${id}, virtual_addresses: [${addresses}]${keys} }\n`;
const service = (name: string, address: string, port: number, keys = ''): string => `  - { name: ${name}, address: ${address}, port: ${port}, forwarding: dr, real_servers: [{ address: 192.0.2.22 }]${keys} }\n`;

describe('the chain of accept: false', () => {
  test('drops what is sent to the addresses, but what IPVS serves there, ICMP errors, and what the host says to itself', () => {
    const text = `vrrp:\n  instances:\n${instance('web', 51, '192.0.2.10, 192.0.2.11/24', ', accept: false')}${instance('lan', 52, '192.0.2.12')}virtual_servers:\n${service('http', '192.0.2.10', 80)}${service('dns', '192.0.2.11', 53, ', protocol: udp')}${service('all', '192.0.2.11', 0, ', persistence: { timeout: 60s }, health_check: none')}${service('other', '192.0.2.12', 80)}`;
    expect(chainsOf(text)).toEqual([
      {
        family: 'ipv4',
        table: 'filter',
        hook: 'INPUT',
        name: 'TANDEM-ACCEPT',
        position: 'first',
        rules: [
          '-i lo -j RETURN',
          '-p icmp -m icmp --icmp-type 3 -j RETURN',
          '-p icmp -m icmp --icmp-type 11 -j RETURN',
          '-p icmp -m icmp --icmp-type 12 -j RETURN',
          '-d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j RETURN',
          '-d 192.0.2.11/32 -p udp -m udp --dport 53 -j RETURN',
          '-d 192.0.2.11/32 -p tcp -j RETURN',
          '-d 192.0.2.10/32 -j DROP',
          '-d 192.0.2.11/32 -j DROP',
        ],
      },
    ]);
  });

  test('lets Neighbour Solicitations and Advertisements through (RFC 9568, 6.1)', () => {
    const [chain, ...more] = chainsOf(`vrrp:\n  instances:\n${instance('web', 51, '"fe80::10", "2001:db8::10"', ', accept: false')}`);
    expect(more).toEqual([]);
    expect(chain).toMatchObject({ family: 'ipv6', table: 'filter', hook: 'INPUT' });
    for (const type of [135, 136]) expect(chain?.rules).toContain(`-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j RETURN`);
    expect(chain?.rules.slice(-2)).toEqual(['-d fe80::10/128 -j DROP', '-d 2001:db8::10/128 -j DROP']);
  });

  test('is not there where every instance accepts', () => {
    expect(chainsOf(`vrrp:\n  instances:\n${instance('web', 51, '192.0.2.10')}`)).toEqual([]);
  });
});

const chain: FirewallChain = { family: 'ipv4', table: 'filter', hook: 'INPUT', name: 'OURS', position: 'first', rules: ['-d 192.0.2.1/32 -j DROP'] };
const saved = (...lines: readonly string[]): string => ['*filter', ':INPUT ACCEPT [0:0]', ':OURS - [0:0]', '-A INPUT -p icmp -j ACCEPT', ...lines, 'COMMIT', ''].join('\n');

describe('a chain of our own', () => {
  test('is left alone when it is as wanted, whatever else is there', () => {
    expect(restoration(chain, findChain(saved('-A INPUT -j OURS', '-A OURS -d 192.0.2.1/32 -j DROP', '-A OURSELVES -j DROP'), chain))).toBeUndefined();
  });

  test.each([
    ['nothing of it is there', '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n', '-I INPUT 1 -j OURS'],
    ['the jump is missing', saved('-A OURS -d 192.0.2.1/32 -j DROP'), '-I INPUT 1 -j OURS'],
    ['there are too many jumps', saved('-A INPUT -j OURS', '-A INPUT -j OURS', '-A OURS -d 192.0.2.1/32 -j DROP'), '-D INPUT -j OURS'],
    ['a rule is another', saved('-A INPUT -j OURS', '-A OURS -d 192.0.2.2/32 -j DROP'), undefined],
  ])('is written anew when %s', (_, text, jump) => {
    expect(restoration(chain, findChain(text, chain))).toBe(['*filter', ':OURS - [0:0]', '-A OURS -d 192.0.2.1/32 -j DROP', ...(jump === undefined ? [] : [jump]), 'COMMIT', ''].join('\n'));
  });

  test('goes with every jump to it', () => {
    expect(removal(chain, findChain(saved('-A INPUT -j OURS', '-A INPUT -j OURS'), chain))).toBe('*filter\n-D INPUT -j OURS\n-D INPUT -j OURS\n-F OURS\n-X OURS\nCOMMIT\n');
    expect(removal(chain, findChain('*filter\nCOMMIT\n', chain))).toBeUndefined();
  });
});

describe('the keeper of chains', () => {
  const keeper = (ensure: () => Promise<'unchanged' | 'made'>) => {
    const log: LogEvent[] = [];
    const calls: string[] = [];
    const record = (verb: string) => ({ family, name }: { readonly family: string; readonly name: string }) => calls.push(`${verb} ${family} ${name}`);
    const made = new ChainKeeper((logEvent) => log.push(logEvent), 'accept: false has no effect', {
      ensure: (wanted) => (record('ensure')(wanted), ensure()),
      remove: (place) => (record('remove')(place), Promise.resolve('removed')),
    });
    return { made, log, calls };
  };

  test('runs nothing where nothing is wanted and nothing was made', async () => {
    const { made, log, calls } = keeper(() => Promise.resolve('made'));
    expect(await made.configure([], [])).toEqual([]);
    expect([log, calls]).toEqual([[], []]);
  });

  test('makes what is wanted, and removes what an earlier run made', async () => {
    const { made, log, calls } = keeper(() => Promise.resolve('made'));
    const { family, table, hook, name } = chain;
    expect(await made.configure([chain], [{ family: 'ipv6', table, hook, name }, { family, table, hook, name }])).toEqual([{ family, table, hook, name }]);
    expect(calls).toEqual(['ensure ipv4 OURS', 'remove ipv6 OURS']);
    expect(log.map(({ message }) => message)).toEqual(['made the chain OURS (ipv4, filter INPUT) in the firewall', 'removed the chain OURS (ipv6, filter INPUT) from the firewall']);
    expect(await made.stop([chain])).toEqual([]);
  });

  test('tells once what is missing, and what follows', async () => {
    const { made, log } = keeper(() => Promise.reject(new FirewallError('TOOL_MISSING', 'iptables-save is not there: install the package iptables')));
    await made.configure([chain], []);
    await made.configure([chain], []);
    expect(log.map(({ level, message }) => `${level} ${message}`)).toEqual(['error the chain OURS (ipv4, filter INPUT) is not in force, accept: false has no effect: iptables-save is not there: install the package iptables; tried again every 30 s']);
    await made.stop([]);
  });
});
