/** Health checks with `probe: virtual_address`, as the file says them. */
import { describe, expect, test } from 'vitest';
import { checkKey } from '../../src/health/check-key.js';
import { markedPaths } from '../../src/config/probe-marks.js';
import { differences } from '../../src/config/reload-difference.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import type { HealthCheckConfiguration } from '../../src/config/model.js';
import { accepted, brief, first, rejected, rendered, serverOf, serviceFile } from './reading.js';

const virtual = 'health_check: { probe: virtual_address }';
const two = '{ address: 192.0.2.22 }, { address: 192.0.2.23 }';
const checksOf = (text: string): readonly HealthCheckConfiguration[] => accepted(text).virtualServers.flatMap(({ realServers }) => realServers.map(({ healthCheck }) => healthCheck));
const marksOf = (text: string): readonly (number | undefined)[] => checksOf(text).map((check) => ('mark' in check ? check.mark : undefined));
const marked = (keys: string, server = '{ address: 192.0.2.22 }'): string => `virtual_servers:\n  - { name: web, fwmark: 7, forwarding: dr, ${keys}, real_servers: [${server}] }\n`;

describe('probe: virtual_address', () => {
  test('asks for the address and port of the service, through the real server by its own forwarding', () => {
    expect(serverOf(virtual).healthCheck).toMatchObject({ type: 'tcp', address: '192.0.2.10', port: 80, source: undefined, through: { server: '192.0.2.22', forwarding: 'dr' } });
    const tun = serverOf(virtual, '{ address: 192.0.2.22, forwarding: { method: tun, type: gue, port: 6080 } }');
    expect(tun.healthCheck).toMatchObject({ through: { server: '192.0.2.22', forwarding: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'none' } } });
    expect(serverOf('').healthCheck).not.toHaveProperty('through');
  });

  test('is inherited, and may be taken back by a server', () => {
    const [inherited, own, other] = checksOf(serviceFile('health_check: { type: http, probe: virtual_address }', '{ address: 192.0.2.22 }, { address: 192.0.2.23, health_check: { probe: real_server } }, { address: 192.0.2.24, health_check: { type: tcp } }'));
    expect(inherited).toMatchObject({ type: 'http', address: '192.0.2.10', through: { server: '192.0.2.22' } });
    expect(own).toMatchObject({ type: 'http', address: '192.0.2.23' });
    expect(own).not.toHaveProperty('through');
    expect(other).toMatchObject({ type: 'tcp', address: '192.0.2.10', through: { server: '192.0.2.24' } });
  });

  test('asks for the first address of a group or of match, or for another one of theirs', () => {
    const group = (keys: string): HealthCheckConfiguration | undefined => checksOf(`virtual_servers:\n  - { name: web, addresses: ["192.0.2.10-12"], ports: [80, 443], forwarding: dr, health_check: { ${keys} }, real_servers: [{ address: 192.0.2.22 }] }\n`)[0];
    expect(group('probe: virtual_address')).toMatchObject({ address: '192.0.2.10', port: 80 });
    expect(group('probe: virtual_address, address: 192.0.2.12, port: 443')).toMatchObject({ address: '192.0.2.12', port: 443 });
    expect(first(checksOf(marked(`match: ["192.0.2.11:443", "192.0.2.10:80"], ${virtual}`)))).toMatchObject({ address: '192.0.2.11', port: 443 });
    expect(first(checksOf(marked('health_check: { probe: virtual_address, address: 192.0.2.10, port: 80 }')))).toMatchObject({ address: '192.0.2.10', port: 80, through: { server: '192.0.2.22' } });
  });

  test('leaves the agent beside it at the real server', () => {
    const { healthCheck, agentCheck } = serverOf('health_check: { probe: virtual_address, agent: { port: 9999 } }');
    expect(healthCheck).toMatchObject({ address: '192.0.2.10' });
    expect(agentCheck).toMatchObject({ address: '192.0.2.22', port: 9999 });
    expect(agentCheck).not.toHaveProperty('through');
    expect(agentCheck?.mark).toBeUndefined();
  });

  test('is shown, and read again, as it is; the mark is none of the file', () => {
    const configuration = accepted(serviceFile('health_check: { type: dns, probe: virtual_address }', '{ address: 192.0.2.22, forwarding: { method: tun, type: gre } }', 'port: 53, forwarding: dr'));
    expect(showDefaults(configuration)).toMatch(/probe: virtual_address\n\s+address: 192\.0\.2\.10/);
    expect(showDefaults(configuration)).not.toMatch(/\bmark:/);
    expect(accepted(showDefaults(configuration))).toEqual(configuration);
    expect(differences(accepted(serviceFile('')), accepted(serviceFile(virtual)))).toEqual(['virtual server web: real server 192.0.2.22:80: health_check.probe real_server -> virtual_address', 'virtual server web: real server 192.0.2.22:80: health_check.address 192.0.2.22 -> 192.0.2.10']);
  });
});

describe('the marks of probes', () => {
  const many = Array.from({ length: 400 }, (_, n) => `{ address: 10.1.${n >> 8}.${n & 255} }`);

  test('differ from server to server, and are the same for services that share one', () => {
    const marks = marksOf(serviceFile(virtual, many.join(', ')));
    expect(new Set(marks).size).toBe(400);
    expect(Math.min(...marks.map(Number))).toBeGreaterThanOrEqual(0x7d00_0000);
    expect(Math.max(...marks.map(Number))).toBeLessThanOrEqual(0x7d00_3fff);
    const services = accepted(`${serviceFile(virtual, two)}  - { name: other, address: 192.0.2.11, port: 443, forwarding: dr, ${virtual}, real_servers: [${two}] }\n`).virtualServers;
    expect(markedPaths(services).map(({ server }) => server)).toEqual(['192.0.2.22', '192.0.2.23']);
    const keys = services.flatMap(({ realServers }) => realServers.flatMap(({ healthCheck }) => (healthCheck.type === 'none' ? [] : [checkKey(healthCheck)])));
    expect(new Set(keys).size).toBe(4);
  });

  test('of another forwarding, tunnel or family are others', () => {
    const tun = (keys: string): string => `{ address: 192.0.2.22, port: 80, forwarding: { method: tun, ${keys} } }`;
    const of = (server: string): number | undefined => marksOf(serviceFile(virtual, server))[0];
    expect(new Set([of('{ address: 192.0.2.22 }'), of(tun('type: ipip')), of(tun('type: gre')), of(tun('type: gue, port: 6080')), of(tun('type: gue, port: 6081'))]).size).toBe(5);
  });

  test('stay when servers come and go, but for a few that two claim', () => {
    const before = marksOf(serviceFile(virtual, many.slice(1).join(', ')));
    const after = marksOf(serviceFile(virtual, many.join(', '))).slice(1);
    expect(before.filter((mark, index) => mark !== after[index]).length).toBeLessThan(10);
  });

  test('fill a range that is just large enough', () => {
    expect([...marksOf(`${serviceFile(virtual, two)}ipvs: { probe_marks: { from: 5, to: 6 } }\n`)].sort()).toEqual([5, 6]);
  });
});

describe('probe: virtual_address is refused', () => {
  const of = (text: string): readonly string[] => brief(rejected(text)).map((line) => line.replace(/^\S+ /, ''));
  const range = (from: number, to: number): string => `ipvs: { probe_marks: { from: ${from}, to: ${to} } }\n`;

  test('with nat and fullnat, with the place and what would be right', () => {
    expect(rendered(serviceFile(virtual, '{ address: 192.0.2.22 }', 'port: 80, forwarding: nat'))).toMatch(
      /^tandem\.yaml:2:\d+: error: probe: virtual_address is for forwarding dr and tun; the real server 192\.0\.2\.22 has nat, which hands no packet to the virtual address on\n.*\n.*\n.*remove probe \(the real server is asked at its own address\), or give forwarding: dr or tun/,
    );
    expect(of(serviceFile(virtual, '{ address: 192.0.2.22 }, { address: 192.0.2.23, forwarding: fullnat }'))).toEqual(['conflict probe: virtual_address is for forwarding dr and tun; the real server 192.0.2.23 has fullnat, which hands no packet to the virtual address on']);
  });

  test.each([
    ['a mark', serviceFile('health_check: { probe: virtual_address, mark: 5 }'), "conflict mark stands beside probe: virtual_address, whose packets bear one of the daemon's own (ipvs.probe_marks)"],
    ['a type that has no target', serviceFile('health_check: { type: ping, probe: virtual_address }'), 'conflict probe has no meaning for a health check of type ping'],
    ['an address of no service', serviceFile('health_check: { probe: virtual_address, address: 192.0.2.99 }'), 'conflict 192.0.2.99 is no address of the service, which probe: virtual_address asks for'],
    ["someone else's mark and no address", marked('health_check: { probe: virtual_address, port: 80 }'), 'missing_key probe: virtual_address does not say which: the service goes by a mark that someone else sets'],
    ["someone else's mark and an address of the other family", marked('health_check: { probe: virtual_address, port: 80, address: "2001:db8::1", source: "2001:db8::2" }'), 'conflict 2001:db8::1 is IPv6, the service IPv4'],
    ['a virtual address as source', serviceFile('health_check: { probe: virtual_address, source: 192.0.2.10 }'), 'conflict 192.0.2.10 is a virtual address: the real servers have it too, and would send the answers to themselves'],
    ['a server of the other family and no source', serviceFile(virtual, '{ address: "2001:db8::22" }', 'port: 80, forwarding: tun'), 'missing_key the real server 2001:db8::22 is IPv6, the virtual address 192.0.2.10 IPv4: which address of this director to ask from cannot be told'],
    ['a source of the other family', serviceFile('health_check: { probe: virtual_address, source: "2001:db8::1" }', '{ address: "2001:db8::22" }', 'port: 80, forwarding: tun'), 'conflict 2001:db8::1 is not IPv4 as 192.0.2.10, which is probed from it'],
    ['too few marks', serviceFile(virtual, two) + range(5, 5), 'conflict 2 real servers are asked at virtual addresses, and ipvs.probe_marks has 1 marks: each needs one'],
    ['an empty range', serviceFile(virtual) + range(6, 5), 'invalid_value the range from 6 to 5 is empty'],
    ['a mark of a service in the range', `${serviceFile(virtual)}  - { name: other, fwmark: 7, forwarding: dr, health_check: none, real_servers: [{ address: 192.0.2.22 }] }\n${range(5, 9)}`, 'conflict the mark 7 is among those from 5 to 9, which probes of virtual addresses bear'],
    ['a mark of a check in the range', serviceFile(virtual, '{ address: 192.0.2.22 }, { address: 192.0.2.23, health_check: { probe: real_server, mark: 2097152001 } }'), 'conflict the mark 2097152001 is among those from 2097152000 to 2097168383, which probes of virtual addresses bear'],
  ])('with %s', (_, text, expected) => {
    expect(of(text)).toEqual([expected]);
  });

  test('but a server of the other family is asked from a source that is given, and nobody minds the range where nothing is probed so', () => {
    expect(serverOf('health_check: { probe: virtual_address, source: 192.0.2.1 }', '{ address: "2001:db8::22" }', 'port: 80, forwarding: tun').healthCheck).toMatchObject({ address: '192.0.2.10', source: '192.0.2.1', through: { server: '2001:db8::22' } });
    expect(accepted(marked('health_check: none') + range(5, 9))).toBeDefined();
  });
});
