import { describe, expect, test } from 'vitest';
import type { Configuration } from '../../src/config/model.js';
import { parseConfiguration } from '../../src/config/parse.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { accepted, acceptedWithWarnings, instanceFile, serviceFile } from './reading.js';
import { exampleFiles } from './example-files.js';

const again = (configuration: Configuration): Configuration => accepted(showDefaults(configuration));

describe('the defaults shown', () => {
  test('are the file with every key written out', () => {
    expect(showDefaults(accepted(`${instanceFile('')}${serviceFile('health_check: { type: http }')}`))).toBe(`router_id: director-a
log:
  level: info
  format: text
control: {}
vrrp:
  startup_delay: 0s
  instances:
    - name: web
      interface: eth0
      virtual_router_id: 51
      version: 3
      priority: 100
      advertisement_interval: 1s
      preempt: true
      preempt_delay: 0s
      checksum: pseudo_header
      virtual_addresses:
        - address: 192.0.2.10/24
          interface: eth0
          advertise: true
          scope: global
      virtual_mac: false
      accept: true
      garp:
        repeat: 5
        delay: 5s
        refresh: 1m
        interval: 0s
  sync_groups: []
ipvs:
  timeouts: {}
  on_stop: keep
  modprobe:
    - /sbin/modprobe
  probe_marks:
    from: 2097152000
    to: 2097168383
  expire_nodest_conn: true
  expire_quiescent_template: true
  sync_threshold: 0 0
  sync_refresh_period: 2
system:
  manage: false
virtual_servers:
  - name: web
    address: 192.0.2.10
    port: 80
    protocol: tcp
    scheduler: wlc
    forwarding: dr
    scheduler_flags: []
    one_packet: false
    quorum:
      weight: 1
      hysteresis: 0
    on_failure: remove
    initial: down
    real_servers:
      - address: 192.0.2.22
        port: 80
        weight: 1
        forwarding: dr
        health_check:
          type: http
          interval: 5s
          timeout: 2s
          rise: 2
          fall: 3
          probe: real_server
          address: 192.0.2.22
          port: 80
          method: GET
          path: /
          status: 200-299
          redirects: 0
          http_version: 1.1
scripts: []
`);
  });

  test.each(exampleFiles)('of $name are a file that means the same', ({ text }) => {
    const result = parseConfiguration(text, 'tandem.yaml', { hostName: 'director-a' });
    if (!result.ok) throw new Error('an example is wrong');
    expect(acceptedWithWarnings(showDefaults(result.configuration)).configuration).toEqual(result.configuration);
  });

  test('are a file that means the same for every kind of setting', () => {
    const configuration = accepted(`
router_id: a
log: { level: debug, format: json }
control: { group: adm }
vrrp:
  version: 2
  instances: [{ name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [{ address: 192.0.2.10, label: "eth0:1", advertise: false }, 192.0.2.11], preempt_delay: 1.5s }]
ipvs:
  sync: { instance: web, interface: eth1 }
  timeouts: { tcp: 900 }
  expire_nodest_conn: false
  sync_threshold: "3 50"
  sync_refresh_period: 10s
  sync_ports: 8
  on_stop: remove
virtual_servers:
  - name: tls
    address: 192.0.2.10
    port: 0
    forwarding: nat
    persistence: { timeout: 90s, netmask: 255.255.0.0 }
    quorum: { weight: 2, hysteresis: 1 }
    sorry_server: { address: 192.0.2.99, forwarding: tun }
    on_failure: weight_zero
    health_check: { type: https, port: 443, server_name: a.example, verify: true, status: [200, "301-302"], body: "^ok: \\\\d", host: a.example }
    real_servers:
      - { address: 192.0.2.1, weight: 2 }
      - { address: 192.0.2.2, weight: 3, health_check: { type: tls, port: 444 } }
      - { address: 192.0.2.3, weight: 0, health_check: none }
`);
    expect(again(configuration)).toEqual(configuration);
  });
});
