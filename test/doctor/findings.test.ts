/** What the doctor makes of facts, one mistake at a time; those that need a network or IPVS are made for real in test/network and test/lab. */
import { describe, expect, it } from 'vitest';
import { PeerTableError, readPeerTable } from '../../src/doctor/peer-table.js';
import { formatReport } from '../../src/doctor/report-text.js';
import { examine } from '../../src/doctor/examine.js';
import { encodeAdvertisement, type Advertisement } from '../../src/vrrp/packet.js';
import { withIPv4Header } from '../../src/network/vrrp-port.js';
import { Seconds } from '../../src/time/microseconds.js';
import { instanceFile, serviceFile } from '../config/reading.js';
import { brief, facts, found, instanceStatus, link, status, told } from './facts.js';

const web = instanceFile('');
const daemon = (state: 'MASTER' | 'BACKUP' | 'FAULT', more = {}) => ({ daemon: { status: status({ instances: [instanceStatus(state, more)] }), problem: undefined, processes: [] } });
const advertisement = (more: object = {}): Advertisement => ({ version: 3, virtualRouterId: 51, priority: 150, addresses: ['192.0.2.10'], interval: Seconds(1), checksum: 'pseudo_header', ...more }) as Advertisement;
const heard = (times: number, more: object = {}) =>
  Array.from({ length: times }, (_, index) => ({
    interface: 'eth0',
    hardwareAddress: '02:00:00:00:00:99',
    at: index * 1_000,
    packet: withIPv4Header({ message: encodeAdvertisement(advertisement(more), '192.0.2.2'), source: '192.0.2.2', destination: '224.0.0.18', ttl: 255 }),
  }));
const holding = { addresses: [{ interface: 'eth0', address: '192.0.2.1', prefixLength: 24 }, { interface: 'eth0', address: '192.0.2.10', prefixLength: 24 }] };

describe('a director', () => {
  it('that is well yields nothing, as backup and as master', () => {
    expect(found(facts(web, { ...daemon('BACKUP'), vrrp: heard(3) }))).toEqual([]);
    expect(found(facts(web, { ...daemon('MASTER'), host: holding }))).toEqual([]);
  });

  it('whose daemon does not answer, and that hears nobody', () => {
    expect(brief(facts(web, { daemon: { status: undefined, problem: 'no tandemd answers', processes: [] } }))).toEqual(['daemon_not_running tandemd', 'vrrp_not_heard web']);
  });

  it('whose daemon may not be asked is not blamed for what is not known', () => {
    expect(brief(facts(web, { daemon: undefined, host: holding, unseen: [{ what: 'tandemd', problem: 'no permission', remedy: 'be root' }] }))).toEqual(['not_examined tandemd']);
  });

  it('that hears nobody as backup; but not within less than two intervals', () => {
    expect(told(facts(web, daemon('BACKUP')))).toEqual(['vrrp_not_heard: this director is BACKUP, and no advertisement of virtual router 51 came from anyone by eth0 within 3.0 s']);
    expect(found(facts(web, { ...daemon('BACKUP'), listened: 1_500 }))).toEqual([]);
  });

  it('beside another master', () => {
    expect(told(facts(web, { ...daemon('MASTER'), host: holding, vrrp: heard(4) }))).toEqual(['two_masters: this director is MASTER, and 192.0.2.2 (02:00:00:00:00:99) advertises priority 150 without end (4 packets)']);
    // one that resigns, or has just been beaten
    expect(found(facts(web, { ...daemon('MASTER'), host: holding, vrrp: heard(2) }))).toEqual([]);
    expect(found(facts(web, { ...daemon('MASTER'), host: holding, vrrp: heard(4, { priority: 0 }) }))).toEqual([]);
  });

  it.each([
    ['vrrp_ttl', (packet: Buffer) => packet.fill(254, 8, 9)],
    ['vrrp_malformed', (packet: Buffer) => packet.fill(0x39, 20, 21)],
    ['vrrp_own_address', (packet: Buffer) => withIPv4Header({ message: encodeAdvertisement(advertisement(), '192.0.2.1'), source: '192.0.2.1', destination: '224.0.0.18', ttl: packet[8] ?? 0 })],
  ] as const)('that hears what is no advertisement of a peer: %s', (code, change) => {
    expect(brief(facts(web, { ...daemon('MASTER'), host: holding, vrrp: heard(2).map((each) => ({ ...each, packet: change(Buffer.from(each.packet)) })) }))).toEqual([`${code} web`]);
  });

  it('whose own packets come back is not its own peer', () => {
    expect(found(facts(web, { ...daemon('MASTER'), host: holding, vrrp: heard(4).map((each) => ({ ...each, hardwareAddress: '02:00:00:00:00:02' })) }))).toEqual([]);
  });

  it('in FAULT, with a changed file, without a capability', () => {
    expect(told(facts(web, daemon('FAULT', { reason: 'eth1 is down' })))).toEqual(['instance_fault: it is in FAULT: eth1 is down']);
    expect(brief(facts(web, { ...daemon('BACKUP'), vrrp: heard(1), file: { path: 'f', sha256: 'other' } }))).toEqual(['configuration_not_loaded f']);
    expect(brief(facts(web, { daemon: { ...daemon('MASTER').daemon, processes: [{ name: 'vrrp', lacks: ['CAP_NET_RAW'] }] }, host: holding }))).toEqual(['capability_missing vrrp']);
  });

  it('whose clock nothing keeps right: only where time stamps count', () => {
    const key = `hex:${'0b'.repeat(32)}`;
    const signed = instanceFile(`authentication: { type: hmac, keys: [{ id: 1, key: "${key}" }] }`);
    const free = { host: { ...holding, clockSynchronised: false } };
    expect(brief(facts(signed, { ...daemon('MASTER'), ...free }))).toEqual(['clock_not_synchronised web']);
    expect(found(facts(web, { ...daemon('MASTER'), ...free }))).toEqual([]);
    expect(found(facts(instanceFile(`authentication: { type: hmac, anti_replay: monotonic, keys: [{ id: 1, key: "${key}" }] }`), { ...daemon('MASTER'), ...free }))).toEqual([]);
  });

  it('with an interface that is down, missing, or without an address', () => {
    expect(told(facts(web, { ...daemon('MASTER'), host: { ...holding, links: [link('eth0', 2, { up: false, running: false })] } }))).toEqual(['interface_missing: eth0 is down']);
    expect(told(facts(web, { ...daemon('MASTER'), host: { ...holding, links: [link('eth7')] } }))).toEqual(['interface_missing: there is no interface eth0; there are: eth7']);
    expect(brief(facts(instanceFile('', 'virtual_addresses: [198.51.100.7/24]'), { ...daemon('BACKUP'), vrrp: heard(1, { addresses: ['198.51.100.7'] }), host: { addresses: [] } }))).toContain('interface_without_address web');
  });

  it('whose VIP is not held by the master, or has its mask from elsewhere', () => {
    expect(brief(facts(web, daemon('MASTER')))).toEqual(['vip_not_held web']);
    const place = (address: string): readonly string[] => brief(facts(instanceFile('', `virtual_addresses: [${address}]`), { ...daemon('FAULT'), host: { addresses: [...holding.addresses.slice(0, 1), { interface: 'eth1', address: '198.51.100.1', prefixLength: 24 }] } })).filter((line) => line.startsWith('vip'));
    expect(['192.0.2.7', '192.0.2.7/24', '192.0.2.7/25', '192.0.2.0/24', '192.0.2.255', '198.51.100.7', '203.0.113.7', '203.0.113.7/24'].map((address) => place(address)[0] ?? 'well')).toEqual(['well', 'well', 'vip_mask_differs web', 'vip_reserved web', 'vip_reserved web', 'vip_on_other_interface web', 'vip_outside_network web', 'well']);
  });

  it('whose VIP a master is heard for, and nobody answers for', () => {
    const stations = [{ interface: 'eth0', address: '192.0.2.10', hardwareAddresses: [] }];
    expect(brief(facts(web, { ...daemon('BACKUP'), vrrp: heard(3), stations }))).toEqual(['vip_not_answered web']);
    expect(found(facts(web, { ...daemon('BACKUP'), vrrp: heard(3), stations: [{ interface: 'eth0', address: '192.0.2.10', hardwareAddresses: ['02:00:00:00:00:99'] }] }))).toEqual([]);
    expect(found(facts(web, { ...daemon('BACKUP'), vrrp: heard(3), stations: [{ interface: 'eth0', address: '192.0.2.10', hardwareAddresses: ['00:00:5e:00:01:33'] }] }))).toEqual([]);
    // another virtual router is none of ours
    expect(brief(facts(web, { ...daemon('BACKUP'), vrrp: heard(3, { virtualRouterId: 9, addresses: ['192.0.2.77'] }), stations }))).toEqual(['vrrp_not_heard web']);
  });

  it('whose IPVS settings are not the configured ones, that is its own real server, that routes nothing', () => {
    const nat = serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: nat');
    expect(told(facts(nat, { host: { sysctls: { 'ipv4/ip_forward': '0', 'ipv4/vs/expire_nodest_conn': '0' } } }))).toEqual(['ip_forward: net.ipv4.ip_forward is 0', 'ipvs_setting: net.ipv4.vs.expire_nodest_conn is 0, and ipvs.expire_nodest_conn says 1']);
  });

  it('with redirects on one segment, and without what its kernel needs', () => {
    const nat = serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: nat');
    const given = facts(nat, { host: { sysctls: { 'ipv4/ip_forward': '1', 'ipv4/conf/all/send_redirects': '1', 'ipv4/conf/eth0/send_redirects': '0' }, missingModules: [{ name: 'ip_vs', problem: 'p' }, { name: 'ip_vs_wlc', problem: 'q' }] } });
    expect(brief(given)).toEqual(['kernel_module_missing ip_vs, ip_vs_wlc', 'send_redirects net.ipv4.conf.all.send_redirects']);
  });

  it('whose sync runs with another id, and hears one of another id', () => {
    const sync = `${web}ipvs: { sync: { instance: web, interface: eth0, id: 51 } }\n`;
    const running = (id: number) => (['master', 'backup'] as const).map((role) => ({ role, interface: 'eth0', id }));
    const given = (id: number, other: number) => facts(sync, { ...daemon('MASTER'), host: holding, sync: { daemons: running(id), heard: [{ source: '192.0.2.2', id: other, count: 2 }] } });
    expect(brief(given(51, 51))).toEqual([]);
    expect(brief(given(50, 52))).toEqual(['sync_not_running eth0', 'sync_id_differs eth0']);
  });

  it('beside a networkd that keeps addresses, or NetworkManager', () => {
    const given = (name: 'NetworkManager' | 'systemd-networkd', keeps: boolean, of = 'eth0') => brief(facts(web, { ...daemon('MASTER'), host: { ...holding, managers: [{ interface: of, name, keeps, file: '/f' }] } }));
    expect([given('systemd-networkd', true), given('NetworkManager', false, 'eth9')]).toEqual([[], []]);
    expect([given('systemd-networkd', false), given('NetworkManager', false)]).toEqual([['network_manager eth0'], ['network_manager eth0']]);
  });

  it('whose rules let its peer through, and nobody else', () => {
    const firewall = { saved: [{ family: 'ipv4' as const, program: 'iptables', text: '*filter\n:INPUT DROP [0:0]\n-A INPUT -s 192.0.2.2/32 -p vrrp -j ACCEPT\nCOMMIT\n' }], nft: undefined, arp: '' };
    const other = heard(1, { virtualRouterId: 9 }).map((each) => ({ ...each, packet: Buffer.concat([each.packet.subarray(0, 12), Buffer.from([192, 0, 2, 77]), each.packet.subarray(16)]) }));
    for (const vrrp of [heard(1), [...heard(1), ...other]]) expect(found(facts(web, { ...daemon('BACKUP'), vrrp, firewall }))).toEqual([]);
    // a master does not know from where its peer would speak
    expect(found(facts(web, { ...daemon('MASTER'), host: holding, firewall }))).toEqual([]);
    expect(brief(facts(instanceFile('unicast: { peers: [192.0.2.3] }'), { ...daemon('MASTER'), host: holding, firewall }))).toEqual(['firewall_drops_vrrp web']);
  });

  it('whose answers FORWARD drops, and whose rules drop the service', () => {
    const nat = serviceFile('', '{ address: 192.0.2.22, port: 8080 }', 'port: 80, forwarding: nat');
    const saved = (text: string) => ({ saved: [{ family: 'ipv4' as const, program: 'iptables', text: `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ${text}COMMIT\n` }], nft: undefined, arp: '' });
    expect(told(facts(nat, { firewall: saved('DROP [0:0]\n-A FORWARD -i docker0 -j ACCEPT\n'), host: { routes: [{ to: '192.0.2.22', interface: 'eth0', via: undefined, mtu: undefined }] } }))).toEqual(['firewall_drops_answers: what 192.0.2.22:8080 answers is dropped by iptables -t filter: the policy of FORWARD is DROP, and no rule accepts it']);
    // connection tracking may know it
    expect(found(facts(nat, { firewall: saved('DROP [0:0]\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n') }))).toEqual([]);
    expect(told(facts(nat, { firewall: saved('ACCEPT [0:0]\n-A INPUT -d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j DROP\n') }))).toEqual(['firewall_drops_service: what clients send to 192.0.2.10:80/tcp is dropped by iptables -t filter: -A INPUT -d 192.0.2.10/32 -p tcp -m tcp --dport 80 -j DROP']);
  });
});

describe('probes of real servers', () => {
  const common = { service: 'web', realServer: '192.0.2.22', port: 80, interface: 'eth0' };
  it.each([
    [{ ...common, kind: 'vip', forwarding: 'dr', hardwareAddress: '02:00:00:00:00:22', vip: '192.0.2.10', answer: 'reset' }, []],
    [{ ...common, kind: 'vip', forwarding: 'dr', hardwareAddress: '02:00:00:00:00:22', vip: '192.0.2.10', answer: 'none' }, ['real_server_without_vip web 192.0.2.22']],
    [{ ...common, kind: 'route', near: { source: 'a', answered: false }, far: { source: 'b', cameBy: undefined } }, []],
    [{ ...common, kind: 'route', near: { source: 'a', answered: true }, far: { source: 'b', cameBy: { interface: 'eth0', hardwareAddress: 'x' } } }, []],
    [{ ...common, kind: 'route', near: { source: 'a', answered: true }, far: { source: 'b', cameBy: { interface: 'eth1', hardwareAddress: 'x' } } }, ['nat_route_not_back web 192.0.2.22']],
    [{ ...common, kind: 'tunnel', vip: '192.0.2.10', size: 1500, small: false, large: false, told: undefined }, []],
    [{ ...common, kind: 'tunnel', vip: '192.0.2.10', size: 1500, small: true, large: false, told: undefined }, ['tunnel_mtu web 192.0.2.22']],
  ] as const)('%j', (probe, expected) => {
    expect(brief(facts(serviceFile(''), { probes: [probe] }))).toEqual(expected);
  });
});

describe('a real server', () => {
  const settings = (ignore: string, announce: string) => ({ 'ipv4/conf/all/arp_ignore': ignore, 'ipv4/conf/all/arp_announce': announce, 'ipv4/conf/eth0/arp_ignore': '0', 'ipv4/conf/eth0/arp_announce': '0' });
  const at = (vip: { readonly interface: string; readonly prefixLength: number } | undefined, sysctls: Readonly<Record<string, string>>, file = serviceFile(''), more: object = {}) =>
    facts(file, { role: 'real_server', host: { addresses: [{ interface: 'eth0', address: '192.0.2.22', prefixLength: 24 }, ...(vip ? [{ ...vip, address: '192.0.2.10' }] : [])], sysctls, ...more } });

  it.each([
    ['is well', at({ interface: 'lo', prefixLength: 32 }, settings('1', '2')), []],
    ['is well without the file', at({ interface: 'lo', prefixLength: 32 }, settings('1', '2'), ''), []],
    ['answers ARP', at({ interface: 'lo', prefixLength: 32 }, settings('0', '0'), ''), ['arp_ignore eth0', 'arp_announce eth0']],
    ['lacks the address', at(undefined, settings('0', '0')), ['real_server_without_vip web 192.0.2.22']],
    ['has it with a mask', at({ interface: 'lo', prefixLength: 24 }, settings('1', '2')), ['vip_prefix_on_lo 192.0.2.10']],
    ['has it on the network', at({ interface: 'eth0', prefixLength: 32 }, settings('1', '2')), ['vip_on_interface 192.0.2.10']],
    ['has no tunnel', at({ interface: 'lo', prefixLength: 32 }, settings('1', '2'), serviceFile('', undefined, 'port: 80, forwarding: tun')), ['tunnel_interface web 192.0.2.22']],
  ])('%s', (_, given, expected) => {
    expect(brief(given)).toEqual(expected);
  });

  it('may be silent by rules instead of settings', () => {
    const arp = '*filter\n-A INPUT -d 192.0.2.10 -j DROP\n-A OUTPUT -s 192.0.2.10 -j mangle --mangle-ip-s 192.0.2.22\n';
    expect(found({ ...at({ interface: 'lo', prefixLength: 32 }, settings('0', '0')), firewall: { saved: [], nft: undefined, arp } })).toEqual([]);
  });

  it('in NAT has its default route by way of the directors', () => {
    const file = `${instanceFile('')}${serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: nat')}`;
    const by = (via: string) => brief(at(undefined, {}, file, { routes: [{ to: 'default', interface: 'eth0', via, mtu: undefined }] }));
    expect([by('192.0.2.10'), by('192.0.2.254')]).toEqual([[], ['nat_route_not_back web 192.0.2.22']]);
  });
});

describe('the other director', () => {
  const file = `${web}${serviceFile('scheduler: rr, persistence: 300s', '{ address: 192.0.2.22, weight: 2 }')}`;
  const against = async (text: string): Promise<readonly string[]> => told(facts(file, { ...daemon('MASTER'), host: holding, peer: await readPeerTable(text, 'p') }));

  it('has the same, by its saved table; a server that is down is no difference', async () => {
    expect(await against('-A -t 192.0.2.10:80 -s rr -p 300\n-a -t 192.0.2.10:80 -r 192.0.2.22:80 -g -w 2\n')).toEqual([]);
    expect(await against('-A -t 192.0.2.10:80 -s rr -p 300\n')).toEqual([]);
  });

  it('has other services, schedulers, persistence, servers', async () => {
    expect(await against('-A -t 192.0.2.10:80 -s wlc\n-a -t 192.0.2.10:80 -r 192.0.2.23:80 -g -w 1\n-a -t 192.0.2.10:80 -r 192.0.2.22:80 -m -w 1\n-A -f 7 -6 -s rr\n')).toEqual([
      'peer_services_differ: mark 7 ipv6 is in p, and not here',
      'peer_services_differ: the scheduler of 192.0.2.10:80/tcp is rr here, and wlc in p',
      'peer_services_differ: the persistence of 192.0.2.10:80/tcp is 300 s here, and off in p',
      'peer_services_differ: the real server 192.0.2.23:80 of 192.0.2.10:80/tcp is in p, and not here',
      'peer_services_differ: the forwarding of 192.0.2.22:80 is dr here, and nat in p',
    ]);
  });

  const service = { name: 'web', services: ['192.0.2.10:80/tcp'], scheduler: 'rr', real_servers: [{ address: '192.0.2.22', port: 80, configured_weight: 2, forwarding: 'dr' }] };
  const theirs = (instance: object, server: object = {}): string => JSON.stringify(status({ instances: [instanceStatus('BACKUP', instance)], virtual_servers: [{ ...service, ...server } as never] }));

  it('has the same, by its status', async () => {
    expect(await against(theirs({}))).toEqual([]);
  });

  it('has other instances and servers, by its status', async () => {
    expect(await against(theirs({ virtual_router_id: 52, version: 2, advertisement_interval_ms: 2000, authentication: { type: 'pass' } }, { real_servers: [{ address: '192.0.2.22', port: 80, configured_weight: 1, forwarding: 'dr' }, { address: '192.0.2.23', port: 80, configured_weight: 1, forwarding: 'dr' }] }))).toEqual([
      'peer_instances_differ: virtual_router_id is 51 here, and 52 in p',
      'peer_instances_differ: version is 3 here, and 2 in p',
      'peer_instances_differ: advertisement_interval is 1000 ms here, and 2000 ms in p',
      'peer_instances_differ: authentication is none here, and pass in p',
      'peer_services_differ: the weight of 192.0.2.22:80 is 2 here, and 1 in p',
      'peer_services_differ: the real server 192.0.2.23:80 is in p, and not here',
    ]);
  });

  it.each(['hello', '{', '{}', '-A -t web:http -s rr\n', '-A\n'])('is not read from %j', async (text) => {
    await expect(readPeerTable(text, 'p')).rejects.toThrow(PeerTableError);
  });
});

it('the report says what, why and what to do, and at the end what was looked at', () => {
  const given = facts(web, { ...daemon('BACKUP'), unseen: [{ what: 'firewall', problem: 'nft: no', remedy: 'be root' }], vrrp: heard(1) });
  expect(formatReport(examine(given), given)).toBe(`warning: not_examined: firewall
  seen    nft: no
  why     a mistake there would stay unseen
  remedy  be root

web: 192.0.2.2 (02:00:00:00:00:99) advertises, priority 150, 1 packet within 3.0 s
looked at this host as a director, listened for 3.0 s: 0 errors, 1 warning`);
});
