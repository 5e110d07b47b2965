/** What services answer to: addresses, groups, ranges, ports, firewall marks; and what goes with them. */
import { describe, expect, test } from 'vitest';
import { targetsOf } from '../../src/config/targets.js';
import { accepted, acceptedWithWarnings, brief, rejected } from './reading.js';

const file = (keys: string, server = '{ address: 192.0.2.22 }', forwarding = 'dr'): string => `virtual_servers:\n  - { name: web, forwarding: ${forwarding}, ${keys}, real_servers: [${server}] }\n`;
const service = (keys: string, server?: string, forwarding?: string) => {
  const [first] = accepted(file(keys, server, forwarding)).virtualServers;
  if (!first) throw new Error('no service');
  return first;
};
const shown = (keys: string, server?: string): readonly string[] => service(keys, server).targets.map((target) => ('fwmark' in target ? `mark ${target.fwmark} ${target.family}` : `${target.address} ${target.port}`));

describe('a service answers to', () => {
  test.each([
    ['one address', 'address: 192.0.2.1, port: 80', ['192.0.2.1 80']],
    ['several ports and a range', 'address: 192.0.2.1, ports: [80, 443, "8000-8002"]', ['192.0.2.1 80', '192.0.2.1 443', '192.0.2.1 8000', '192.0.2.1 8001', '192.0.2.1 8002']],
    ['a group of addresses', 'addresses: [192.0.2.1, 192.0.2.7], port: 80', ['192.0.2.1 80', '192.0.2.7 80']],
    ['a range that ends with its last octet', 'addresses: ["192.0.2.254-255"], port: 80', ['192.0.2.254 80', '192.0.2.255 80']],
    ['a range over two networks', 'addresses: ["192.0.2.255-192.0.3.1"], port: 80', ['192.0.2.255 80', '192.0.3.0 80', '192.0.3.1 80']],
    ['addresses with ports of their own', 'addresses: [{ address: 192.0.2.1, port: 25 }, { address: 192.0.2.2, ports: [25, 587] }]', ['192.0.2.1 25', '192.0.2.2 25', '192.0.2.2 587']],
  ] as const)('%s', (_, keys, expected) => {
    expect(shown(keys)).toEqual(expected);
  });

  test('a range of IPv6', () => {
    expect(shown('addresses: ["2001:db8::fe-101"], port: 80', '{ address: "2001:db8::22" }')).toEqual(['2001:db8::fe 80', '2001:db8::ff 80', '2001:db8::100 80', '2001:db8::101 80']);
  });

  test('a firewall mark, of the family of its servers unless it says another', () => {
    const check = 'health_check: { port: 80 }';
    expect(shown(`fwmark: 1, ${check}`)).toEqual(['mark 1 ipv4']);
    expect(shown(`fwmark: 1, ${check}`, '{ address: "2001:db8::22" }')).toEqual(['mark 1 ipv6']);
    expect(service(`fwmark: 1, family: ipv6, ${check}`, '{ address: 192.0.2.22 }', 'tun').targets).toEqual([{ fwmark: 1, family: 'ipv6' }]);
  });

  test('nothing while its file does not say to what', () => {
    expect(targetsOf({ port: 80 })).toEqual([]);
  });
});

describe('a server of a service with several ports', () => {
  test('keeps the port that the client asked for, and is probed at the first one', () => {
    expect(service('address: 192.0.2.1, ports: [443, 80]').realServers).toMatchObject([{ port: 0, healthCheck: { port: 443 } }]);
  });

  test('may have one port for all behind NAT', () => {
    expect(service('address: 192.0.2.1, ports: [443, 80]', '{ address: 192.0.2.22, port: 8080 }', 'nat').realServers).toMatchObject([{ port: 8080, healthCheck: { port: 8080 } }]);
  });
});

test('tunnels, thresholds, flags and masks are what the file says', () => {
  const { realServers, schedulerFlags } = service('address: 192.0.2.1, port: 80, scheduler: mh, scheduler_flags: [port, fallback]', '{ address: 192.0.2.22, upper_threshold: 200, lower_threshold: 100, forwarding: { method: tun, type: gue, port: 6080, checksum: remote } }, { address: 192.0.2.23, forwarding: { method: tun } }');
  expect(schedulerFlags).toEqual(['port', 'fallback']);
  expect(realServers).toMatchObject([{ forwarding: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'remote' }, upperThreshold: 200, lowerThreshold: 100 }, { forwarding: 'tun' }]);
  expect(realServers[1]).not.toHaveProperty('tunnel');
  expect(service('address: 192.0.2.1, port: 80, persistence: { netmask: 255.255.255.0 }').persistence).toMatchObject({ netmask: '255.255.255.0', engine: undefined });
  expect(service('address: "2001:db8::1", port: 80, persistence: { prefix_length: 64 }', '{ address: "2001:db8::22" }').persistence).toMatchObject({ netmask: '64' });
  expect(service('address: "2001:db8::1", port: 80, persistence: true', '{ address: "2001:db8::22" }').persistence).toMatchObject({ netmask: '128' });
  expect(service('address: 192.0.2.1, port: 5060, protocol: udp, persistence: { engine: sip }')).toMatchObject({ persistence: { engine: 'sip' }, modules: ['ip_vs_pe_sip'] });
  expect(service('address: 192.0.2.1, port: 21, helper: ftp', undefined, 'nat').modules).toEqual(['ip_vs_ftp']);
});

describe('refused is', () => {
  test.each([
    ['no address at all', file('port: 80'), 'missing_key the service does not say what it answers to'],
    ['an address and a mark', file('address: 192.0.2.1, port: 80, fwmark: 1'), 'conflict fwmark and address exclude each other'],
    ['an address and a group', file('address: 192.0.2.1, port: 80, addresses: [192.0.2.2]'), 'conflict addresses and address exclude each other'],
    ['an address without a port', file('address: 192.0.2.1'), 'missing_key port is missing'],
    ['a group with one that has no port', file('addresses: [192.0.2.1, { address: 192.0.2.2, port: 80 }]'), 'missing_key port is missing'],
    ['port and ports', file('address: 192.0.2.1, port: 80, ports: [81]'), 'conflict port and ports exclude each other'],
    ['a mark with a port', file('fwmark: 1, port: 80, health_check: none'), 'conflict port has no meaning beside fwmark: the rules that set the mark choose the packets'],
    ['a family without a mark', file('address: 192.0.2.1, port: 80, family: ipv4'), 'conflict family belongs to fwmark; an address says its own'],
    ['a range that ends before it begins', file('addresses: ["192.0.2.9-3"], port: 80'), 'invalid_value the range 192.0.2.9-3 ends before it begins'],
    ['a range of too many', file('addresses: ["10.0.0.0-10.255.255.255"], port: 80'), 'invalid_value the range has 16777216 addresses'],
    ['a range of ports backwards', file('address: 192.0.2.1, ports: ["90-80"]'), 'invalid_value an item of ports cannot be "90-80"'],
    ['a group of both families', file('addresses: [192.0.2.1, "2001:db8::1"], port: 80'), 'conflict a group has addresses of one family'],
    ['an address of a group in another service', `${file('addresses: ["192.0.2.1-3"], port: 80')}  - { name: b, address: 192.0.2.2, port: 80, forwarding: dr, real_servers: [{ address: 192.0.2.22 }] }\n`, 'duplicate 192.0.2.2:80 over tcp is a service already (first on line 2)'],
    ['a server of the other family behind DR', file('address: "2001:db8::1", port: 80'), 'conflict 192.0.2.22 is IPv4, the service IPv6: dr cannot cross families'],
    ['a server that maps several ports without NAT', file('address: 192.0.2.1, ports: [80, 443]', '{ address: 192.0.2.22, port: 8080 }'), 'conflict dr cannot map several ports to 8080'],
    ['a mark without a port to probe', file('fwmark: 1'), 'missing_key the health check has no port to probe: the service has no port of its own'],
    ['flags of a scheduler that has none', file('address: 192.0.2.1, port: 80, scheduler: rr, scheduler_flags: [port]'), 'conflict the scheduler rr has no flags; sh and mh have'],
    ['one packet of TCP', file('address: 192.0.2.1, port: 80, one_packet: true'), 'conflict one_packet is for UDP; the protocol is tcp'],
    ['a SIP engine of TCP', file('address: 192.0.2.1, port: 80, persistence: { engine: sip }'), 'conflict the engine sip reads UDP packets; the protocol is tcp'],
    ['a netmask of IPv6', file('address: "2001:db8::1", port: 80, persistence: { netmask: 255.255.255.0 }', '{ address: "2001:db8::22" }'), 'conflict netmask is for IPv4; the service is IPv6'],
    ['a lower threshold alone', file('address: 192.0.2.1, port: 80', '{ address: 192.0.2.22, lower_threshold: 5 }'), 'conflict lower_threshold has no meaning without upper_threshold'],
    ['the FTP helper of DR', file('address: 192.0.2.1, port: 21, helper: ftp'), 'conflict the FTP helper rewrites packets on their way back, which do not pass here with dr'],
    ['GUE without its port', file('address: 192.0.2.1, port: 80', undefined, '{ method: tun, type: gue }'), 'invalid_value a tunnel of type gue needs the UDP port on which the real server takes it'],
    ['a checksum of ipip', file('address: 192.0.2.1, port: 80', undefined, '{ method: tun, checksum: plain }'), 'invalid_value a tunnel of type ipip has no checksum of its own'],
  ] as const)('%s', (_, text, expected) => {
    expect(brief(rejected(text)).map((line) => line.replace(/^\d+:\d+ /, ''))).toEqual([expected]);
  });

  test('a server of the other family in a tunnel beside connection sync', () => {
    const text = `vrrp:\n  instances: [{ name: a, interface: eth0, virtual_router_id: 1, virtual_addresses: ["fe80::1"] }]\nipvs: { sync: { instance: a, interface: eth1 } }\n${file('address: "2001:db8::1", port: 80', undefined, 'tun')}`;
    expect(brief(rejected(text))).toEqual(['5:95 conflict 192.0.2.22 is IPv4, the service IPv6: the kernel refuses that beside connection sync']);
  });
});

test('a group is shown with every address of its own in --show-defaults, and differs in nothing from itself', () => {
  const { configuration, warnings } = acceptedWithWarnings(file('addresses: ["192.0.2.1-2"], ports: [80, 443]'));
  expect(warnings).toEqual([]);
  expect(configuration.virtualServers[0]?.targets).toHaveLength(4);
});
