/** The services of the kernel by which probes of virtual addresses reach one real server each. */
import { describe, expect, test } from 'vitest';
import { needsOf, sysctlName } from '../../src/ipvs/kernel-needs.js';
import { ProbeServices } from '../../src/ipvs/probe-services.js';
import { ownedBy } from '../../src/supervisor/owned.js';
import { markingChains } from '../../src/supervisor/service-chains.js';
import { accepted, acceptedWithWarnings } from '../config/reading.js';

const virtual = 'health_check: { probe: virtual_address }';
const web = (servers: string, keys = 'address: 192.0.2.10, port: 80, forwarding: dr'): string => `virtual_servers:\n  - { name: web, ${keys}, ${virtual}, real_servers: [${servers}] }\n`;
const one = '{ address: 192.0.2.22, weight: 7, upper_threshold: 100 }';
const range = 'ipvs: { probe_marks: { from: 500, to: 500 } }\n';

describe('the services of probes', () => {
  test('have one destination, any port, and what the server is forwarded by; nothing of how it serves clients', () => {
    const { desired, selectors } = new ProbeServices(accepted(web(one) + range).virtualServers);
    expect(desired).toEqual([
      {
        name: 'probes through 192.0.2.22',
        service: { family: 'ipv4', fwmark: 500, scheduler: 'rr', persistence: undefined, onePacket: true, schedulerFlags: 0, persistenceEngine: undefined },
        destinations: [{ address: '192.0.2.22', port: 0, forwarding: 'dr', weight: 1 }],
      },
    ]);
    expect(selectors).toEqual([{ family: 'ipv4', fwmark: 500 }]);
    const tunnel = { type: 'gue', port: 6080, checksum: 'none' };
    expect(new ProbeServices(accepted(web('{ address: 192.0.2.22 }', 'address: "2001:db8::10", port: 80, forwarding: { method: tun, type: gue, port: 6080 }').replace('virtual_address', 'virtual_address, source: "2001:db8::1"')).virtualServers).desired).toMatchObject([{ service: { family: 'ipv6' }, destinations: [{ address: '192.0.2.22', forwarding: 'tun', tunnel }] }]);
  });

  test('are named in the log, when they go too', () => {
    const before = new ProbeServices(accepted(web(one) + range).virtualServers);
    const after = new ProbeServices([], before);
    const words = (fwmark: number): string => after.purposeOf({ type: 'delete_service', service: { family: 'ipv4', fwmark } });
    expect([words(500), words(501)]).toEqual(['probes through 192.0.2.22: ', '']);
    expect([before.inPlace, after.inPlace]).toEqual([false, true]);
  });

  test('are ours, in the record beside those for clients', () => {
    expect(ownedBy(accepted(web(one) + range)).services).toEqual([{ protocol: 'tcp', address: '192.0.2.10', port: 80 }, { family: 'ipv4', fwmark: 500 }]);
  });
});

test('rules that mark for a service leave the marks of probes that this host sends', () => {
  const chains = markingChains(accepted(web(one, 'fwmark: 7, match: ["192.0.2.10:80"], forwarding: dr') + range).virtualServers);
  const marking = '-d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x7/0xffffffff';
  expect(chains.map(({ hook, rules }) => [hook, ...rules])).toEqual([
    ['PREROUTING', marking],
    ['OUTPUT', '-m mark --mark 0x1f4 -j RETURN', marking],
  ]);
});

describe('a director that holds a virtual address takes what comes from it', () => {
  const host = [
    { interface: 'eth0', address: '192.0.2.1', prefixLength: 24 },
    { interface: 'eth1', address: '198.51.100.1', prefixLength: 24 },
    { interface: 'eth1', address: '2001:db8:1::1', prefixLength: 64 },
  ];
  const pair = 'vrrp:\n  instances:\n    - { name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [192.0.2.10] }\n';
  const needs = (text: string) => needsOf(acceptedWithWarnings(pair + text).configuration, host).settings;
  const settings = (text: string): readonly string[] => needs(text).map(({ path, wanted }) => `${sysctlName(path)}=${wanted}`);

  test('on the interface of the real servers, and with a loose filter where the address is on another one', () => {
    expect(settings(web(one))).toEqual(['net.ipv4.conf.eth0.accept_local=1']);
    expect(settings(web('{ address: 198.51.100.22 }'))).toEqual(['net.ipv4.conf.eth1.accept_local=1', 'net.ipv4.conf.eth1.rp_filter=2']);
    expect(settings(web('{ address: 203.0.113.22 }', 'address: 192.0.2.10, port: 80, forwarding: tun'))).toEqual(['net.ipv4.conf.all.accept_local=1']);
  });

  test('but not of IPv6, from itself, or where no check asks for it', () => {
    expect(settings(web('{ address: "2001:db8:1::22" }', 'address: "2001:db8::10", port: 80, forwarding: dr'))).toEqual([]);
    expect(settings(web(one).replace(virtual, 'health_check: { type: tcp }'))).toEqual([]);
    expect(settings(web('{ address: 192.0.2.1 }'))).toEqual([]);
  });

  test('by the setting of that interface or of all', () => {
    const [accept, filter] = needs(web('{ address: 198.51.100.22 }'));
    expect([['0', '0'], ['1', '0'], ['0', '1']].map(([link = '', all]) => accept?.fits(link, () => all))).toEqual([false, true, true]);
    expect([['1', '0'], ['0', '1'], ['0', '0'], ['2', '1'], ['1', '2']].map(([link = '', all]) => filter?.fits(link, () => all))).toEqual([false, false, true, true, true]);
    expect(accept?.why).toBe('probe: virtual_address (web) needs it: without it this director drops the answers while it holds the address, and the real servers are asked at their own addresses then');
  });
});
