/** Announcements at a limited rate, and of the source of unicast, as another host receives them. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration, UnicastConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { requireNetworkNamespaces } from '../tiers.js';
import type { Frame } from './capture.js';
import { addressesOn, ipIn } from './namespaces.js';
import { macOf, onStage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();

const virtual = (addresses: readonly string[], on = 'e0'): InstanceConfiguration['virtualAddresses'] =>
  addresses.map((address) => ({ address, prefixLength: address.includes(':') ? 128 : 32, interface: on, label: undefined, advertise: true }));
const four = ['10.77.0.100', '10.77.0.101', '10.77.0.102', '10.77.0.103'];
const announcing = 'arp and not src 0.0.0.0';
const to = (...peers: readonly string[]): UnicastConfiguration => ({ source: undefined, peers, ttl: 255, minTtl: 0, maxTtl: 255 });

/** Milliseconds between one frame and the next. */
const gaps = (frames: readonly Frame[]): readonly number[] => frames.slice(1).map(({ at }, index) => at - (frames[index]?.at ?? at));
/** seen on the interface that they leave by, so that only two clocks may differ */
const wobble = 1;

describe.concurrent('gratuitous ARP with an interval of 20 ms', () => {
  // long: what a busy machine holds up for longer than the master down interval is announced again
  const advertisementInterval = Seconds(1);
  const garp = { repeat: 3, delay: Milliseconds(50), refresh: Seconds(0), interval: Milliseconds(20) };

  it('leaves an interface one every 20 ms at most; the second burst waits for the first, and all are counted', onStage(async (stage) => {
    const arp = await stage.capture(stage.a, announcing);
    const a = stage.child(stage.a);
    await a.configure([instance({ virtualAddresses: virtual(four), garp, advertisementInterval })]);
    expect((await a.line(/^web: holding/)).message).toBe('web: holding 4 addresses, announced at most every 20 ms');
    expect(arp.frames.length).toBeLessThan(12);
    expect(addressesOn(stage.a)).toEqual(expect.arrayContaining(four.map((address) => `${address}/32`)));
    await arp.until(({ frames }) => (frames.length >= 24 ? true : undefined), '24 announcements');
    expect(Math.min(...gaps(arp.frames))).toBeGreaterThan(20 - wobble);
    expect(arp.arps.map(({ target }) => target)).toEqual(Array.from({ length: 6 }, () => four).flat());
    expect((await a.line(/gratuitous ARPs sent/)).message).toBe('web: 12 gratuitous ARPs sent');
    await a.statusThat(({ counters }) => counters['garp_sent'] === 24, 'counting 24');
  }));

  it('is shared by the instances on an interface, which take turns; another interface does not wait', onStage(async (stage) => {
    stage.segment.host('a', undefined, 'e1', stage.a);
    const arp = await stage.capture(stage.a, announcing);
    const other = await stage.capture(stage.a, announcing, 'e1');
    const a = stage.child(stage.a);
    const once = { ...garp, delay: Seconds(0) };
    await a.configure([
      instance({ virtualAddresses: virtual(four.slice(0, 2)), garp: once, advertisementInterval }),
      instance({ name: 'lan', virtualRouterId: 52, virtualAddresses: virtual(four.slice(2)), garp: once, advertisementInterval }),
      instance({ name: 'quick', virtualRouterId: 53, virtualAddresses: virtual(['10.77.0.110'], 'e1'), garp: { ...once, interval: Seconds(0) }, advertisementInterval }),
    ]);
    await Promise.all(['web', 'lan', 'quick'].map((name) => a.line(new RegExp(`^${name}: .*gratuitous ARPs sent`))));
    const paced = await arp.until(({ frames }) => {
      const here = frames.filter(({ octets }) => octets.toString('hex', 38, 42) !== '0a4d006e'); // the switch brings e1's back
      return here.length >= 12 ? here : undefined;
    }, 'twelve announcements');
    expect(paced.length).toBe(12);
    expect(Math.min(...gaps(paced))).toBeGreaterThan(20 - wobble);
    // from the first one of the second instance on they take turns: neither waits for the end of the other
    const owners = paced.map(({ octets }) => (octets.readUInt8(41) < 102 ? 'web' : 'lan'));
    expect(Math.abs(owners.lastIndexOf('web') - owners.lastIndexOf('lan'))).toBeLessThanOrEqual(3);
    const quick = await other.until(({ frames }) => {
      const sent = frames.filter(({ octets }) => octets.toString('hex', 38, 42) === '0a4d006e');
      return sent.length >= 3 ? sent : undefined;
    }, 'three announcements on e1');
    expect(quick.length).toBe(3);
    expect((quick[2]?.at ?? 0) - (quick[0]?.at ?? 0)).toBeLessThan((paced.at(-1)?.at ?? 0) - (paced[0]?.at ?? 0));
  }));

  it('ends with mastership: what is left of a burst is not sent', onStage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([instance({ virtualAddresses: virtual(four), garp: { ...garp, repeat: 100 } })]);
    await a.line(/^web: holding/);
    const arp = await stage.capture(stage.b, `${announcing} and ether src ${macOf(stage.a)}`);
    await arp.until(({ frames }) => (frames.length >= 2 ? true : undefined), 'announcements');
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 150, virtualAddresses: virtual(four) })]);
    await a.line(/^web: released/);
    const sent = (await a.status()).counters['garp_sent'] ?? 0;
    await b.statusThat(({ counters }) => (counters['advertisements_sent'] ?? 0) > 4, 'MASTER for a while');
    expect((await a.status()).counters['garp_sent']).toBe(sent);
    expect(sent).toBeLessThan(400);
  }));
});

describe.concurrent('the source of unicast, when its interface comes back', () => {
  it('is announced once by gratuitous ARP: the peers learn where it is', onStage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([instance({ unicast: to('10.77.0.2'), garp: { repeat: 1, delay: Seconds(0), refresh: Seconds(0) } })]);
    await a.line(/^web: holding/);
    const before = (await a.status()).counters['garp_sent'] ?? 0;
    stage.segment.cable(stage.a, 'down');
    await a.becomes('FAULT');
    // while it was away, b has learnt another station for it
    ipIn(stage.b, 'neigh', 'replace', '10.77.0.1', 'lladdr', '02:00:00:00:00:01', 'dev', 'e0', 'nud', 'stale');
    const arp = await stage.capture(stage.b, `${announcing} and arp[14:4] = arp[24:4]`);
    const mark = a.mark;
    stage.segment.cable(stage.a, 'up');
    await a.line(/^web: FAULT -> BACKUP/, mark);
    const announced = await arp.until(({ arps }) => arps.find(({ target }) => target === '10.77.0.1'), 'announcement of the source');
    const mac = macOf(stage.a).replaceAll(':', '');
    expect(announced.octets.toString('hex')).toBe(['ffffffffffff', mac, '0806', '0001', '0800', '06', '04', '0001', mac, '0a4d0001', 'ffffffffffff', '0a4d0001'].join(''));
    const [neighbour] = JSON.parse(ipIn(stage.b, '-j', 'neigh', 'show', '10.77.0.1', 'dev', 'e0')) as { lladdr: string }[];
    expect(neighbour?.lladdr).toBe(macOf(stage.a));
    await a.line(/^web: holding/, mark);
    expect(arp.arps.filter(({ target }) => target === '10.77.0.1').length).toBe(1);
    expect((await a.status()).counters['garp_sent']).toBe(before + 2);
  }));

  it('is announced by a Neighbour Advertisement where it is IPv6, and not at all without unicast', onStage(async (stage) => {
    for (const [host, address] of [[stage.a, 'fe80::a'], [stage.b, 'fe80::b']] as const) {
      ipIn(host, 'link', 'set', 'e0', 'addrgenmode', 'none');
      ipIn(host, '-6', 'addr', 'flush', 'dev', 'e0');
      ipIn(host, 'addr', 'add', `${address}/64`, 'dev', 'e0', 'nodad');
    }
    const a = stage.child(stage.a);
    const garp = { repeat: 1, delay: Seconds(0), refresh: Seconds(0) };
    await a.configure([
      instance({ virtualAddresses: virtual(['fe80::100']), unicast: to('fe80::b'), garp }),
      instance({ name: 'lan', virtualRouterId: 52, virtualAddresses: virtual(four), garp }),
    ]);
    await Promise.all([a.line(/^web: holding/), a.line(/^lan: holding/)]);
    stage.segment.cable(stage.a, 'down');
    await Promise.all([a.becomes('FAULT', 'web'), a.becomes('FAULT', 'lan')]);
    const wire = await stage.capture(stage.b, `(icmp6 and ip6[40] == 136 and dst ff02::1) or (${announcing})`);
    const mark = a.mark;
    stage.segment.cable(stage.a, 'up');
    await Promise.all([a.line(/^web: holding/, mark), a.line(/^lan: holding/, mark)]);
    const target = 'fe80000000000000000000000000000a';
    const announced = await wire.until(({ frames }) => frames.find(({ octets }) => octets.length >= 86 && octets.toString('hex', 62, 78) === target), 'announcement of the source');
    expect(announced.octets.toString('hex', 22, 38)).toBe(target);
    expect(announced.octets.toString('hex', 80, 86)).toBe(macOf(stage.a).replaceAll(':', ''));
    expect(wire.arps.filter(({ target: address }) => address === '10.77.0.1')).toEqual([]);
  }));
});
