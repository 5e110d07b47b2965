/** Which virtual addresses a host takes by its director's file. */
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../src/config/parse.js';
import type { Configuration } from '../../src/config/model.js';
import { wishesFromFile } from '../../src/realserver/from-file.js';
import { outerInterfaces } from '../../src/realserver/outer-interfaces.js';
import { address, dr, freshHost, link } from './host.js';

const configurationOf = (services: string): Configuration => {
  const result = parseConfiguration(`virtual_servers:\n${services}`, 'tandem.yaml', { withoutFiles: true });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  return result.configuration;
};

const file = configurationOf(`
  - { name: web, addresses: [192.0.2.1-2], ports: [80, 443], forwarding: dr, real_servers: [{ address: 10.0.0.11 }, { address: 10.0.0.12 }] }
  - { name: mail, address: 192.0.2.3, port: 25, forwarding: { method: tun, type: gue, port: 6080 }, real_servers: [{ address: 10.0.0.12 }, { address: 10.0.0.13, forwarding: dr }] }
  - { name: nat, address: 192.0.2.4, port: 80, forwarding: nat, real_servers: [{ address: 10.0.0.11 }, { address: 10.0.0.14 }], sorry_server: { address: 10.0.0.15, port: 80, forwarding: dr } }
  - { name: mark, fwmark: 1, match: ["192.0.2.5:80", "192.0.2.6:443"], forwarding: dr, health_check: none, real_servers: [{ address: 10.0.0.16 }] }
  - { name: foreign, fwmark: 2, forwarding: dr, health_check: none, real_servers: [{ address: 10.0.0.16 }, { address: 10.0.0.17 }] }
  - { name: six, address: "2001:db8::1", port: 80, forwarding: dr, real_servers: [{ address: "fd00::11" }] }
`);
const of = (...own: readonly string[]) => wishesFromFile(file, own, undefined, 'tandem.yaml');
const direct = (vips: readonly string[], realServer: string) => vips.map((each) => ({ address: each, method: 'dr', realServer }));

describe('a host takes', () => {
  it('every address of the services that have it as a real server by dr, once', () => {
    expect(of('10.0.0.11')).toEqual({ vips: direct(['192.0.2.1', '192.0.2.2'], '10.0.0.11'), notes: [] });
  });

  it('those by tun with the tunnel, and what each real server says of itself', () => {
    expect(of('10.0.0.12').vips).toEqual([...direct(['192.0.2.1', '192.0.2.2'], '10.0.0.12'), { address: '192.0.2.3', method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'none' }, realServer: '10.0.0.12' }]);
    expect(of('10.0.0.13').vips).toEqual(direct(['192.0.2.3'], '10.0.0.13'));
  });

  it('what it is the sorry server of', () => {
    expect(of('10.0.0.15').vips).toEqual(direct(['192.0.2.4'], '10.0.0.15'));
  });

  it('the addresses that a mark is for, and hears of a mark that does not say them', () => {
    expect(of('10.0.0.16')).toEqual({ vips: direct(['192.0.2.5', '192.0.2.6'], '10.0.0.16'), notes: [expect.stringContaining('foreign answers to a firewall mark without match')] });
    expect(() => of('10.0.0.17')).toThrow('tandem realserver apply --name foreign ADDRESS...');
  });

  it('what all of its addresses are listed for, of both families', () => {
    expect(of('10.0.0.11', 'fd00::11', '172.16.0.1').vips.map((vip) => vip.address)).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::1']);
  });

  it('what the real server is for that it is said to be', () => {
    expect(wishesFromFile(file, ['172.16.0.1'], '10.0.0.13', 'tandem.yaml').vips).toEqual(direct(['192.0.2.3'], '10.0.0.13'));
  });
});

describe('a host is told', () => {
  it('that it is no real server, which ones there are, and how to say which it is', () => {
    expect(() => of('172.16.0.1')).toThrow("tandem.yaml: none of this host's addresses (172.16.0.1) is that of a real server; its real servers: 10.0.0.11, 10.0.0.12, 10.0.0.13, 10.0.0.14, 10.0.0.15, and 3 more. Name the one that this host is with --address");
    expect(() => wishesFromFile(file, [], '172.16.0.1', 'tandem.yaml')).toThrow("172.16.0.1 is no real server's address");
  });

  it('that a real server by nat needs nothing of this', () => {
    expect(() => of('10.0.0.14')).toThrow('this host is a real server of nat (nat)');
  });
});

it("the file's keys and certificates need not be on a real server", () => {
  const text = `
vrrp: { instances: [{ name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [192.0.2.1/32], authentication: { type: hmac, keys: [{ id: 1, key_file: /nonexistent/key }] } }] }
virtual_servers:
  - { name: web, address: 192.0.2.1, port: 443, forwarding: dr, health_check: { type: https, ca: /nonexistent/ca.pem, client_certificate: /nonexistent/c.pem, client_key: /nonexistent/k.pem }, real_servers: [{ address: 10.0.0.11 }] }
`;
  expect(parseConfiguration(text, 'tandem.yaml').ok).toBe(false);
  expect(parseConfiguration(text, 'tandem.yaml', { withoutFiles: true })).toMatchObject({ ok: true });
});

describe('the interfaces on which it is silent are', () => {
  const host = { links: [link(1, 'lo'), link(2, 'e0'), link(3, 'e1'), link(4, 'e2'), link(5, 'tunl0')], addresses: [address(1, '127.0.0.1/8'), address(2, '10.0.0.11/24'), address(2, '10.0.0.21/24'), address(3, '10.1.0.11/24'), address(4, 'fd00::11/64')] };
  const as = (realServer: string) => dr('192.0.2.1').map((vip) => ({ ...vip, realServer }));

  it("that of the real server's address", () => {
    expect(outerInterfaces(as('10.0.0.21'), host, [])).toEqual([{ name: 'e0', source: '10.0.0.21' }]);
  });

  it('those with an IPv4 address where none is known', () => {
    expect(outerInterfaces(dr('192.0.2.1'), host, [])).toEqual([{ name: 'e0', source: '10.0.0.11' }, { name: 'e1', source: '10.1.0.11' }]);
    expect(outerInterfaces(dr('10.1.0.11'), host, [])).toEqual([{ name: 'e0', source: '10.0.0.11' }]);
  });

  it('those that are named', () => {
    expect(outerInterfaces(as('10.0.0.11'), host, ['e1', 'e2', 'e1'])).toEqual([{ name: 'e1', source: '10.1.0.11' }, { name: 'e2' }]);
    expect(() => outerInterfaces(as('10.0.0.11'), freshHost, ['e9'])).toThrow('there is no interface e9; there are: lo, e0, tunl0');
  });
});
