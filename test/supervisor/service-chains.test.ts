/** The rules that services need, as iptables-save prints them. */
import { describe, expect, test } from 'vitest';
import { belongsToTable, chainsOf, withoutChain } from '../../src/supervisor/chains.js';
import { ownedBy, parseOwned } from '../../src/supervisor/owned.js';
import { redirectChains } from '../../src/supervisor/redirect-chains.js';
import { markingChains, modulesOf, sourceNatChains } from '../../src/supervisor/service-chains.js';
import { acceptedWithWarnings } from '../config/reading.js';

const services = (...entries: readonly string[]) => acceptedWithWarnings(`virtual_servers:\n${entries.map((entry, index) => `  - { name: s${index}, ${entry} }\n`).join('')}`).configuration.virtualServers;
const rulesOf = (chains: ReturnType<typeof sourceNatChains>): readonly string[] => chains.flatMap(({ family, table, hook, name, rules }) => rules.map((rule) => `${family} ${table} ${hook} ${name} ${rule}`));
const two = 'real_servers: [{ address: 192.0.2.22 }, { address: 192.0.2.23, port: 8080 }]';

describe('marks', () => {
  test('are set on what comes in and on what this host sends, ranges of ports by one rule', () => {
    expect(rulesOf(markingChains(services('fwmark: 255, match: ["192.0.2.10:443", { address: 192.0.2.10, ports: [80, "8000-8010"] }, { address: 192.0.2.11, port: 0, protocol: udp }], forwarding: dr')))).toEqual(
      ['PREROUTING TANDEM-MARK', 'OUTPUT TANDEM-MARK-LOCAL'].flatMap((chain) =>
        ['-d 192.0.2.10/32 -p tcp -m tcp --dport 443', '-d 192.0.2.10/32 -p tcp -m tcp --dport 80', '-d 192.0.2.10/32 -p tcp -m tcp --dport 8000:8010', '-d 192.0.2.11/32 -p udp'].map((which) => `ipv4 mangle ${chain} ${which} -j MARK --set-xmark 0xff/0xffffffff`),
      ),
    );
  });

  test('of IPv6 are set by ip6tables', () => {
    expect(markingChains(services('fwmark: 1, match: ["[2001:db8::10]:80"], forwarding: dr')).map(({ family, rules }) => [family, ...rules])).toEqual(Array(2).fill(['ipv6', '-d 2001:db8::10/128 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff']));
  });

  test('that someone else sets need no rule of ours', () => {
    expect(markingChains(services('fwmark: 1, forwarding: dr, health_check: none'))).toEqual([]);
  });
});

describe('source NAT', () => {
  const chain = 'ipv4 nat POSTROUTING TANDEM-FULLNAT';

  test('is one rule for each address and port of a service, of IPVS connections that are masqueraded only', () => {
    expect(rulesOf(sourceNatChains(services(`address: 192.0.2.10, ports: [80, 443], forwarding: fullnat, ${two.replace(', port: 8080', '')}`, `address: 192.0.2.11, port: 53, protocol: udp, forwarding: fullnat, ${two}`)))).toEqual([
      `${chain} -m ipvs --vproto 6 --vaddr 192.0.2.10 --vport 80 --vmethod MASQ -j MASQUERADE`,
      `${chain} -m ipvs --vproto 6 --vaddr 192.0.2.10 --vport 443 --vmethod MASQ -j MASQUERADE`,
      `${chain} -m ipvs --vproto 17 --vaddr 192.0.2.11 --vport 53 --vmethod MASQ -j MASQUERADE`,
    ]);
  });

  test('of a service by mark goes by the mark, and of every port by the address', () => {
    expect(rulesOf(sourceNatChains(services(`fwmark: 16, forwarding: fullnat, health_check: none, ${two}`, 'address: 192.0.2.10, port: 0, persistence: 60s, forwarding: fullnat, health_check: none, real_servers: [{ address: 192.0.2.22 }]')))).toEqual([
      `${chain} -m mark --mark 0x10 -m ipvs --vmethod MASQ -j MASQUERADE`,
      `${chain} -m ipvs --vproto 6 --vaddr 192.0.2.10 --vmethod MASQ -j MASQUERADE`,
    ]);
  });

  test('names the servers where only some of those that are masqueraded have it; the others keep their clients', () => {
    const mixed = 'address: 192.0.2.10, port: 80, forwarding: nat, sorry_server: { address: 192.0.2.99, forwarding: { method: fullnat, source: 192.0.2.1 } }, real_servers: [{ address: 192.0.2.22 }, { address: 192.0.2.23, forwarding: fullnat }]';
    expect(rulesOf(sourceNatChains(services(mixed)))).toEqual([
      `${chain} -d 192.0.2.23/32 -m ipvs --vproto 6 --vaddr 192.0.2.10 --vport 80 --vmethod MASQ -j MASQUERADE`,
      `${chain} -d 192.0.2.99/32 -m ipvs --vproto 6 --vaddr 192.0.2.10 --vport 80 --vmethod MASQ -j SNAT --to-source 192.0.2.1`,
    ]);
    // a server by dr is none of them
    expect(rulesOf(sourceNatChains(services(mixed.replace('forwarding: nat', 'forwarding: dr').replace('{ method: fullnat, source: 192.0.2.1 }', 'fullnat'))))).toEqual([`${chain} -m ipvs --vproto 6 --vaddr 192.0.2.10 --vport 80 --vmethod MASQ -j MASQUERADE`]);
  });

  test('of IPv6 is made by ip6tables; without any there is neither a chain nor a module', () => {
    expect(sourceNatChains(services('address: "2001:db8::10", port: 80, forwarding: fullnat, real_servers: [{ address: "2001:db8::22" }]'))).toMatchObject([{ family: 'ipv6', rules: ['-m ipvs --vproto 6 --vaddr 2001:db8::10 --vport 80 --vmethod MASQ -j MASQUERADE'] }]);
    expect(sourceNatChains(services(`address: 192.0.2.10, port: 80, forwarding: nat, ${two}`))).toEqual([]);
    expect(modulesOf(services(`address: 192.0.2.10, port: 80, forwarding: nat, ${two}`))).toEqual([]);
    expect(modulesOf(services(`address: 192.0.2.10, port: 80, forwarding: fullnat, ${two}`))).toEqual(['nf_conntrack', 'xt_ipvs']);
  });
});

test('ICMPv6 redirects to real servers of nat are dropped with system.manage, and not otherwise', () => {
  const nat = (manage: boolean, more = '') =>
    redirectChains(acceptedWithWarnings(`system: { manage: ${String(manage)} }\nvirtual_servers:\n  - { name: web, address: "2001:db8::10", port: 80, forwarding: nat${more}, real_servers: [{ address: "2001:db8::22" }, { address: "2001:db8::23", forwarding: fullnat }] }\n`).configuration);
  expect(nat(true)).toEqual([{ family: 'ipv6', table: 'filter', hook: 'OUTPUT', name: 'TANDEM-REDIRECT', position: 'first', rules: ['-d 2001:db8::22/128 -p ipv6-icmp -m icmp6 --icmpv6-type 137 -j DROP'] }]);
  expect(nat(true, ', sorry_server: { address: "2001:db8::99" }')[0]?.rules).toHaveLength(2);
  expect(nat(false)).toEqual([]);
});

test('all of them are recorded as ours, and those that the table needs stay with it', () => {
  const { configuration } = acceptedWithWarnings(`
vrrp:
  instances:
    - { name: web, interface: eth0, virtual_router_id: 51, accept: false, virtual_addresses: [192.0.2.10] }
virtual_servers:
  - { name: web, fwmark: 1, match: ["192.0.2.10:80"], forwarding: fullnat, ${two} }
`);
  const names = chainsOf(configuration).map(({ name }) => name);
  expect(names).toEqual(['TANDEM-ACCEPT', 'TANDEM-MARK', 'TANDEM-MARK-LOCAL', 'TANDEM-FULLNAT']);
  const owned = parseOwned(JSON.stringify({ version: 1, ...ownedBy(configuration) }));
  expect(owned?.chains?.map(({ name }) => name)).toEqual(names);
  expect(owned?.chains?.filter(belongsToTable).map(({ name }) => name)).toEqual(names.slice(1));
  expect(new Set(owned?.chains?.map(withoutChain)).size).toBe(3);
});
