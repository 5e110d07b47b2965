/** tandem doctor in namespaces: a healthy pair yields nothing, and each classic mistake, made for real, is found with its remedy. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Milliseconds } from '../../src/time/microseconds.js';
import { makeTrailer } from '../../src/vrrp/hmac-trailer.js';
import { type Advertisement, encodeAdvertisement } from '../../src/vrrp/packet.js';
import { sequenceAt } from '../../src/vrrp/sequence.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { brief, inside, of, program, Site } from './doctor-site.js';
import { type Host, ipIn } from './namespaces.js';
import { macOf } from './stage.js';

requireNetworkNamespaces();

const silent = 'net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2';
const base = { ipvs: { modprobe: ['/bin/true'] } };

describe('a healthy pair and its real servers', () => {
  let site: Site;
  let servers: readonly Host[];
  const content = (priority: number): object => ({
    ...base,
    vrrp: {
      instances: [
        { name: 'web', interface: 'e0', virtual_router_id: 51, priority, advertisement_interval: '500ms', virtual_addresses: ['10.77.0.100/32', '10.77.0.101/24'] },
        { name: 'inner', interface: 'e1', virtual_router_id: 52, priority, advertisement_interval: '500ms', virtual_addresses: ['10.78.0.100/24'] },
        { name: 'six', interface: 'e0', virtual_router_id: 51, priority, advertisement_interval: '500ms', virtual_addresses: ['fe80::100', '2001:db8:77::100'] },
      ],
      sync_groups: [{ name: 'all', instances: ['web', 'inner'] }],
    },
    virtual_servers: [
      { name: 'dr', address: '10.77.0.100', port: 80, forwarding: 'dr', health_check: 'none', real_servers: [{ address: '10.77.0.11' }, { address: '10.77.0.12' }] },
      { name: 'nat', address: '10.77.0.101', port: 80, forwarding: 'nat', health_check: 'none', real_servers: [{ address: '10.78.0.21', port: 8080 }] },
    ],
  });

  beforeAll(async () => {
    site = new Site();
    const [direct, natted, other] = [site.outside.host('r', '10.77.0.11/24'), site.inner.host('n', '10.78.0.21/24'), site.outside.host('q', '10.77.0.12/24')];
    for (const host of [direct, other]) inside(host, `sysctl -qw ${silent}; ip addr add 10.77.0.100/32 dev lo`);
    inside(natted, 'ip route add default via 10.78.0.100');
    servers = [direct, natted, other];
    for (const host of [site.a, site.b]) inside(host, 'iptables -P INPUT DROP; iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -p vrrp -j ACCEPT; iptables -A INPUT -p icmp -j ACCEPT; iptables -A INPUT -p tcp -m tcp --dport 80 -j ACCEPT');
    await Promise.all([site.start(site.a, content(150)), site.start(site.b, content(100))]);
    await vi.waitFor(() => expect([site.status(site.a), site.status(site.b)].map(({ instances }) => instances.map(({ state }) => state))).toEqual([['MASTER', 'MASTER', 'MASTER'], ['BACKUP', 'BACKUP', 'BACKUP']]), { timeout: 20_000, interval: 100 });
  });
  afterAll(() => site.clear());

  it('yield nothing', async () => {
    const config = (host: Host, priority: number): string => `--wait 2s --config ${site.configure(host, content(priority))}`;
    const reports = await Promise.all([site.doctor(site.a, config(site.a, 150)), site.doctor(site.b, config(site.b, 100)), ...servers.map((host) => site.doctor(host, config(site.b, 100)))]);
    expect(reports.map(({ findings }) => findings)).toEqual([[], [], [], [], []]);
    expect(reports.map(({ role, status }) => `${role} ${status}`)).toEqual(['director 0', 'director 0', 'real_server 0', 'real_server 0', 'real_server 0']);
    expect(reports[1]?.observations[0]).toMatch(/^web: 10\.77\.0\.1 \([0-9a-f:]+\) advertises, priority 150/);
    expect(reports[1]?.observations[2]).toMatch(/^six: fe80::[0-9a-f:]+ \([0-9a-f:]+\) advertises, priority 150/);
  }, 60_000);

  it('are not looked at by a file that is rejected, or with options that are wrong', () => {
    const run = (...options: readonly string[]): string => {
      const { status, stderr, stdout } = spawnSync('ip', ['netns', 'exec', site.a.namespace, process.execPath, program('tandem'), 'doctor', ...options], { encoding: 'utf8' });
      return `${status} ${stderr.split('\n')[0] ?? ''}${stdout}`;
    };
    expect(run('--config', '/nonexistent')).toBe('3 /nonexistent:1:1: error: /nonexistent cannot be read: there is no such file');
    expect(run('--wait', 'long')).toBe('2 tandem: --wait long: give a duration, e.g. 5s or 500ms');
    expect(run('--config', join(site.directory, 'a.yaml'), '--peer', '/dev/null/x')).toMatch(/^2 tandem: --peer \/dev\/null\/x: /);
  });

  it('yield what is made wrong around them', async () => {
    const [direct, natted, lacking] = servers as readonly [Host, Host, Host];
    const stranger = site.outside.host('s', '10.77.0.66/24');
    inside(direct, 'sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0');
    inside(natted, 'ip route replace default via 10.78.0.2');
    inside(lacking, 'ip addr del 10.77.0.100/32 dev lo');
    inside(stranger, 'ip addr add 10.77.0.101/32 dev e0');
    inside(site.b, 'iptables -D INPUT -p vrrp -j ACCEPT; nft add table inet fw; nft "add chain inet fw out { type filter hook output priority 0; policy accept; }"; nft add rule inet fw out meta l4proto 112 drop');
    inside(site.a, 'sysctl -qw net.ipv4.ip_forward=0; iptables-legacy -A INPUT -p tcp -m multiport --dports 80,443 -j DROP; ip6tables-legacy -A INPUT -j DROP');
    await vi.waitFor(() => expect(site.status(site.b).instances.map(({ state }) => state)).toEqual(['MASTER', 'MASTER', 'BACKUP']), { timeout: 20_000, interval: 100 });
    // what it runs with is another file now, and NetworkManager manages one interface, networkd the other
    const [{ ifindex: e0 }, { ifindex: e1 }] = ['e0', 'e1'].map((name) => (JSON.parse(ipIn(site.a, '-j', 'link', 'show', 'dev', name)) as [{ ifindex: number }])[0]) as [{ ifindex: number }, { ifindex: number }];
    const managed = `mount -t tmpfs none /run; mkdir -p /run/NetworkManager/devices /run/systemd/netif/links
      printf '[device]\\nmanaged=true\\n' >/run/NetworkManager/devices/${e0}
      printf 'ADMIN_STATE=configured\\nNETWORK_FILE=/run/10-e1.network\\n' >/run/systemd/netif/links/${e1}; printf '[Network]\\nDHCP=no\\n' >/run/10-e1.network`;
    const third = site.outside.host('c', '10.77.0.3/24');
    const alone = { ...base, vrrp: { instances: [{ name: 'alone', interface: 'e0', virtual_router_id: 77, virtual_addresses: ['10.77.0.103/32'] }] }, virtual_servers: [{ name: 'nat', address: '10.77.0.103', port: 80, forwarding: 'nat', health_check: 'none', real_servers: [{ address: '10.77.0.12' }] }] };
    inside(third, 'sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.all.send_redirects=1 net.ipv4.conf.e0.send_redirects=1');
    await site.start(third, alone, ['setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw']);
    const [a, b, r, n, c, q] = await Promise.all([
      site.doctor(site.a, `--wait 2s --config ${site.configure(site.a, { ...content(150), router_id: 'other' })}`, managed),
      site.doctor(site.b, `--wait 2s --config ${site.configure(site.b, content(100))}`),
      site.doctor(direct, `--real-server --config ${site.configure(site.b, content(100))}`),
      site.doctor(natted, `--config ${site.configure(site.b, content(100))}`),
      site.doctor(third, `--wait 1s --config ${site.configure(third, alone)}`),
      site.doctor(lacking, `--config ${site.configure(site.b, content(100))}`),
    ]);
    const path = join(site.directory, 'a.yaml');
    expect(brief(a)).toEqual(
      ['configuration_not_loaded ' + path, 'firewall_drops_vrrp six', 'firewall_drops_service dr', 'firewall_drops_service nat', 'ip_forward net.ipv4.ip_forward', 'nat_route_not_back nat 10.78.0.21', 'network_manager e0', 'network_manager e1', 'real_server_without_vip dr 10.77.0.12', 'vip_answered_by_real_server web 10.77.0.11', ...['web', 'web', 'web', 'inner'].map((name) => `vip_answered_by_stranger ${name}`)].sort(),
    );
    expect(a.status).toBe(1);
    expect(of(a, 'vip_answered_by_real_server').seen).toBe(`the real server 10.77.0.11 (${macOf(direct)}) answers ARP for 10.77.0.100 on e0`);
    expect(of(a, 'vip_answered_by_real_server').remedy).toMatch(/^on 10\.77\.0\.11: sysctl -w net\.ipv4\.conf\.all\.arp_ignore=1 net\.ipv4\.conf\.all\.arp_announce=2/);
    expect(a.findings.filter(({ code }) => code === 'vip_answered_by_stranger').map(({ seen }) => seen)).toContain(`${macOf(stranger)} on e0 answers for 10.77.0.101, which this director holds`);
    expect(of(a, 'ip_forward').remedy).toMatch(/^sysctl -w net\.ipv4\.ip_forward=1/);
    expect(of(a, 'firewall_drops_service', 'dr').seen).toMatch(/dropped by iptables-legacy -t filter: -A INPUT -p tcp -m multiport --dports 80,443 -j DROP$/);
    expect(of(a, 'nat_route_not_back').remedy).toMatch(/^on 10\.78\.0\.21: ip route replace default/);
    expect(of(a, 'network_manager', 'e0').remedy).toMatch(/^nmcli device set e0 managed no/);
    expect(of(a, 'network_manager', 'e1').remedy).toMatch(/^KeepConfiguration=static in the section \[Network\] of \/run\/10-e1\.network/);

    expect(brief(b)).toEqual(
      ['firewall_drops_vrrp web', 'firewall_drops_vrrp web', 'firewall_drops_vrrp inner', 'firewall_drops_vrrp inner', 'firewall_drops_vrrp six', 'real_server_without_vip dr 10.77.0.12', 'vip_not_answered six', 'vip_not_answered six', 'two_masters web', 'two_masters inner', 'vip_answered_by_real_server web 10.77.0.11', 'vip_answered_by_stranger web'].sort(),
    );
    expect(b.findings.filter(({ code, subject }) => code === 'firewall_drops_vrrp' && subject === 'web').map(({ seen, remedy }) => `${seen}; ${remedy}`)).toEqual([
      expect.stringMatching(/^VRRP from 10\.77\.0\.1 that comes in by e0 is dropped by iptables-nft -t filter: the policy of INPUT is DROP, and no rule accepts it; iptables-nft -t filter -I INPUT -p vrrp -j ACCEPT/),
      expect.stringMatching(/^VRRP that goes out by e0 is dropped by nft table inet fw: chain out, the rule of handle \d+; nft insert rule inet fw out meta l4proto vrrp accept/),
    ]);

    expect(of(a, 'real_server_without_vip').seen).toBe(`10.77.0.12 (${macOf(lacking)}) answers ARP, but neither a TCP connection to 10.77.0.100:80 nor an echo request to 10.77.0.100 that were handed to it on e0`);
    expect(brief(q)).toEqual(['real_server_without_vip dr 10.77.0.12']);
    expect(of(q, 'real_server_without_vip').remedy).toMatch(/^ip addr add 10\.77\.0\.100\/32 dev lo/);

    expect(brief(r)).toEqual(['arp_announce e0', 'arp_ignore e0']);
    expect(of(r, 'arp_ignore').remedy).toMatch(/^sysctl -w net\.ipv4\.conf\.all\.arp_ignore=1/);
    expect(brief(n)).toEqual(['nat_route_not_back nat 10.78.0.21']);
    expect(of(n, 'nat_route_not_back').remedy).toMatch(/^ip route replace default via 10\.78\.0\.100/);

    expect(brief(c)).toEqual(['capability_missing vrrp', 'instance_fault alone', 'ip_forward net.ipv4.ip_forward', 'send_redirects net.ipv4.conf.all.send_redirects', 'send_redirects net.ipv4.conf.e0.send_redirects']);
    expect(of(c, 'capability_missing').seen).toBe('the process vrrp of tandemd lacks CAP_NET_RAW');

    // the remedies mend it
    inside(direct, 'sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2');
    expect((await site.doctor(direct, `--real-server --config ${join(site.directory, 'b.yaml')}`)).findings).toEqual([]);
  }, 120_000);
});

describe('a peer that is configured otherwise', () => {
  let site: Site;
  /** Of one virtual router: what only a has, and only b. The priority decides who is heard where both accept. */
  const differences: Readonly<Record<string, readonly [object, object]>> = {
    router_id: [{}, { virtual_router_id: 99 }],
    version: [{}, { version: 2, advertisement_interval: '1s' }],
    interval: [{}, { advertisement_interval: '200ms', priority: 200 }],
    interval2: [{ version: 2, advertisement_interval: '1s' }, { version: 2, advertisement_interval: '2s' }],
    password: [{ version: 2, advertisement_interval: '1s', authentication: { type: 'pass', password: 'one' } }, { version: 2, advertisement_interval: '1s', authentication: { type: 'pass', password: 'two' } }],
    one_sided: [{ version: 2, advertisement_interval: '1s' }, { version: 2, advertisement_interval: '1s', authentication: { type: 'pass', password: 'two' } }],
    key: [{ authentication: hmac(1) }, { authentication: hmac(2) }],
    unsigned: [{ authentication: hmac(1) }, {}],
    unicast: [{}, { unicast: { peers: ['10.77.0.1'] } }],
    addresses: [{}, { virtual_addresses: ['10.77.0.210/32'], priority: 200 }],
    form: [{}, { checksum: 'rfc9568', priority: 200 }],
    damaged: [{ priority: 255 }, { priority: 1 }],
    late: [{ authentication: hmac(1) }, { authentication: hmac(1), priority: 1 }],
  };
  const common = (name: string, index: number): object => ({ name, interface: 'e0', virtual_router_id: index + 1, advertisement_interval: '100ms', virtual_addresses: [`10.77.0.${100 + index}/32`] });
  const content = (side: 0 | 1, more: readonly object[] = []): object => ({ vrrp: { instances: [...Object.entries(differences).map(([name, own], index) => ({ ...common(name, index), ...own[side] })), ...more] } });

  beforeAll(async () => {
    site = new Site();
    await Promise.all([site.start(site.a, content(0)), site.start(site.b, content(1))]);
  });
  afterAll(() => site.clear());

  it('is found by each of its differences, and so is a virtual address in the wrong place', async () => {
    // those that a accepts make it BACKUP, those that it rejects leave it MASTER
    const states = (): string => site.status(site.a).instances.map(({ name, state }) => `${name} ${state}`).join(', ');
    await vi.waitFor(() => expect(states()).toBe(Object.keys(differences).map((name) => `${name} ${['interval', 'addresses', 'form'].includes(name) ? 'BACKUP' : 'MASTER'}`).join(', ')), { timeout: 30_000, interval: 200 });
    const numbers = Object.keys(differences);
    const message = (name: string, priority: number): Advertisement => ({ version: 3, virtualRouterId: numbers.indexOf(name) + 1, priority, addresses: [`10.77.0.${100 + numbers.indexOf(name)}`], interval: Milliseconds(100), checksum: 'pseudo_header' });
    const damaged = encodeAdvertisement(message('damaged', 90), '10.77.0.2');
    damaged.writeUInt16BE(damaged.readUInt16BE(6) ^ 1, 6);
    const late = encodeAdvertisement(message('late', 1), '10.77.0.2');
    const trailer = makeTrailer(late, '10.77.0.2', { id: 1, key: Buffer.alloc(32, 1) }, sequenceAt(Date.now() - 60_000));
    for (const packet of [damaged, Buffer.concat([late, trailer])]) site.inject(packet);
    const rejected = (name: string, reason: string): number => site.status(site.a).instances.find((instance) => instance.name === name)?.counters[`rejected.${reason}`] ?? 0;
    await vi.waitFor(() => expect([rejected('damaged', 'checksum'), rejected('late', 'authentication_stale')]).toEqual([expect.toSatisfy((count) => count > 0), expect.toSatisfy((count) => count > 0)]), { timeout: 30_000, interval: 200 });
    // in the file that the doctor looks at, not in the daemon's: addresses in wrong places, interfaces that are not there
    const wrong = [
      ['mask', ['10.77.0.150/16']],
      ['outside', ['198.51.100.1/32']],
      ['elsewhere', ['10.78.0.150/32']],
      ['broadcast', ['10.77.0.255/32']],
      ['lost', ['10.77.0.160/32'], { interface: 'e7' }],
      ['added', ['10.77.0.170/32']],
    ] as const;
    inside(site.a, 'ip addr add 10.77.0.170/32 dev e0');
    const more = wrong.map(([name, addresses, keys], index) => ({ ...common(name, 100 + index), virtual_addresses: addresses, ...keys }));
    const report = await site.doctor(site.a, `--wait 5s --config ${site.configure(site.a, content(0, more))}`);
    const found = [
      'vrrp_router_id_differs router_id',
      'vrrp_version_differs version',
      'vrrp_interval_differs interval',
      'vrrp_interval_differs interval2',
      'vrrp_password_differs password',
      'vrrp_authentication_differs one_sided',
      'vrrp_key_differs key',
      'vrrp_authentication_differs unsigned',
      'vrrp_unicast_differs unicast',
      'vrrp_addresses_differ addresses',
      'vrrp_checksum_form_differs form',
      'vrrp_checksum_wrong damaged',
      'clock_differs late',
      'vip_mask_differs mask',
      'vip_outside_network outside',
      'vip_on_other_interface elsewhere',
      'vip_reserved broadcast',
      'vip_held_by_backup added',
      'interface_missing e7',
      'vrrp_not_heard added',
    ];
    expect(brief(report)).toEqual(expect.arrayContaining(found));
    const station = `10\\.77\\.0\\.2 \\(${macOf(site.b)}\\)`;
    const seen = (code: string, subject: string): string => of(report, code, subject).seen;
    expect(seen('vrrp_router_id_differs', 'router_id')).toMatch(new RegExp(`^${station} advertises 10\\.77\\.0\\.100 as virtual router 99, ours is 1$`));
    expect(seen('vrrp_version_differs', 'version')).toMatch(new RegExp(`^\\d+ packets? of ${station} rejected: VRRPv2, ours is VRRPv3$`));
    expect(seen('vrrp_interval_differs', 'interval')).toMatch(new RegExp(`^${station} advertises every 200ms, ours is every 100ms$`));
    expect(seen('vrrp_interval_differs', 'interval2')).toMatch(/it advertises every 2s, ours is every 1s$/);
    expect(seen('vrrp_addresses_differ', 'addresses')).toMatch(/it lacks 10\.77\.0\.109, it has 10\.77\.0\.210, which we lack$/);
    expect(seen('clock_differs', 'late')).toMatch(/their time stamp is \d+\.\d s behind our clock/);
    expect(of(report, 'vip_mask_differs').remedy).toBe('virtual_addresses: 10.77.0.150/24, or 10.77.0.150/32');
    expect(of(report, 'vip_held_by_backup').remedy).toMatch(/^ip addr del 10\.77\.0\.170\/32 dev e0/);
    expect(JSON.stringify(report)).not.toMatch(/"(one|two)"|0101010101/);
  }, 120_000);
});

/** @param octet of all of its key */
function hmac(octet: number): object {
  return { type: 'hmac', keys: [{ id: 1, key: `hex:${Buffer.alloc(32, octet).toString('hex')}` }] };
}
