/** Gratuitous ARP as another host receives it: the burst, the second one, the refresh, and what the frames say. */
import { describe, expect, it } from 'vitest';
import type { VirtualAddress } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import type { CapturedArp } from './capture.js';
import { ipIn } from './namespaces.js';
import { Lateness, macOf, staged } from './stage.js';
import { instance } from './vrrp-child.js';

const context = staged();
const virtualAddresses: readonly VirtualAddress[] = ['10.77.0.100', '10.77.0.101'].map((address) => ({ address, prefixLength: 32, interface: 'e0', label: undefined, advertise: true }));

/** not the probes that ask whether anyone else has the addresses */
const announcing = 'arp and not src 0.0.0.0';

/** The first announcements, `count` of them, of a host that becomes MASTER. */
const announced = async (garp: { repeat: number; delay: number; refresh: number }, count: number): Promise<readonly CapturedArp[]> => {
  const { stage } = context;
  const arp = await stage.capture(stage.b, announcing);
  const a = stage.child(stage.a);
  await a.configure([instance({ virtualAddresses, garp: { repeat: garp.repeat, delay: Milliseconds(garp.delay), refresh: Milliseconds(garp.refresh) } })]);
  return arp.until(({ arps }) => (arps.length >= count ? arps.slice(0, count) : undefined), `${count} announcements`);
};
const targets = (arps: readonly CapturedArp[]): readonly string[] => arps.map(({ target }) => target.replace('10.77.0.', ''));

describe('a new master', () => {
  it('announces every address `repeat` times at once, again after `delay`, then once every `refresh`', async () => {
    const lateness = new Lateness();
    const arps = await announced({ repeat: 3, delay: 300, refresh: 1_000 }, 16);
    const round = ['100', '101'];
    expect(targets(arps)).toEqual([...round, ...round, ...round, ...round, ...round, ...round, ...round, ...round]);
    const [first, second, refresh, next] = [0, 6, 12, 14].map((index) => arps[index]?.at ?? 0) as [number, number, number, number];
    const slack = 20 + lateness.milliseconds;
    const near = (value: number, expected: number): void => {
      expect(value).toBeGreaterThan(expected - 5);
      expect(value).toBeLessThan(expected + slack);
    };
    near((arps[5]?.at ?? 0) - first, 0);
    near(second - first, 300);
    near(refresh - second, 1_000);
    near(next - refresh, 1_000);
  });

  it('announces by an ARP request, sender and target the virtual address, to everybody (RFC 5227, 3; RFC 9568, 8.2.1)', async () => {
    const [arp] = await announced({ repeat: 1, delay: 0, refresh: 0 }, 1);
    const mac = macOf(context.stage.a).replaceAll(':', '');
    const vip = '0a4d0064';
    // Ethernet: destination, source, type; ARP: Ethernet, IPv4, lengths, request, sender, target
    expect(arp?.octets.toString('hex')).toBe(['ffffffffffff', mac, '0806', '0001', '0800', '06', '04', '0001', mac, vip, 'ffffffffffff', vip].join(''));
  });

  it('advertises before it announces', async () => {
    const { stage } = context;
    const capture = await stage.capture(stage.b, `(${announcing}) or ip proto 112`);
    const a = stage.child(stage.a);
    await a.configure([instance({ virtualAddresses, garp: { repeat: 1, delay: Seconds(0), refresh: Seconds(0) } })]);
    await capture.until(({ arps }) => arps[0], 'announcement');
    expect(capture.frames[0]?.octets.readUInt16BE(12)).toBe(0x0800);
    expect(capture.advertisements[0]).toMatchObject({ source: '10.77.0.1', priority: 100, advertisement: { addresses: ['10.77.0.100', '10.77.0.101'], checksum: 'pseudo_header' } });
  });

  it('teaches the other hosts: they send to it from the first packet on', async () => {
    const { stage } = context;
    // b has learnt another station for the address
    ipIn(stage.b, 'neigh', 'replace', '10.77.0.100', 'lladdr', '02:00:00:00:00:01', 'dev', 'e0', 'nud', 'stale');
    await announced({ repeat: 1, delay: 0, refresh: 0 }, 2);
    const [neighbour] = JSON.parse(ipIn(stage.b, '-j', 'neigh', 'show', '10.77.0.100', 'dev', 'e0')) as { lladdr: string }[];
    expect(neighbour?.lladdr).toBe(macOf(stage.a));
  });
});

describe('a master that is no more', () => {
  it('announces nothing any more, neither the second burst nor the refresh', async () => {
    const { stage } = context;
    const a = stage.child(stage.a);
    await a.configure([instance({ virtualAddresses, garp: { repeat: 1, delay: Milliseconds(200), refresh: Milliseconds(300) } })]);
    await a.line(/^web: holding/);
    const arp = await stage.capture(stage.b, `${announcing} and arp[6:2] = 1 and ether src ${macOf(stage.a)}`);
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 150, virtualAddresses })]);
    await a.line(/^web: released/);
    const before = arp.arps.length;
    await b.statusThat(({ counters }) => (counters['advertisements_sent'] ?? 0) > 8, 'MASTER for a while');
    expect(arp.arps.length).toBe(before);
  });
});
