import { describe, expect, test } from 'vitest';
import { acceptedWithWarnings, brief, instanceFile, rejected, serviceFile } from './reading.js';

const instances = (...entries: readonly string[]): string => `vrrp:\n  instances:\n${entries.map((entry) => `    - { ${entry} }\n`).join('')}`;
const services = (...entries: readonly string[]): string => `virtual_servers:\n${entries.map((entry) => `  - { ${entry} }\n`).join('')}`;
const web = 'name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [192.0.2.10]';
const server = 'real_servers: [{ address: 192.0.2.22 }]';

/** An @ marks the place that must be found: the text without it, and where it stood. */
const marked = (text: string): { readonly text: string; readonly place: string } => {
  const before = text.slice(0, text.indexOf('@')).split('\n');
  return { text: text.replace('@', ''), place: `${before.length}:${(before.at(-1) ?? '').length + 1}` };
};

const errors: readonly (readonly [string, string, string])[] = [
  ['two instances of one name', instances(web, 'name: @web, interface: eth0, virtual_router_id: 52, virtual_addresses: [192.0.2.11]'), 'duplicate an instance is named web already (first on line 3)'],
  ['a VRID twice on one interface', instances(web, 'name: lan, interface: eth0, virtual_router_id: @51, virtual_addresses: [192.0.2.11]'), 'duplicate virtual_router_id 51 is in use on eth0 already (first on line 3)'],
  ['a virtual address in two instances', instances(web, 'name: lan, interface: eth1, virtual_router_id: 51, virtual_addresses: [{ address: @192.0.2.10/24 }]'), 'duplicate 192.0.2.10 is a virtual address already (first on line 3)'],
  ['a virtual address twice in one', instanceFile('', 'virtual_addresses: [192.0.2.10/24, @192.0.2.10]'), 'duplicate 192.0.2.10 is a virtual address already (first on line 6)'],
  ['authentication with version 3', instanceFile('@authentication: { type: pass, password: abc }'), 'conflict VRRP version 3 has no authentication by a password'],
  ['addresses of both families', instanceFile('', 'virtual_addresses: [192.0.2.10, @"2001:db8::10"]'), 'conflict an instance advertises addresses of one family, and 2001:db8::10 is not IPv4 as 192.0.2.10 is'],
  ['IPv6 with version 2', instanceFile('version: @2', 'virtual_addresses: ["fe80::10"]'), 'conflict VRRP version 2 has no IPv6'],
  ['90 advertised addresses of IPv6', instanceFile('', `@virtual_addresses: [${Array.from({ length: 90 }, (_, index) => `"fe80::${index + 1}"`).join(', ')}]`), 'invalid_value 90 addresses do not fit into an advertisement'],
  ['a label of an IPv6 address', instanceFile('', 'virtual_addresses: [{ address: "fe80::10", @label: "eth0:1" }]'), 'conflict an IPv6 address has no label'],
  ['a broadcast address of an IPv6 address', instanceFile('', 'virtual_addresses: [{ address: "fe80::10", @broadcast: 192.0.2.255 }]'), 'conflict an IPv6 address has no broadcast address'],
  ['an IPv6 address twice, written in two ways', instanceFile('', 'virtual_addresses: ["fe80::10", @"FE80:0::0010/64"]'), 'duplicate fe80::10 is a virtual address already (first on line 6)'],
  ['a unicast peer of the other family', instanceFile('unicast: { peers: [@192.0.2.2] }', 'virtual_addresses: ["fe80::10"]'), 'conflict 192.0.2.2 is not of the family of the virtual addresses'],
  ['a VRID twice on one interface, both IPv6', instances('name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: ["fe80::10"]', 'name: lan, interface: eth0, virtual_router_id: @51, virtual_addresses: ["fe80::11"]'), 'duplicate virtual_router_id 51 is in use on eth0 already (first on line 3)'],
  ['a unicast peer twice', instanceFile('unicast: { peers: [192.0.2.2, @192.0.2.2] }'), 'duplicate 192.0.2.2 is a peer already (first on line 7)'],
  ['a unicast peer that is the source', instanceFile('unicast: { source: 192.0.2.1, peers: [192.0.2.2, @192.0.2.1] }'), "conflict the peer 192.0.2.1 is this router's own source"],
  ['TTL bounds that leave none', instanceFile('unicast: { peers: [192.0.2.2], min_ttl: @255, max_ttl: 254 }'), 'conflict no TTL is from 255 to 254'],
  ["a label that does not begin with the interface's name", instanceFile('', 'virtual_addresses: [{ address: 192.0.2.10, label: @vip }]'), 'invalid_value the label vip does not begin with the interface\'s name'],
  ['no advertised address', instanceFile('', '@virtual_addresses: [{ address: 192.0.2.10, advertise: false }]'), 'invalid_value no address is advertised'],
  ['an instance without addresses', 'vrrp:\n  instances:\n    - @{ name: web, interface: eth0, virtual_router_id: 51 }\n', 'missing_key virtual_addresses is missing'],
  ['a group of an unknown instance', `${instances(web)}  sync_groups: [{ name: all, instances: [web, @wbe] }]\n`, 'unknown_reference no instance is named wbe'],
  ['an instance twice in a group', `${instances(web)}  sync_groups: [{ name: all, instances: [web, @web] }]\n`, 'duplicate web is in a sync group already (first on line 4)'],
  ['sync that follows an unknown instance', `${instances(web)}ipvs: { sync: { instance: @lan, interface: eth1 } }\n`, 'unknown_reference no instance is named lan'],
  ['sync without instances', `${serviceFile('')}ipvs: { sync: { instance: @lan, interface: eth1 } }\n`, 'unknown_reference no instance is named lan'],
  ['a jitter as long as the interval', serviceFile('health_check: { type: tcp, interval: 2s, @jitter: 2s }'), 'conflict jitter 2s is not below interval 2s'],
  ['two services of one name', services(`name: a, address: 192.0.2.1, port: 80, forwarding: dr, ${server}`, `name: @a, address: 192.0.2.1, port: 81, forwarding: dr, ${server}`), 'duplicate a service is named a already (first on line 2)'],
  ['two services at one address, port and protocol', services(`name: a, address: 192.0.2.1, port: 80, forwarding: dr, ${server}`, `name: b, address: @192.0.2.1, port: 80, forwarding: nat, ${server}`), 'duplicate 192.0.2.1:80 over tcp is a service already (first on line 2)'],
  ['a real server twice', serviceFile('', '{ address: 192.0.2.22 }, { address: @192.0.2.22, port: 80 }'), 'duplicate 192.0.2.22:80 is a real server of this service already (first on line 2)'],
  ['port 0 without persistence', serviceFile('health_check: none', undefined, 'port: @0, forwarding: dr'), 'conflict port 0 (every port) needs persistence'],
  ['port 0 with persistence: false', serviceFile('health_check: none, persistence: false', undefined, 'port: @0, forwarding: dr'), 'conflict port 0 (every port) needs persistence'],
  ['a check without a port to probe', serviceFile('persistence: true', '@{ address: 192.0.2.22 }', 'port: 0, forwarding: dr'), 'missing_key the health check has no port to probe: the service covers every port'],
  ['DR that maps a port', serviceFile('', '{ address: 192.0.2.22, port: @8080 }'), 'conflict dr cannot map port 80 to 8080'],
  ['TUN that maps a port', serviceFile('', '{ address: 192.0.2.22, port: @8080 }', 'port: 80, forwarding: tun'), 'conflict tun cannot map port 80 to 8080'],
  ['a DR server of a NAT service that maps a port', serviceFile('', '{ address: 192.0.2.22, port: @8080, forwarding: dr }', 'port: 80, forwarding: nat'), 'conflict dr cannot map port 80 to 8080'],
  ['a key of the health check of a sorry server that its type has not', serviceFile('sorry_server: { address: 192.0.2.99, health_check: { type: tcp, @path: /x } }'), 'conflict path has no meaning for a health check of type tcp'],
  ['an agent beside a sorry server', serviceFile('sorry_server: { address: 192.0.2.99, health_check: { @agent: { port: 99 } } }'), 'conflict agent has no meaning for a sorry server, which has no weight to share by'],
  ['certificates of a sorry server that cannot be read', serviceFile('sorry_server: { address: 192.0.2.99, health_check: { type: https, verify: true, ca: @/nowhere.pem } }'), 'invalid_value the certificates in /nowhere.pem cannot be read: ENOENT: no such file or directory'],
  ['a DR sorry server that maps a port', serviceFile('sorry_server: { address: 192.0.2.99, port: @81 }'), 'conflict dr cannot map port 80 to 81'],
  ['a mapped port of a service of every port', serviceFile('persistence: true', '{ address: 192.0.2.22, port: @80 }', 'port: 0, forwarding: nat'), 'conflict a service of every port cannot map ports'],
  ['NAT to port 0', serviceFile('', '{ address: 192.0.2.22, port: @0, health_check: none }', 'port: 80, forwarding: nat'), 'invalid_value port cannot be 0: the service has port 80'],
  ['a path in a tcp check', serviceFile('health_check: { @path: / }'), 'conflict path has no meaning for a health check of type tcp'],
  ['a method in an inherited tls check', serviceFile('health_check: { type: tls }', '{ address: 192.0.2.22, health_check: { @method: GET } }'), 'conflict method has no meaning for a health check of type tls'],
  ['an unknown key of what is expected', serviceFile('health_check: { type: udp, expect: { @hexx: "00" } }'), 'unknown_key unknown key hexx'],
  ['a port of a ping', serviceFile('health_check: { type: ping, @port: 80 }'), 'conflict port has no meaning for a health check of type ping'],
  ['something sent without an answer expected', serviceFile('health_check: { @send: PING }'), 'conflict send has no effect without expect'],
  ['a source of the other family', serviceFile('health_check: { source: @"2001:db8::1" }'), 'conflict 2001:db8::1 is not IPv4 as 192.0.2.22, which is probed from it'],
  ["a server's own address and its service's source of two families", serviceFile('health_check: { source: 192.0.2.1 }', '{ address: 192.0.2.22, health_check: { address: "2001:db8::1" } }').replace('source: ', 'source: @'), 'conflict 192.0.2.1 is not IPv6 as 2001:db8::1, which is probed from it'],
  ['an answer with an error', serviceFile('health_check: { type: dns, rcode: NXDOMAIN, @answer: 192.0.2.1 }'), 'conflict with the response code NXDOMAIN there is no answer'],
  ['an answer that is no address', serviceFile('health_check: { type: dns, record_type: AAAA, answer: @192.0.2.1 }'), 'conflict 192.0.2.1 is no data of a record of type AAAA'],
  ['STARTTLS within TLS', serviceFile('health_check: { type: smtp, @starttls: true, implicit_tls: true }'), 'conflict starttls and implicit_tls exclude each other'],
  ['a verified certificate without TLS', serviceFile('health_check: { type: smtp, @verify: true }'), 'conflict verify has no effect without TLS'],
  ['an interval of no check', serviceFile('health_check: { type: none, @interval: 1s }'), 'conflict interval has no meaning for a health check of type none'],
  ['a director that schedules only while nothing listens', `${instanceFile('')}ipvs: { sync: { instance: web, interface: eth1 }, backup_only: @true }\n`, 'conflict backup_only stops a director from scheduling while its sync daemon listens, and with ipvs.sync it always does'],
  ['a certificate file that is missing', serviceFile('health_check: { type: tls, verify: true, ca: @/nonexistent/ca.pem }'), 'invalid_value the certificates in /nonexistent/ca.pem cannot be read: ENOENT: no such file or directory'],
];

describe('an error is', () => {
  test.each(errors)('%s', (_, source, expected) => {
    const { text, place } = marked(source);
    const diagnostics = rejected(text);
    expect(brief(diagnostics)).toEqual([`${place} ${expected}`]);
    expect(diagnostics[0]?.severity).toBe('error');
    expect(diagnostics[0]?.remedy).not.toBe('');
  });

  test('an instance in two groups', () => {
    const lan = 'name: lan, interface: eth0, virtual_router_id: 52, virtual_addresses: [192.0.2.11]';
    const text = `${instances(web, lan)}  sync_groups:\n    - { name: a, instances: [web, lan] }\n    - { name: a, instances: [lan, web] }\n`;
    expect(brief(rejected(text))).toEqual([
      '7:15 duplicate a group is named a already (first on line 6)',
      '7:30 duplicate lan is in a sync group already (first on line 6)',
      '7:35 duplicate web is in a sync group already (first on line 6)',
    ]);
  });
});

const warnings: readonly (readonly [string, string, string])[] = [
  ['256 advertised addresses', instanceFile('', `@virtual_addresses: [${Array.from({ length: 256 }, (_, index) => `10.0.0.${index}`).join(', ')}]`), 'doubtful 256 addresses do not fit into an advertisement: the first 255 are listed in it, all of them are held'],
  ['a broadcast address of another network', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.10/24, broadcast: @192.0.3.255 }]'), 'doubtful the broadcast address 192.0.3.255 is not in the network of 192.0.2.10/24'],
  ['a first IPv6 address that is not link-local', instanceFile('', 'virtual_addresses: [@"2001:db8::10", "fe80::10"]'), 'doubtful the first address, 2001:db8::10, is not link-local as RFC 9568 (5.2.9) asks for; other routers may reject the advertisements'],
  ['a scope of an IPv6 address', instanceFile('', 'virtual_addresses: [{ address: "fe80::10", @scope: site }]'), 'conflict scope has no effect with IPv6, where it follows from the address'],
  ['a checksum form for IPv6', instanceFile('@checksum: rfc9568', 'virtual_addresses: ["fe80::10"]'), 'conflict checksum has no effect with IPv6, which has one form only'],
  ['a burst of garp that outlasts delay', instanceFile('garp: { repeat: 4, delay: 1s, interval: @200ms }', 'virtual_addresses: [192.0.2.10, 192.0.2.11]'), 'doubtful 8 announcements take 1.6s at this interval, longer than delay (1s): hosts learn late where the addresses are'],
  ['a round of garp that outlasts refresh', instanceFile('garp: { delay: 0, refresh: 1s, interval: @600ms }', 'virtual_addresses: [192.0.2.10, 192.0.2.11]'), 'doubtful 2 announcements take 1.2s at this interval, longer than refresh (1s): hosts learn late where the addresses are'],
  ['priority 255 without preemption', instanceFile('priority: 255\n      preempt: @false'), 'doubtful preempt: false has no effect with priority 255: the owner of the addresses always takes over'],
  ['a threshold that short connections never reach', `${instanceFile('')}ipvs: { sync: { instance: web, interface: eth1 }, sync_threshold: @[0, 10] }\n`, 'doubtful with 0 10 a connection is first sent at its packet 10, and shorter ones never'],
  ['a group of one', `${instances(web)}  sync_groups: [{ name: all, instances: @[web] }]\n`, 'doubtful a group of one instance synchronises nothing'],
  ['a quorum over all weights', serviceFile('quorum: { weight: @2 }'), 'doubtful the quorum 2 is more than all weights together (1): it can never be reached'],
  ['a hysteresis that is never passed', serviceFile('quorum: { hysteresis: @1 }'), 'doubtful quorum 1 plus hysteresis 1 is more than all weights together (1): once lost it is never regained'],
  ['a service without servers', 'virtual_servers:\n  - @{ name: a, address: 192.0.2.1, port: 80, forwarding: dr }\n', 'doubtful the service a has no real servers'],
  ['a sorry server that is a real server', serviceFile('sorry_server: { address: @192.0.2.22 }'), 'doubtful the sorry server 192.0.2.22:80 is a real server of this service too'],
  ['a udp check that no dead host fails', serviceFile('health_check: { type: @udp }'), 'doubtful silence is success, and within a timeout of 3s or less not even a host that is gone is noticed'],
  ['a file with nothing to do', '@log: { level: info }\n', 'doubtful the file has neither instances nor services: there is nothing to do'],
];

describe('a warning is', () => {
  test.each(warnings)('%s', (_, source, expected) => {
    const { text, place } = marked(source);
    const { warnings: found } = acceptedWithWarnings(text);
    expect(brief(found)).toEqual([`${place} ${expected}`]);
    expect(found[0]?.severity).toBe('warning');
  });
});

describe('no objection is made to', () => {
  test.each([
    ['one VRID on two interfaces', instances(web, 'name: lan, interface: eth1, virtual_router_id: 51, virtual_addresses: [192.0.2.11]')],
    ['255 advertised addresses and one that is not', instanceFile('', `virtual_addresses: [${Array.from({ length: 255 }, (_, index) => `10.0.0.${index}`).join(', ')}, { address: 10.0.1.1, advertise: false }]`)],
    ['one address and port over tcp and udp', services(`name: a, address: 192.0.2.1, port: 53, forwarding: dr, ${server}`, `name: b, address: 192.0.2.1, port: 53, protocol: udp, forwarding: dr, ${server}`)],
    ['one host twice with two ports', serviceFile('', '{ address: 192.0.2.22, port: 80 }, { address: 192.0.2.22, port: 81 }', 'port: 80, forwarding: nat')],
    ['a label that is the interface itself', instanceFile('', 'virtual_addresses: [{ address: 192.0.2.10, label: eth0 }]')],
  ])('%s', (_, text) => {
    expect(acceptedWithWarnings(text).warnings).toEqual([]);
  });
});
