import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { accepted, acceptedWithWarnings } from './reading.js';
import { exampleFiles } from './example-files.js';

const base = `vrrp:
  instances:
    - name: web
      interface: eth0
      virtual_router_id: 51
      priority: 150
      virtual_addresses: [192.0.2.10/24, 192.0.2.11/24]
    - { name: lan, interface: eth1, virtual_router_id: 52, virtual_addresses: [10.0.0.1/24] }
  sync_groups: [{ name: all, instances: [web, lan] }]
ipvs: { sync: { instance: web, interface: eth1 }, timeouts: { tcp: 15m } }
virtual_servers:
  - name: web-http
    address: 192.0.2.10
    port: 80
    forwarding: dr
    health_check: { type: http, path: /health }
    real_servers: [{ address: 10.0.0.12 }, { address: 10.0.0.13, weight: 2 }]
  - { name: dns, address: 192.0.2.10, port: 53, protocol: udp, forwarding: nat, real_servers: [{ address: 10.0.0.14, port: 5353 }] }
`;

/** The lines for the base file with one text replaced by another. */
const after = (...replacements: readonly (readonly [string, string])[]): readonly string[] => {
  const text = replacements.reduce((all, [old, now]) => {
    expect(all).toContain(old);
    return all.replace(old, now);
  }, base);
  return differences(accepted(base), accepted(text));
};

describe('the differences of two configurations', () => {
  test.each(exampleFiles)('are none between $name and itself', ({ text }) => {
    const { configuration } = acceptedWithWarnings(text);
    expect(differences(configuration, acceptedWithWarnings(text).configuration)).toEqual([]);
  });

  test.each<readonly [string, string, readonly string[]]>([
    ['priority: 150', 'priority: 120', ['instance web: priority 150 -> 120']],
    ['priority: 150', 'advertisement_interval: 100ms', ['instance web: priority 150 -> 100', 'instance web: advertisement_interval 1s -> 100ms']],
    ['[192.0.2.10/24, 192.0.2.11/24]', '[192.0.2.10/24, 192.0.2.12/24]', ['instance web: virtual address 192.0.2.11/24 removed', 'instance web: virtual address 192.0.2.12/24 added']],
    ['[10.0.0.1/24]', '[{ address: 10.0.0.1/24, label: "eth1:a" }]', ['instance lan: virtual address 10.0.0.1/24: label none -> eth1:a']],
    ['priority: 150', 'priority: 150\n      unicast: { peers: [192.0.2.2], ttl: 64 }', ['instance web: unicast none -> { peers: [192.0.2.2], ttl: 64, min_ttl: 0, max_ttl: 255 }']],
    ['priority: 150', 'garp: { refresh: 0 }', ['instance web: priority 150 -> 100', 'instance web: garp.refresh 1m -> 0s']],
    ['priority: 150', 'priority: 150\n      garp: { interval: 10ms }', ['instance web: garp.interval 0s -> 10ms']],
    ['  sync_groups: [{ name: all, instances: [web, lan] }]\n', '', ['sync group all removed']],
    ['sync: { instance: web, interface: eth1 }, ', '', ['ipvs.sync { instance: web, interface: eth1, id: 51 } -> none']],
    ['interface: eth1 }, ', 'interface: eth1, id: 9 }, ', ['ipvs.sync.id 51 -> 9']],
    ['tcp: 15m', 'udp: 1m', ['ipvs.timeouts.tcp 15m -> none', 'ipvs.timeouts.udp none -> 1m']],
    ['timeouts:', 'sloppy_tcp: true, timeouts:', ['ipvs.sloppy_tcp none -> true']],
    ['[{ address: 10.0.0.12 }, ', '[', ['virtual server web-http: real server 10.0.0.12:80 removed']],
    ['[{ address: 10.0.0.12 }', '[{ address: 10.0.0.11 }, { address: 10.0.0.12 }', ['virtual server web-http: real server 10.0.0.11:80 added']],
    ['weight: 2', 'weight: 3', ['virtual server web-http: real server 10.0.0.13:80: weight 2 -> 3']],
    ['forwarding: nat', 'forwarding: nat, scheduler: rr', ['virtual server dns: scheduler wlc -> rr']],
    ['forwarding: nat', 'forwarding: nat, persistence: true', ['virtual server dns: persistence none -> { timeout: 6m, netmask: 255.255.255.255 }']],
    ['forwarding: nat', 'forwarding: nat, health_check: none', ['virtual server dns: real server 10.0.0.14:5353: health_check { type: tcp, interval: 5s, timeout: 2s, rise: 2, fall: 3, probe: real_server, address: 10.0.0.14, port: 5353 } -> none']],
    ['name: dns', 'name: resolver', ['virtual server dns removed', 'virtual server resolver added']],
    ['/health', '/', ['virtual server web-http: real server 10.0.0.12:80: health_check.path /health -> /', 'virtual server web-http: real server 10.0.0.13:80: health_check.path /health -> /']],
  ])('%s -> %s', (old, now, expected) => {
    expect(after([old, now])).toEqual(expected);
  });

  test('of a forwarding method are said of each server', () => {
    expect(after(['forwarding: dr', 'forwarding: tun'])).toEqual(['virtual server web-http: real server 10.0.0.12:80: forwarding dr -> tun', 'virtual server web-http: real server 10.0.0.13:80: forwarding dr -> tun']);
  });

  test('are none for the order of servers', () => {
    expect(after(['{ address: 10.0.0.12 }, { address: 10.0.0.13, weight: 2 }', '{ address: 10.0.0.13, weight: 2 }, { address: 10.0.0.12 }'])).toEqual([]);
  });

  test('of the daemon itself are said', () => {
    expect(after(['vrrp:\n', 'router_id: b\nlog: { level: debug }\ncontrol: { group: adm }\nvrrp:\n'])).toEqual(['router_id director-a -> b', 'log.level info -> debug', 'control.group none -> adm']);
  });
});
