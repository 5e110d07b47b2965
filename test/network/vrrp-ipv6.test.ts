/** IPv6 instances on real sockets: elections, what is on the wire, how the addresses are held. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration, UnicastConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { type Advertisement, encodeAdvertisement } from '../../src/vrrp/packet.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { addressesOn, type Host, ipIn } from './namespaces.js';
import { macOf, onStage, type Stage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();

const addresses = ['fe80::100', '2001:db8:77::100'];
const virtual = (list: readonly string[]): InstanceConfiguration['virtualAddresses'] =>
  list.map((address) => ({ address, prefixLength: address.includes(':') ? 128 : 32, interface: 'e0', label: undefined, advertise: true }));
const ipv6 = (changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration => instance({ virtualAddresses: virtual(addresses), ...changes });
const to = (...peers: readonly string[]): UnicastConfiguration => ({ source: undefined, peers, ttl: 255, minTtl: 0, maxTtl: 255 });

/** One link-local address each, usable at once: a is fe80::a, b is fe80::b. */
const linkLocal = (host: Host, address: string): void => {
  ipIn(host, 'link', 'set', 'e0', 'addrgenmode', 'none');
  ipIn(host, '-6', 'addr', 'flush', 'dev', 'e0');
  ipIn(host, 'addr', 'add', `${address}/64`, 'dev', 'e0', 'nodad');
};
const onIPv6Stage = (run: (stage: Stage) => Promise<void>) =>
  onStage(async (stage) => {
    linkLocal(stage.a, 'fe80::a');
    linkLocal(stage.b, 'fe80::b');
    await run(stage);
  });

interface Held {
  readonly local: string;
  readonly prefixlen: number;
  readonly nodad?: boolean;
  readonly deprecated?: boolean;
  readonly tentative?: boolean;
}
const heldOn = (host: Host): readonly Held[] => (JSON.parse(ipIn(host, '-j', '-6', 'addr', 'show', 'dev', 'e0')) as { addr_info?: Held[] }[]).flatMap(({ addr_info = [] }) => addr_info);
const holds = (host: Host): boolean => addresses.every((address) => heldOn(host).some(({ local, prefixlen }) => local === address && prefixlen === 128));

const inject = (from: Host, source: string, destination: string, hopLimit: number, message: Buffer): void => {
  const inside = ['netns', 'exec', from.namespace, process.execPath, new URL('inject-ipv6.mjs', import.meta.url).pathname];
  execFileSync('ip', [...inside, source, destination, String(hopLimit), message.toString('hex')], { stdio: ['ignore', 'ignore', 'inherit'] });
};
const message = (source: string, destination?: string, changes: object = {}): Buffer => {
  const advertisement: Advertisement = { version: 3, virtualRouterId: 51, priority: 200, addresses, interval: Milliseconds(100), checksum: 'pseudo_header', ...changes };
  return encodeAdvertisement(advertisement, source, destination);
};

describe.concurrent('two IPv6 routers', () => {
  it('elect one master from link-local addresses to ff02::12 at hop limit 255 (RFC 9568, 5.1.2); the backup takes over after a crash', onIPv6Stage(async (stage) => {
    const wire = await stage.capture(stage.b, 'ip6 proto 112');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([ipv6({ priority: 200 })]), b.configure([ipv6()])]);
    expect((await a.line(/^web: holding/)).message).toBe('web: holding 2 addresses, 6 Neighbour Advertisements sent');
    const heard = await b.statusThat(({ master, counters }) => master === 'fe80::a' && (counters['advertisements_received'] ?? 0) > 5, 'hearing a');
    expect(heard).toMatchObject({ state: 'BACKUP', family: 'ipv6', master_priority: 200, address_list_agrees: true });
    expect([holds(stage.a), holds(stage.b)]).toEqual([true, false]);
    await wire.until(({ advertisements }) => (advertisements.length > 5 ? true : undefined), 'advertisements');
    for (const { source, advertisement } of wire.advertisements.filter(({ priority }) => priority === 200)) expect({ source, advertisement }).toMatchObject({ source: 'fe80::a', advertisement: { addresses } });
    const [first] = wire.frames;
    expect(first?.octets.subarray(0, 6).toString('hex')).toBe('333300000012');
    expect([first?.octets.readUInt16BE(14), first?.octets.readUInt8(21)]).toEqual([0x6c00, 255]);
    const mark = b.mark;
    a.kill('SIGKILL');
    expect((await b.becomes('MASTER', 'web', mark)).message).toMatch(/^web: BACKUP -> MASTER, no advertisement from fe80::a/);
    await b.line(/^web: holding/, mark);
    expect(holds(stage.b)).toBe(true);
  }));

  it('of equal priority: the numerically higher address wins (RFC 9568, 6.4.3)', onIPv6Stage(async (stage) => {
    linkLocal(stage.a, 'fe80::9');
    linkLocal(stage.b, 'fe80::10');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    stage.segment.isolate(stage.b, true);
    await Promise.all([a.configure([ipv6()]), b.configure([ipv6()])]);
    await Promise.all([a.line(/^web: holding/), b.line(/^web: holding/)]);
    stage.segment.isolate(stage.b, false);
    expect((await a.line(/^web: MASTER -> BACKUP/)).message).toBe('web: MASTER -> BACKUP, fe80::10 advertises priority 100 and the higher address, ours is 100');
    await a.line(/^web: released 2/);
    expect([holds(stage.a), holds(stage.b)]).toEqual([false, true]);
  }));

  it('hand over in order: released, resigned, nothing left behind', onIPv6Stage(async (stage) => {
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([ipv6({ priority: 200 })]), b.configure([ipv6()])]);
    await b.statusThat(({ master }) => master === 'fe80::a', 'hearing a');
    await a.line(/^web: holding/);
    const mark = b.mark;
    await a.stop();
    expect((await b.becomes('MASTER', 'web', mark)).message).toBe('web: BACKUP -> MASTER, fe80::a resigned');
    expect(heldOn(stage.a).map(({ local }) => local)).toEqual(['fe80::a']);
  }));
});

describe.concurrent('the addresses of an IPv6 master', () => {
  it('are there without duplicate address detection, those of length 128 deprecated; put back when someone else deletes them', onIPv6Stage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([ipv6({ virtualAddresses: [...virtual(addresses), { address: '2001:db8:77::101', prefixLength: 64, interface: 'e0', label: undefined, advertise: true }] })]);
    await a.line(/^web: holding 3 addresses/);
    const found = heldOn(stage.a).filter(({ local }) => local !== 'fe80::a').map(({ local, prefixlen, nodad, deprecated, tentative }) => ({ local, prefixlen, nodad, deprecated, tentative }));
    expect(found.sort((x, y) => (x.local < y.local ? -1 : 1))).toEqual([
      { local: '2001:db8:77::100', prefixlen: 128, nodad: true, deprecated: true, tentative: undefined },
      { local: '2001:db8:77::101', prefixlen: 64, nodad: true, deprecated: undefined, tentative: undefined },
      { local: 'fe80::100', prefixlen: 128, nodad: true, deprecated: true, tentative: undefined },
    ]);
    ipIn(stage.a, 'addr', 'del', '2001:db8:77::100/128', 'dev', 'e0');
    await a.line(/^web: put back 1 address/);
    expect(holds(stage.a)).toBe(true);
  }));

  it('are announced `repeat` times and again after `delay` by Neighbour Advertisements, with the router flag where the host forwards', onIPv6Stage(async (stage) => {
    execFileSync('ip', ['netns', 'exec', stage.a.namespace, 'sysctl', '-qw', 'net.ipv6.conf.e0.forwarding=1']);
    const wire = await stage.capture(stage.b, 'icmp6 and ip6[40] == 136 and dst ff02::1');
    const a = stage.child(stage.a);
    await a.configure([ipv6({ garp: { repeat: 2, delay: Milliseconds(200), refresh: Seconds(0) } })]);
    await wire.until(({ frames }) => (frames.length >= 8 ? true : undefined), 'eight Neighbour Advertisements');
    const mac = macOf(stage.a).replaceAll(':', '');
    for (const { octets } of wire.frames) {
      // to ff02::1 by its Ethernet group, from our station, hop limit 255, router and override, our link-layer address as option
      expect([octets.toString('hex', 0, 12), octets.readUInt8(21), octets.readUInt8(58), octets.toString('hex', 78, 86)]).toEqual([`333300000001${mac}`, 255, 0xa0, `0201${mac}`]);
    }
    expect(wire.frames.length).toBe(8);
    expect((await a.status()).counters).toMatchObject({ neighbour_advertisements_sent: 8 });
  }));

  it('are reachable at once for a host that knew them at another station', onIPv6Stage(async (stage) => {
    ipIn(stage.b, 'neigh', 'replace', 'fe80::100', 'lladdr', '02:00:00:00:00:99', 'dev', 'e0', 'nud', 'reachable');
    const a = stage.child(stage.a);
    await a.configure([ipv6()]);
    await a.line(/^web: holding/);
    expect(ipIn(stage.b, 'neigh', 'show', 'fe80::100', 'dev', 'e0')).toContain(macOf(stage.a));
    const connect = "require('net').connect(9, 'fe80::100%e0').on('error', ({ code }) => console.log(code))";
    expect(execFileSync('ip', ['netns', 'exec', stage.b.namespace, process.execPath, '-e', connect], { encoding: 'utf8', timeout: 5_000 })).toBe('ECONNREFUSED\n');
  }));
});

describe.concurrent('an IPv6 instance', () => {
  it('is in FAULT while the interface has no link-local address that passed duplicate address detection, and recovers', onIPv6Stage(async (stage) => {
    ipIn(stage.a, '-6', 'addr', 'flush', 'dev', 'e0');
    const a = stage.child(stage.a);
    await a.configure([ipv6()]);
    expect(await a.status()).toMatchObject({ state: 'FAULT', reason: 'interface e0 has no usable link-local IPv6 address of its own' });
    ipIn(stage.a, 'addr', 'add', 'fe80::a/64', 'dev', 'e0'); // with detection: tentative for a second
    await a.becomes('MASTER');
    await a.line(/^web: holding/);
    expect(a.lines(/could not be sent/)).toEqual([]);
  }));

  it('rejects and counts what it must not believe', onIPv6Stage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([ipv6()]);
    await a.line(/^web: holding/);
    const wrong = message('fe80::b');
    wrong.writeUInt16BE(wrong.readUInt16BE(6) ^ 1, 6);
    const packets: readonly (readonly [string, () => void])[] = [
      ['ttl', () => inject(stage.b, 'fe80::b', 'ff02::12', 254, message('fe80::b'))],
      ['checksum', () => inject(stage.b, 'fe80::b', 'ff02::12', 255, wrong)],
      ['destination', () => inject(stage.b, 'fe80::b', 'fe80::a', 255, message('fe80::b', 'fe80::a'))],
      ['unknown_virtual_router_id', () => inject(stage.b, 'fe80::b', 'ff02::12', 255, message('fe80::b', undefined, { virtualRouterId: 9 }))],
    ];
    for (const [reason, send] of packets) {
      send();
      await a.statusThat(({ counters }) => counters[`rejected.${reason}`] === 1, `counting ${reason}`);
    }
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    inject(stage.b, 'fe80::b', 'ff02::12', 255, message('fe80::b'));
    await a.line(/^web: MASTER -> BACKUP, fe80::b advertises priority 200, ours is 100$/);
  }));

  it('stands beside an IPv4 instance of the same VRID, in one sync group', onIPv6Stage(async (stage) => {
    const both = (priority: number) => [ipv6({ name: 'web6', priority }), instance({ name: 'web4', priority })];
    const syncGroups = [{ name: 'web', instances: ['web6', 'web4'] }];
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure(both(200), { syncGroups }), b.configure(both(100), { syncGroups })]);
    await Promise.all([a.line(/^web6: holding 2 addresses/), a.line(/^web4: holding 1 address/)]);
    await b.statusThat(({ master }) => master === 'fe80::a', 'hearing a', 'web6');
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a', 'web4');
    const mark = b.mark;
    ipIn(stage.a, '-6', 'addr', 'del', 'fe80::a/64', 'dev', 'e0');
    await a.line(/^web4: MASTER -> FAULT, sync group web: web6 is in FAULT/);
    await Promise.all([b.becomes('MASTER', 'web6', mark), b.becomes('MASTER', 'web4', mark)]);
    await b.line(/^web4: holding/, mark);
    await b.line(/^web6: holding/, mark);
    expect([holds(stage.b), addressesOn(stage.b).includes('10.77.0.100/32')]).toEqual([true, true]);
    expect([holds(stage.a), addressesOn(stage.a).includes('10.77.0.100/32')]).toEqual([false, false]);
  }));

  it('takes over what a killed child left, and removes what is not configured any more', onIPv6Stage(async (stage) => {
    const first = stage.child(stage.a);
    const list = virtual([...addresses, '2001:db8:77::102']);
    await first.configure([ipv6({ virtualAddresses: list })]);
    await first.line(/^web: holding/);
    first.kill('SIGKILL');
    await first.exited;
    const owned = list.map(({ interface: name, address, prefixLength }) => ({ interface: name, address, prefixLength }));
    const second = stage.child(stage.a);
    await second.configure([ipv6()], { owned });
    await second.line(/^removed 1 address of an earlier configuration: 2001:db8:77::102\/128 on e0$/);
    await second.line(/^web: holding/);
    expect(second.lines(/is there already/)).toEqual([]);
    expect(heldOn(stage.a).map(({ local }) => local).sort()).toEqual(['2001:db8:77::100', 'fe80::100', 'fe80::a']);
    await second.stop();
    expect(heldOn(stage.a).map(({ local }) => local)).toEqual(['fe80::a']);
  }));

  it('of an interface that goes down, with which the kernel drops its addresses, comes back when it has a link-local address again', onIPv6Stage(async (stage) => {
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([ipv6({ priority: 200 })]), b.configure([ipv6()])]);
    await a.line(/^web: holding/);
    await b.statusThat(({ master }) => master === 'fe80::a', 'hearing a');
    const [markA, markB] = [a.mark, b.mark];
    ipIn(stage.a, 'link', 'set', 'e0', 'down');
    await a.line(/^web: MASTER -> FAULT, interface e0 is down$/, markA);
    await b.becomes('MASTER', 'web', markB);
    ipIn(stage.a, 'link', 'set', 'e0', 'up');
    await a.statusThat(({ reason }) => reason === 'interface e0 has no usable link-local IPv6 address of its own', 'without an address');
    ipIn(stage.a, 'addr', 'add', 'fe80::a/64', 'dev', 'e0', 'nodad');
    await a.line(/^web: holding/, markA);
    await b.line(/^web: MASTER -> BACKUP, fe80::a advertises priority 200/, markB);
    expect(a.lines(/someone else|could not be (added|removed)|VRRP socket/)).toEqual([]);
    await b.line(/^web: released/, markB);
    expect([holds(stage.a), holds(stage.b)]).toEqual([true, false]);
  }));

  it('holds addresses of the other family beside its own, and announces both', onIPv6Stage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([ipv6({ virtualAddresses: [...virtual(addresses), { ...virtual(['10.77.0.100'])[0], advertise: false } as InstanceConfiguration['virtualAddresses'][number]] })]);
    expect((await a.line(/^web: holding/)).message).toBe('web: holding 3 addresses, 3 gratuitous ARPs and 6 Neighbour Advertisements sent');
    expect(addressesOn(stage.a)).toContain('10.77.0.100/32');
  }));

  it('has unicast peers, link-local or global, and bounds their hop limit', onIPv6Stage(async (stage) => {
    ipIn(stage.a, 'addr', 'add', '2001:db8:77::1/64', 'dev', 'e0', 'nodad');
    ipIn(stage.b, 'addr', 'add', '2001:db8:77::2/64', 'dev', 'e0', 'nodad');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    const wire = await stage.capture(stage.b, 'ip6 proto 112');
    const global = (priority: number, peer: string) => ipv6({ priority, unicast: { ...to(peer), ttl: 77, minTtl: 70 } });
    const local = (priority: number, peer: string) => ipv6({ name: 'lan', virtualRouterId: 52, virtualAddresses: virtual(['fe80::200']), priority, unicast: to(peer) });
    await Promise.all([
      a.configure([global(200, '2001:db8:77::2'), local(200, 'fe80::b')]),
      b.configure([global(100, '2001:db8:77::1'), local(100, 'fe80::a')]),
    ]);
    await b.statusThat(({ master }) => master === '2001:db8:77::1', 'hearing a');
    await b.statusThat(({ master }) => master === 'fe80::a', 'hearing a', 'lan');
    const seen = new Set(wire.frames.filter(({ octets }) => octets.toString('hex', 6, 12) === macOf(stage.a).replaceAll(':', '')).map(({ octets }) => `${octets.readUInt8(21)} ${octets.toString('hex', 38, 54)}`));
    expect([...seen].sort()).toEqual(['255 fe80000000000000000000000000000b', '77 20010db8007700000000000000000002']);
    expect(execFileSync('ip', ['-n', stage.b.namespace, 'maddr', 'show', 'dev', 'e0'], { encoding: 'utf8' })).not.toContain('ff02::12');
    inject(stage.a, '2001:db8:77::1', '2001:db8:77::2', 69, message('2001:db8:77::1', '2001:db8:77::2'));
    await b.statusThat(({ counters }) => counters['rejected.ttl'] === 1, 'counting a hop limit of 69');
  }));
});
