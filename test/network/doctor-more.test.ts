/** tandem doctor in namespaces: the mistakes that doctor.test.ts has no place for, each made for real. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Milliseconds } from '../../src/time/microseconds.js';
import { type Advertisement, encodeAdvertisement } from '../../src/vrrp/packet.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { brief, inside, of, Site } from './doctor-site.js';
import type { Host } from './namespaces.js';
import { macOf } from './stage.js';

requireNetworkNamespaces();

let site: Site;
let prefixed: Host;
let bound: Host;
const instance = (name: string, id: number, keys: object = {}): object => ({ name, interface: 'e0', virtual_router_id: id, advertisement_interval: '200ms', virtual_addresses: [`10.77.0.${100 + id}/32`], ...keys });
/** b has another virtual router of the name `other`. */
const content = (priority: number, other: number): object => ({
  ipvs: { modprobe: ['/bin/true'] },
  vrrp: { instances: [instance('web', 1, { priority, virtual_addresses: ['10.77.0.101/32', { address: '2001:db8:99::1/64', advertise: false }] }), instance('routed', 2, { priority: 250 }), instance('broken', 3, { priority: 250 }), instance('twin', 4, { priority: 250 }), instance('other', other, { priority })] },
  virtual_servers: [
    { name: 'dr', address: '10.77.0.101', port: 80, forwarding: 'dr', health_check: 'none', real_servers: [{ address: '10.77.0.11' }, { address: '10.77.0.12' }, { address: '10.77.0.1' }] },
    { name: 'tun', address: '10.77.0.101', port: 81, forwarding: 'tun', health_check: 'none', real_servers: [{ address: '10.77.0.11' }] },
    { name: 'nat', address: '10.77.0.101', port: 82, forwarding: 'nat', health_check: 'none', real_servers: [{ address: '10.78.0.21' }] },
  ],
});
const message = (virtualRouterId: number): Advertisement => ({ version: 3, virtualRouterId, priority: 10, addresses: [`10.77.0.${100 + virtualRouterId}`], interval: Milliseconds(200), checksum: 'pseudo_header' });

beforeAll(async () => {
  site = new Site();
  [prefixed, bound] = [site.outside.host('r', '10.77.0.11/24'), site.outside.host('q', '10.77.0.12/24')];
  for (const host of [prefixed, bound]) inside(host, 'sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2');
  // the kernel takes no address of IPv6 there
  inside(site.a, 'sysctl -qw net.ipv6.conf.e0.disable_ipv6=1');
  await Promise.all([site.start(site.a, content(150, 5)), site.start(site.b, content(100, 6))]);
  const states = (host: Host): readonly string[] => site.status(host).instances.map(({ name, state }) => `${name} ${state}`);
  await vi.waitFor(() => expect(states(site.a)).toContain('web MASTER'), { timeout: 20_000, interval: 100 });
});
afterAll(() => site.clear());

it('finds them on directors', async () => {
  const peer = join(site.directory, 'peer.json');
  writeFileSync(peer, JSON.stringify(site.status(site.b)));
  inside(site.b, 'ip addr add 10.77.0.1/32 dev e0');
  site.inject(encodeAdvertisement(message(2), '10.77.0.2'), { ttl: 64 });
  site.inject(encodeAdvertisement({ ...message(3), addresses: [] }, '10.77.0.2'));
  site.inject(encodeAdvertisement(message(4), '10.77.0.1'), { from: '10.77.0.1' });
  inside(site.a, 'iptables-legacy -A FORWARD -s 10.78.0.21 -p tcp -m tcp --sport 82 -j DROP');
  const report = await site.doctor(site.a, `--wait 3s --peer ${peer} --config ${site.configure(site.a, content(150, 5))}`);
  expect(brief(report)).toEqual(expect.arrayContaining(['director_is_real_server dr', 'firewall_drops_answers nat', 'vip_not_held web', 'vrrp_malformed broken', 'vrrp_own_address twin', 'vrrp_ttl routed']));
  expect(report.findings.filter(({ code }) => code === 'peer_instances_differ').map(({ subject }) => subject)).toEqual(['other', 'other']);
  expect(of(report, 'vip_not_held').seen).toBe('web is MASTER here, and 2001:db8:99::1 is on no interface');
  expect(of(report, 'vrrp_ttl').seen).toContain(`10.77.0.2 (${macOf(site.b)})`);
  expect(of(report, 'vrrp_own_address').seen).toContain(macOf(site.b));
  expect(of(report, 'firewall_drops_answers').remedy).toMatch(/^iptables-legacy -t filter -I FORWARD -s 10\.78\.0\.21 -p tcp/);
  expect(of(report, 'director_is_real_server').remedy).toBe('give the service forwarding: fullnat');
  expect(report.status).toBe(1);

  const none = site.outside.host('c', '10.77.0.3/24');
  inside(none, 'ip link add e5 type veth peer name e6; ip link set e5 up; ip link set e6 up');
  const file = site.configure(none, { vrrp: { instances: [instance('web', 1), instance('bare', 7, { interface: 'e5' })] } });
  const silent = await site.doctor(none, `--wait 500ms --config ${file}`, '', 'setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-net_raw,-net_admin');
  expect(of(silent, 'daemon_not_running').remedy).toMatch(/^systemctl start tandemd/);
  expect(of(silent, 'interface_without_address').subject).toBe('bare');
  // what could not be listened for is not said to be silent
  expect(silent.findings.map(({ code }) => code)).not.toContain('vrrp_not_heard');
  expect(silent.findings.filter(({ code }) => code === 'not_examined').map(({ seen }) => seen)).toEqual(expect.arrayContaining([expect.stringMatching(/CAP_NET_RAW|EPERM/)]));
}, 120_000);

it('finds them on real servers', async () => {
  inside(prefixed, 'ip addr add 10.77.0.101/24 dev lo');
  inside(bound, 'ip addr add 10.77.0.101/32 dev e0');
  const [first, second] = await Promise.all([prefixed, bound].map((host) => site.doctor(host, `--real-server --config ${join(site.directory, 'b.yaml')}`)));
  if (!first || !second) throw new Error('two were asked');
  expect(of(first, 'vip_prefix_on_lo').seen).toBe('10.77.0.101/24 is on lo');
  expect(of(first, 'tunnel_interface').remedy).toBe('modprobe ipip; ip link set tunl0 up');
  expect(of(second, 'vip_on_interface').seen).toBe('10.77.0.101/32 is on e0');
}, 60_000);
