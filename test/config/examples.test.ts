import type { ServiceTarget } from '../../src/config/model.js';
import { describe, expect, test } from 'vitest';
import { accepted } from './reading.js';
import { exampleFiles } from './example-files.js';

const example = (name: string) => accepted(exampleFiles.find((file) => file.name === name)?.text ?? '');

/** Of a service with one address and port. */
const portOf = ([target]: readonly ServiceTarget[]): number | undefined => (target && 'port' in target ? target.port : undefined);

describe('the examples', () => {
  test('are one for each way of forwarding, a minimal one, and one for each thing that needs showing', () => {
    expect(exampleFiles.map(({ name }) => name)).toEqual(expect.arrayContaining(['checks.yaml', 'dual-stack.yaml', 'minimal.yaml', 'nat.yaml', 'notify.yaml', 'routes.yaml', 'services.yaml', 'tandem.yaml', 'tracking.yaml', 'tun.yaml', 'unicast.yaml']));
  });

  test.each(exampleFiles)('$name names its schema, and has neither errors nor warnings', ({ text }) => {
    expect(text.split('\n', 1)).toEqual(['# yaml-language-server: $schema=tandem.schema.json']);
    expect(accepted(text).virtualServers.length).toBeGreaterThan(0);
  });

  test('tandem.yaml is the DR pair behind a router', () => {
    const { vrrp, virtualServers } = example('tandem.yaml');
    expect(vrrp.instances.map(({ virtualAddresses }) => virtualAddresses.map(({ address }) => address))).toEqual([['192.168.50.100']]);
    expect(virtualServers.map(({ targets, scheduler, realServers }) => [portOf(targets), scheduler, ...realServers.map(({ address, forwarding }) => `${address} ${forwarding}`)])).toEqual([
      [80, 'rr', '192.168.50.22 dr', '192.168.50.23 dr'],
      [443, 'rr', '192.168.50.22 dr', '192.168.50.23 dr'],
    ]);
  });

  test('dual-stack.yaml has an instance for each family', () => {
    const { vrrp } = example('dual-stack.yaml');
    expect(vrrp.instances.map(({ virtualRouterId, virtualAddresses }) => [virtualRouterId, ...virtualAddresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`)])).toEqual([
      [51, '192.0.2.100/24'],
      [51, 'fe80::100/128', '2001:db8:50::100/128'],
    ]);
  });

  test('checks.yaml has a check of every kind', () => {
    const types = example('checks.yaml').virtualServers.map(({ realServers }) => realServers[0]?.healthCheck.type);
    expect(types).toEqual(expect.arrayContaining(['tcp', 'udp', 'dns', 'smtp', 'ping']));
  });

  test('unicast.yaml names the other director', () => {
    expect(example('unicast.yaml').vrrp.instances.map(({ unicast }) => unicast)).toEqual([{ source: '192.0.2.31', peers: ['192.0.2.32'], ttl: 255, minTtl: 255, maxTtl: 255 }]);
  });

  test('nat.yaml maps ports, and moves both addresses together', () => {
    const { vrrp, virtualServers } = example('nat.yaml');
    expect(vrrp.syncGroups).toEqual([{ name: 'nat', instances: ['outside', 'inside'] }]);
    expect(virtualServers.map(({ targets, realServers }) => [portOf(targets), ...realServers.map((server) => `${server.address}:${server.port} ${server.weight} ${server.forwarding}`)])).toEqual([
      [80, '172.16.0.2:80 1 nat', '172.16.0.3:8000 2 nat'],
      [21, '172.16.0.3:21 1 nat'],
    ]);
  });

  test('tun.yaml tunnels to servers in other networks', () => {
    expect(example('tun.yaml').virtualServers.map(({ targets, realServers }) => [portOf(targets), ...realServers.map((server) => `${server.address} ${server.weight} ${server.forwarding}`)])).toEqual([
      [23, '10.10.1.11 1 tun', '10.20.1.12 2 tun'],
      [80, '10.10.1.11 1 tun', '10.20.1.12 2 tun'],
    ]);
  });
});

test("product.md's example, without what later versions build, is accepted", () => {
  const { vrrp, ipvs, virtualServers } = accepted(`
router_id: director-a               # default: the host's name
log: { level: info, format: text }  # text | json

vrrp:
  version: 3                        # default for the instances: 2 | 3
  instances:
    - name: web
      interface: eth0
      virtual_router_id: 51         # 1..255
      priority: 150                 # 1..255, 255 = address owner
      advertisement_interval: 1s    # v3: 10ms..40.95s, v2: whole seconds
      preempt: true
      preempt_delay: 0s
      virtual_addresses:            # string or mapping
        - 192.168.50.100/32
        - { address: 192.168.20.31/24, interface: eth1, label: "eth1:vip", advertise: false }
      garp: { repeat: 5, delay: 5s, refresh: 60s }
    - { name: lan, interface: eth1, virtual_router_id: 51, virtual_addresses: [192.168.20.40] }
  sync_groups:
    - { name: all, instances: [web, lan] }

ipvs:
  sync: { instance: web, interface: eth1, id: 51 }           # connection sync follows this instance
  timeouts: { tcp: 15m, tcp_fin: 2m, udp: 5m }
  expire_nodest_conn: true          # a removed server's connections are reset, not left hanging
  expire_quiescent_template: true   # a persistent client leaves a server of weight 0
  on_stop: keep                     # keep | remove the table at an orderly stop

system: { manage: false }           # true: set the sysctls that are needed, and put them back

virtual_servers:
  - name: web-http
    address: 192.168.50.100         # or fwmark: 1 (with family: ipv4 | ipv6), or addresses: [...] for a group
    port: 80                        # 0 = every port; needs persistence
    protocol: tcp                   # tcp | udp | sctp
    scheduler: wrr                  # rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh
    forwarding: dr                  # dr | nat | tun | fullnat; or { method: tun, type: ipip | gre | gue, ... }
    persistence: { timeout: 360s, netmask: 255.255.255.255 }
    quorum: { weight: 1, hysteresis: 0 }
    sorry_server: { address: 192.168.50.99, port: 80 }
    on_failure: remove              # remove | weight_zero
    health_check:                   # inherited by every real server below
      type: http                    # tcp | tls | http | https | ...
      path: /health
      status: "200-299"
      interval: 2s
      timeout: 1s
      rise: 2                       # successes before up
      fall: 3                       # failures before down
    real_servers:
      - { address: 192.168.50.22, port: 80, weight: 1 }       # port defaults to the service's
      - { address: 192.168.50.23, port: 80, weight: 2, health_check: { type: tcp, interval: 1s } }
`);
  expect([vrrp.instances.length, ipvs.sync?.id, virtualServers.map(({ realServers }) => realServers.map(({ healthCheck }) => healthCheck.type))]).toEqual([2, 51, [['http', 'tcp']]]);
});
