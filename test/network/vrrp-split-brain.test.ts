/** Two masters, and stations that answer ARP for what we hold: found within seconds, named, and announced again when it ends. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { type Host, ipIn } from './namespaces.js';
import { macOf, staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const context = staged();
const quietGarp = { repeat: 1, delay: Seconds(0), refresh: Seconds(0) };
const sysctl = (host: Host, setting: string): void => void execFileSync('ip', ['netns', 'exec', host.namespace, 'sysctl', '-qw', setting]);

const master = async (changes: Parameters<typeof instance>[0] = {}): Promise<VrrpChild> => {
  const { stage } = context;
  const a = stage.child(stage.a);
  await a.configure([instance({ priority: 150, garp: quietGarp, ...changes })]);
  await a.line(/^web: holding/);
  return a;
};

describe('another station that has an address of ours', () => {
  it('as a real server without ARP suppression has it is named within seconds; the address is announced again when it ends', async () => {
    const { stage } = context;
    const server = stage.segment.host('s', '10.77.0.22/24');
    const mac = macOf(server);
    const a = await master();
    const arp = await stage.capture(server, 'arp');
    ipIn(server, 'addr', 'add', '10.77.0.100/32', 'dev', 'lo');
    const { message, level, fields } = await a.line(/split brain/);
    expect(message).toBe(
      `web: split brain: ${mac} on e0 answers ARP for 10.77.0.100, which we hold: another master, or a real server that has the address without ARP suppression (arp_ignore=1, arp_announce=2)`,
    );
    expect({ level, fields }).toMatchObject({ level: 'error', fields: { conflict: 'arp', interface: 'e0', hardware_address: mac } });
    expect(await a.status()).toMatchObject({ state: 'MASTER', split_brain: true, conflicts: [{ kind: 'arp', hardware_address: mac, virtual_addresses: ['10.77.0.100'] }], counters: { split_brain: 1 } });
    sysctl(server, 'net.ipv4.conf.all.arp_ignore=1');
    const since = arp.arps.length;
    expect((await a.line(/split brain ended/)).fields).toMatchObject({ hardware_address: mac, count: expect.any(Number) });
    const isAnnouncement = ({ octets }: { octets: Buffer }): boolean => octets.subarray(28, 32).equals(octets.subarray(38, 42));
    await arp.until(({ arps }) => arps.slice(since).find(isAnnouncement), 'announcement');
    expect(await a.status()).toMatchObject({ split_brain: false, conflicts: [] });
  });

  it('is asked by a probe that tells nobody anything, and never by a BACKUP', async () => {
    const { stage } = context;
    const server = stage.segment.host('s', '10.77.0.22/24');
    const arp = await stage.capture(server, 'arp');
    const a = await master({ garp: { ...quietGarp, repeat: 1 } });
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 100 })]);
    const probe = await arp.until(({ arps }) => arps.find(({ octets }) => octets.subarray(28, 32).equals(Buffer.alloc(4))), 'probe');
    expect(probe.octets.toString('hex')).toBe(
      `ffffffffffff${macOf(stage.a).replaceAll(':', '')}0806000108000604${'0001'}${macOf(stage.a).replaceAll(':', '')}00000000${'000000000000'}0a4d0064`,
    );
    await a.statusThat(({ since }) => Date.now() - Date.parse(since) > 6_000, 'MASTER for a while');
    const probes = arp.arps.filter(({ octets }) => octets.subarray(28, 32).equals(Buffer.alloc(4)));
    expect(probes.length).toBeLessThanOrEqual(2);
    expect(probes.every(({ octets }) => octets.subarray(6, 12).toString('hex') === macOf(stage.a).replaceAll(':', ''))).toBe(true);
    expect(ipIn(server, 'neigh', 'show', '10.77.0.100')).not.toContain('INCOMPLETE');
    expect(a.lines(/split brain/)).toEqual([]);
  }, 20_000);

  it('is found among 1,000 addresses, within the rate of 100 questions a second', async () => {
    const { stage } = context;
    const server = stage.segment.host('s', '10.77.0.22/24');
    const virtualAddresses = Array.from({ length: 1_000 }, (_, index) => ({ address: `10.99.${index >> 8}.${index & 255}`, prefixLength: 32, interface: 'e0', label: undefined, advertise: index < 200 }));
    ipIn(server, 'addr', 'add', '10.99.3.200/32', 'dev', 'lo');
    const arp = await stage.capture(server, 'arp and src 0.0.0.0');
    const a = await master({ virtualAddresses });
    const from = Date.now();
    await a.line(/answers ARP for 10\.99\.3\.200,/, 0, 20_000);
    expect(arp.arps.length).toBeLessThan(100 + (Date.now() - from) / 9);
  }, 30_000);

  it('is none when it is this host itself, by another interface on the same segment', async () => {
    const { stage } = context;
    stage.segment.host('a', '10.77.0.8/24', 'e1', stage.a);
    const a = await master();
    await a.statusThat(({ since }) => Date.now() - Date.parse(since) > 2_500, 'MASTER for a while');
    expect(a.lines(/split brain/)).toEqual([]);
  });
});

describe('another master', () => {
  it('that does not yield is named with its addresses, and its end is told', async () => {
    const { stage } = context;
    const a = await master();
    const b = stage.child(stage.b);
    // deaf to a: the intervals of version 2 differ, or the passwords; here the versions
    await b.configure([instance({ priority: 100, version: 2, advertisementInterval: Seconds(1), authentication: undefined })]);
    const { message } = await a.line(/split brain: 10\.77\.0\.2/);
    expect(message).toBe(`web: split brain: 10.77.0.2 (${macOf(stage.b)}) is master too and does not yield, its packets are rejected: version`);
    await a.line(/split brain: .* answers ARP for 10\.77\.0\.100/);
    const { conflicts } = await a.status();
    expect(conflicts.map(({ kind, hardware_address: mac }) => [kind, mac])).toEqual(expect.arrayContaining([['master', macOf(stage.b)], ['arp', macOf(stage.b)]]));
    await b.stop();
    await a.line(/split brain ended: 10\.77\.0\.2/);
    await a.line(/split brain ended: .* ARP/);
    await a.statusThat(({ split_brain: split }) => !split, 'alone');
  }, 30_000);

  it('of lower priority that cannot hear us is named; when it hears us again it yields and the split brain ends', async () => {
    const { stage } = context;
    const a = await master();
    const b = stage.child(stage.b);
    // one way: what a multicasts does not reach b
    execFileSync('ip', ['netns', 'exec', stage.b.namespace, 'iptables', '-A', 'INPUT', '-p', '112', '-j', 'DROP']);
    await b.configure([instance({ priority: 100 })]);
    const { message, time } = await a.line(/split brain: 10\.77\.0\.2/);
    expect(message).toBe(`web: split brain: 10.77.0.2 (${macOf(stage.b)}) is master too and does not yield, at priority 100, ours is 150`);
    expect(time - (await b.becomes('MASTER')).time).toBeLessThan(3_000);
    execFileSync('ip', ['netns', 'exec', stage.b.namespace, 'iptables', '-F', 'INPUT']);
    await b.line(/MASTER -> BACKUP/);
    expect((await a.line(/split brain ended: 10\.77\.0\.2/)).fields).toMatchObject({ count: expect.any(Number), source: '10.77.0.2', hardware_address: macOf(stage.b) });
  }, 30_000);

  it('that yields at once is no split brain', async () => {
    const { stage } = context;
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 100, advertisementInterval: Milliseconds(100) })]);
    await b.line(/^web: holding/);
    const a = await master();
    await b.line(/^web: released/);
    await a.statusThat(({ since }) => Date.now() - Date.parse(since) > 3_000, 'MASTER for a while');
    expect([...a.lines(/split brain/), ...b.lines(/split brain/)]).toEqual([]);
    expect(await a.status()).toMatchObject({ split_brain: false, conflicts: [] });
  });
});
