import { describe, expect, test } from 'vitest';
import { acceptedWithWarnings, instanceFile, rejected, serviceFile } from './reading.js';

const ipvsFile = (keys: string): string => `${instanceFile('')}ipvs: { ${keys} }\n`;
const vrrp2 = (keys: string): string => instanceFile(`version: 2\n      ${keys}`);
const check = (keys: string): string => serviceFile(`health_check: { ${keys} }`);

const right: readonly (readonly [string, string])[] = [
  ['priority 1', instanceFile('priority: 1')],
  ['priority 255', instanceFile('priority: 255')],
  ['the shortest interval of version 3', instanceFile('advertisement_interval: 10ms')],
  ['the longest interval of version 3', instanceFile('advertisement_interval: 40.95s')],
  ['the shortest interval of version 2', vrrp2('advertisement_interval: 1')],
  ['the longest interval of version 2', vrrp2('advertisement_interval: 255s')],
  ['a password of 8 octets', vrrp2('authentication: { type: pass, password: "12345678" }')],
  ['an interface of 15 bytes', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, interface: abcdefghijklmno }]')],
  ['a VLAN interface', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, interface: bond0.100 }]')],
  ['a scope and a broadcast address', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1/24, scope: link, broadcast: 192.0.2.255 }, { address: 192.0.2.2/24, broadcast: none }]')],
  ['the longest startup_delay', instanceFile('').replace('vrrp:', 'vrrp:\n  startup_delay: 1h')],
  ['the longest timeout', ipvsFile('timeouts: { tcp: 744h }')],
  ['garp.repeat 100', instanceFile('garp: { repeat: 100, delay: 0, refresh: 0 }')],
  ['garp.interval 1s', instanceFile('garp: { interval: 1s, repeat: 1 }')],
  ['sync id 255', ipvsFile('sync: { instance: web, interface: eth1, id: 255 }')],
  ['a weight of 65535', serviceFile('', '{ address: 192.0.2.22, weight: 65535 }')],
  ['a sync threshold as text', ipvsFile('sync_threshold: "3 50"')],
  ['a sync threshold without period', ipvsFile('sync_threshold: [3, 0]')],
  ['a body to match', check('type: http, body: "^ok$"')],
  ['system.manage false', `${instanceFile('')}system: { manage: false }\n`],
  ['every scheduler', ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh'].reduce((file, scheduler, index) => `${file}  - { name: s${index}, address: 192.0.2.10, port: ${index + 1}, forwarding: dr, scheduler: ${scheduler}, real_servers: [{ address: 192.0.2.22 }] }\n`, 'virtual_servers:\n')],
];

const wrong: readonly (readonly [string, string])[] = [
  ['priority 0', instanceFile('priority: 0')],
  ['priority 256', instanceFile('priority: 256')],
  ['priority 1.5', instanceFile('priority: 1.5')],
  ['priority in words', instanceFile('priority: high')],
  ['an interval under 10ms', instanceFile('advertisement_interval: 5ms')],
  ['an interval of version 3 over 40.95s', instanceFile('advertisement_interval: 41s')],
  ['an interval of version 3 between centiseconds', instanceFile('advertisement_interval: 15ms')],
  ['an interval of version 2 of half a second', vrrp2('advertisement_interval: 500ms')],
  ['an interval of version 2 over 255s', vrrp2('advertisement_interval: 256s')],
  ['a negative duration', instanceFile('preempt_delay: -1')],
  ['an infinite duration', instanceFile('preempt_delay: .inf')],
  ['version 4', instanceFile('version: 4')],
  ['preempt: yes', instanceFile('preempt: yes')],
  ['a password of 9 octets', vrrp2('authentication: { type: pass, password: "123456789" }')],
  ['a password of 5 letters in 10 octets', vrrp2('authentication: { type: pass, password: äöüßé }')],
  ['an empty password', vrrp2('authentication: { type: pass, password: "" }')],
  ['an empty list of addresses', instanceFile('', 'virtual_addresses: []')],
  ['a length of 0', instanceFile('', 'virtual_addresses: [192.0.2.1/0]')],
  ['a length of 33', instanceFile('', 'virtual_addresses: [192.0.2.1/33]')],
  ['two lengths', instanceFile('', 'virtual_addresses: [192.0.2.1/24/24]')],
  ['an octet of 256', instanceFile('', 'virtual_addresses: [192.0.2.256]')],
  ['a multicast address', instanceFile('', 'virtual_addresses: [224.0.0.18]')],
  ['the unspecified address', instanceFile('', 'virtual_addresses: [0.0.0.0]')],
  ['an interface of 16 bytes', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, interface: abcdefghijklmnop }]')],
  ['an interface with a slash', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, interface: a/b }]')],
  ['an alias interface', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, interface: "eth0:1" }]')],
  ['a label of 16 bytes', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, label: "eth0:abcdefghijk" }]')],
  ['a scope of nothing', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, scope: nowhere }]')],
  ['a broadcast address in words', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.1, broadcast: all }]')],
  ['a startup_delay over an hour', instanceFile('').replace('vrrp:', 'vrrp:\n  startup_delay: 61m')],
  ['garp.repeat 0', instanceFile('garp: { repeat: 0 }')],
  ['an IPv6 virtual address of a group', instanceFile('', 'virtual_addresses: ["ff02::12"]')],
  ['an unspecified IPv6 virtual address', instanceFile('', 'virtual_addresses: ["::/64"]')],
  ['an IPv6 virtual address with a zone', instanceFile('', 'virtual_addresses: ["fe80::1%eth0"]')],
  ['an IPv6 virtual address of length 129', instanceFile('', 'virtual_addresses: ["fe80::1/129"]')],
  ['an IPv4 virtual address of length 33', instanceFile('', 'virtual_addresses: [192.0.2.1/33]')],
  ['unicast without peers', instanceFile('unicast: { peers: [] }')],
  ['a unicast peer that is a group', instanceFile('unicast: { peers: [224.0.0.18] }')],
  ['unicast with TTL 0', instanceFile('unicast: { peers: [192.0.2.1], ttl: 0 }')],
  ['unicast with min_ttl 256', instanceFile('unicast: { peers: [192.0.2.1], min_ttl: 256 }')],
  ['a garp.interval over a second', instanceFile('garp: { interval: 1001ms }')],
  ['garp.repeat 101', instanceFile('garp: { repeat: 101 }')],
  ['a timeout of half a second', ipvsFile('timeouts: { tcp: 500ms }')],
  ['a timeout over 31 days', ipvsFile('timeouts: { tcp: 745h }')],
  ['sync id 256', ipvsFile('sync: { instance: web, interface: eth1, id: 256 }')],
  ['a sync threshold over its period', ipvsFile('sync_threshold: "50 3"')],
  ['a sync threshold of three numbers', ipvsFile('sync_threshold: [1, 2, 3]')],
  ['3 sync ports', ipvsFile('sync_ports: 3')],
  ['an empty modprobe', ipvsFile('modprobe: []')],
  ['on_stop flush', ipvsFile('on_stop: flush')],
  ['port 65536', serviceFile('', '{ address: 192.0.2.22 }', 'port: 65536, forwarding: dr')],
  ['weight 65536', serviceFile('', '{ address: 192.0.2.22, weight: 65536 }')],
  ['a persistence of 0', serviceFile('persistence: 0')],
  ['a persistence over 31 days', serviceFile('persistence: { timeout: 745h }')],
  ['a persistence of a word', serviceFile('persistence: long')],
  ['a netmask with a hole', serviceFile('persistence: { netmask: 255.0.255.0 }')],
  ['a netmask of zeros', serviceFile('persistence: { netmask: 0.0.0.0 }')],
  ['a tunnel type without tunnel', serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: { method: dr, type: ipip }')],
  ['a check timeout of 0', check('timeout: 0')],
  ['a check interval of 0', check('interval: 0s')],
  ['rise 0', check('rise: 0')],
  ['fall 1.5', check('fall: 1.5')],
  ['a path without slash', check('type: http, path: health')],
  ['a path with a space', check('type: http, path: "/a b"')],
  ['a status under 100', check('type: http, status: 99')],
  ['a status upside down', check('type: http, status: "299-200"')],
  ['an empty list of status codes', check('type: http, status: []')],
  ['a body that is no regular expression', check('type: http, body: "("')],
  ['an address as server name', check('type: https, server_name: 192.0.2.1')],
  ['a host with a path', check('type: http, host: a.example/b')],
  ['a method of another kind', check('type: http, method: PUT')],
  ['a check on port 0', check('port: 0')],
  ['an escape that is none', check("expect: 'a\\d'")],
  ['an empty expectation', check('expect: ""')],
  ['hexadecimal digits that are odd', check('expect: { hex: abc }')],
  ['base64 that is none', check('expect: { base64: "a?==" }')],
  ['an expected regex that is none', check('expect: { regex: "(" }')],
  ['an expectation in two forms', check('expect: { hex: "00", regex: a }')],
  ['a mapping that expects nothing', check('expect: {}')],
  ['a regex that is sent', check('send: { base64: "" }, expect: a')],
  ['more than fits into a datagram', check(`type: udp, send: "${'x'.repeat(1_025)}", require_reply: true`)],
  ['a domain name with a space', check('type: dns, name: "a b"')],
  ['a domain name with an empty label', check('type: dns, name: a..b')],
  ['a record type that is not known', check('type: dns, record_type: HINFO')],
  ['a response code that is none', check('type: dns, rcode: OK')],
  ['dns over quic', check('type: dns, protocol: quic')],
  ['a name for EHLO with a space', check('type: smtp, helo: "a b"')],
];

describe('right is', () => {
  test.each(right)('%s', (_, text) => {
    expect(acceptedWithWarnings(text).ok).toBe(true);
  });
});

describe('wrong is', () => {
  test.each(wrong)('%s', (_, text) => {
    expect(rejected(text).map(({ code }) => code)).toEqual(['invalid_value']);
  });
});

const later: readonly (readonly [string, string])[] = [
  ['authentication ah', vrrp2('authentication: { type: ah, password: s3cret }')],
  ['system.manage', `${instanceFile('')}system: { manage: true }\n`],
  ['fullnat', serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: fullnat')],
  ['fullnat as a mapping', serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: { method: fullnat }')],
  ['a check that no one knows', check('type: quantum')],
];

describe('not supported yet, and said so, is', () => {
  test.each(later)('%s', (_, text) => {
    const diagnostics = rejected(text);
    expect(diagnostics.map(({ code }) => code)).toEqual(['not_supported']);
    expect(diagnostics[0]?.message).toMatch(/^not supported by this version yet: ./);
  });

  test('but a slip of a known check type is only wrong', () => {
    expect(rejected(check('type: htpps'))[0]).toMatchObject({ code: 'invalid_value', remedy: 'did you mean https? give one of none, tcp, udp, tls, http, https, dns, smtp, ping' });
  });
});
