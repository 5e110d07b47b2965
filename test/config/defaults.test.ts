import { describe, expect, test } from 'vitest';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { accepted, first, instanceFile, instanceOf, serverOf, serviceFile, serviceOf } from './reading.js';

describe('what the file leaves out', () => {
  test('of the daemon has its defaults', () => {
    const { routerId, log, control, ipvs } = accepted(instanceFile(''));
    expect({ routerId, log, control }).toEqual({ routerId: 'director-a', log: { level: 'info', format: 'text' }, control: { group: undefined } });
    expect(ipvs).toEqual({
      sync: undefined,
      timeouts: { tcp: undefined, tcpFin: undefined, udp: undefined },
      onStop: 'keep',
      sysctls: { expire_nodest_conn: '1', expire_quiescent_template: '1', sync_threshold: '0 0', sync_refresh_period: '2' },
      modprobe: ['/sbin/modprobe'],
    });
  });

  test('of an instance has the defaults of product.md', () => {
    expect(instanceOf('')).toEqual({
      name: 'web',
      interface: 'eth0',
      version: 3,
      virtualRouterId: 51,
      priority: 100,
      advertisementInterval: Seconds(1),
      preempt: true,
      preemptDelay: 0,
      checksum: 'pseudo_header',
      authentication: undefined,
      virtualAddresses: [{ address: '192.0.2.10', prefixLength: 24, interface: 'eth0', label: undefined, advertise: true, scope: 'global' }],
      accept: true,
      garp: { repeat: 5, delay: Seconds(5), refresh: Seconds(60), interval: Seconds(0) },
    });
  });

  test('of a service and its servers has the defaults of product.md', () => {
    expect(serviceOf('')).toEqual({
      name: 'web',
      targets: [{ address: '192.0.2.10', port: 80 }],
      protocol: 'tcp',
      scheduler: 'wlc',
      schedulerFlags: [],
      onePacket: false,
      modules: [],
      persistence: undefined,
      quorum: { weight: 1, hysteresis: 0 },
      sorryServer: undefined,
      onFailure: 'remove',
      initial: 'down',
      realServers: [
        {
          address: '192.0.2.22',
          port: 80,
          forwarding: 'dr',
          weight: 1,
          healthCheck: { type: 'tcp', address: '192.0.2.22', port: 80, source: undefined, interval: Seconds(5), timeout: Seconds(2), rise: 2, fall: 3 },
        },
      ],
    });
  });

  test('of an http check has its defaults', () => {
    expect(serverOf('health_check: { type: http }').healthCheck).toMatchObject({ requests: [{ method: 'GET', path: '/', host: undefined, status: [[200, 299]], body: undefined }], verify: false, serverName: undefined, ca: undefined });
  });

  test('of an address is /32, the interface of its instance, advertised', () => {
    expect(instanceOf('', 'virtual_addresses: [192.0.2.10, { address: 192.0.2.11 }, { address: 10.0.0.1/8, interface: eth1, label: "eth1:v", advertise: false }]').virtualAddresses).toEqual([
      { address: '192.0.2.10', prefixLength: 32, interface: 'eth0', label: undefined, advertise: true, scope: 'global' },
      { address: '192.0.2.11', prefixLength: 32, interface: 'eth0', label: undefined, advertise: true, scope: 'global' },
      { address: '10.0.0.1', prefixLength: 8, interface: 'eth1', label: 'eth1:v', advertise: false, scope: 'global' },
    ]);
  });

  test('of the version and checksum of instances comes from the vrrp section', () => {
    const file = `${instanceFile('')}  version: 2\n  checksum: rfc9568\n`;
    expect(first(accepted(file).vrrp.instances)).toMatchObject({ version: 2, checksum: 'rfc9568' });
    const own = `${instanceFile('version: 3, checksum: pseudo_header'.replace(', ', '\n      '))}  version: 2\n  checksum: rfc9568\n`;
    expect(first(accepted(own).vrrp.instances)).toMatchObject({ version: 3, checksum: 'pseudo_header' });
  });

  test('of the sync id is the virtual router id of the instance', () => {
    expect(accepted(`${instanceFile('')}ipvs: { sync: { instance: web, interface: eth1 } }\n`).ipvs.sync).toEqual({ instance: 'web', interface: 'eth1', id: 51 });
    expect(accepted(`${instanceFile('')}ipvs: { sync: { instance: web, interface: eth1, id: 0 } }\n`).ipvs.sync).toEqual({ instance: 'web', interface: 'eth1', id: 0 });
  });

  test('of a sorry server is its service\'s port and forwarding', () => {
    expect(serviceOf('sorry_server: { address: 192.0.2.99 }').sorryServer).toEqual({ address: '192.0.2.99', port: 80, forwarding: 'dr' });
    expect(serviceOf('health_check: { type: http }, sorry_server: { address: 192.0.2.99, on_recovery: weight_zero, health_check: { interval: 1s } }').sorryServer).toMatchObject({
      onRecovery: 'weight_zero',
      healthCheck: { type: 'tcp', address: '192.0.2.99', port: 80, interval: Seconds(1) },
    });
    expect(serviceOf('sorry_server: { address: 192.0.2.99, health_check: none }').sorryServer).not.toHaveProperty('healthCheck');
    expect(serviceOf('sorry_server: { address: 192.0.2.99, port: 8080, forwarding: nat }').sorryServer).toEqual({ address: '192.0.2.99', port: 8080, forwarding: 'nat' });
  });

  test('of a server is its service\'s port and forwarding', () => {
    expect(serverOf('', '{ address: 192.0.2.22, port: 8080, weight: 3 }', 'port: 80, forwarding: nat')).toMatchObject({ port: 8080, forwarding: 'nat', weight: 3, healthCheck: { port: 8080 } });
    expect(serverOf('', '{ address: 192.0.2.22, forwarding: { method: tun } }')).toMatchObject({ port: 80, forwarding: 'tun' });
  });
});

describe('the several ways to say a thing', () => {
  test('persistence is a mapping, true, false or a duration', () => {
    const standard = { timeout: Seconds(360), netmask: '255.255.255.255' };
    expect(serviceOf('persistence: true').persistence).toEqual(standard);
    expect(serviceOf('persistence: {}').persistence).toEqual(standard);
    expect(serviceOf('persistence: false').persistence).toBeUndefined();
    expect(serviceOf('persistence: 5m').persistence).toEqual({ ...standard, timeout: Seconds(300) });
    expect(serviceOf('persistence: 60').persistence).toEqual({ ...standard, timeout: Seconds(60) });
    expect(serviceOf('persistence: { timeout: 10, netmask: 255.255.255.0 }').persistence).toEqual({ timeout: Seconds(10), netmask: '255.255.255.0' });
  });

  test('a status is a number, a text or a list of both', () => {
    const status = (text: string) => {
      const check = serverOf(`health_check: { type: http, status: ${text} }`).healthCheck;
      return check.type === 'http' ? check.requests[0]?.status : undefined;
    };
    expect(status('200')).toEqual([[200, 200]]);
    expect(status('"200-299,301"')).toEqual([[200, 299], [301, 301]]);
    expect(status('[200, "300-399"]')).toEqual([[200, 200], [300, 399]]);
  });

  test('a port of 0 with persistence is every port', () => {
    expect(serverOf('persistence: true, health_check: { port: 80 }', undefined, 'port: 0, forwarding: dr')).toMatchObject({ port: 0, healthCheck: { port: 80 } });
  });

  test('settings of the kernel become text', () => {
    const { sysctls, modprobe, onStop, timeouts } = accepted(
      `${instanceFile('')}ipvs: { expire_nodest_conn: false, sync_threshold: [3, 50], sync_refresh_period: 10s, sync_ports: 4, sloppy_tcp: true, drop_entry: 1, modprobe: [sudo, modprobe], on_stop: remove, timeouts: { tcp: 15m, tcp_fin: 2m, udp: 0 } }\n`,
    ).ipvs;
    expect(sysctls).toEqual({ expire_nodest_conn: '0', expire_quiescent_template: '1', sync_threshold: '3 50', sync_refresh_period: '10', sync_ports: '4', sloppy_tcp: '1', drop_entry: '1' });
    expect({ modprobe, onStop, timeouts }).toEqual({ modprobe: ['sudo', 'modprobe'], onStop: 'remove', timeouts: { tcp: Seconds(900), tcpFin: Seconds(120), udp: 0 } });
  });

  test('an advertisement interval of version 3 has centiseconds', () => {
    expect(instanceOf('advertisement_interval: 10ms').advertisementInterval).toBe(Milliseconds(10));
    expect(instanceOf('advertisement_interval: 40.95').advertisementInterval).toBe(Milliseconds(40_950));
  });

  test('an anchor and its alias stand for one value', () => {
    expect(serverOf('health_check: &check { type: http, path: /a }', '{ address: 192.0.2.22, health_check: { type: tcp } }').healthCheck.type).toBe('tcp');
    const file = `virtual_servers:\n  - { name: a, address: 192.0.2.10, port: 80, forwarding: dr, real_servers: &servers [{ address: 192.0.2.22 }] }\n  - { name: b, address: 192.0.2.10, port: 443, forwarding: dr, real_servers: *servers }\n`;
    expect(accepted(file).virtualServers.map(({ realServers }) => realServers.map(({ address, port }) => `${address}:${port}`))).toEqual([['192.0.2.22:80'], ['192.0.2.22:443']]);
  });

  test('a file with Windows line ends and a byte order mark is read like any other', () => {
    expect(accepted(`\ufeff${serviceFile('').replaceAll('\n', '\r\n')}`)).toEqual(accepted(serviceFile('')));
  });
});
