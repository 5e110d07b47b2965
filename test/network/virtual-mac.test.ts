/** Virtual MAC addresses on real interfaces: what a switch and a client see, what the host has, what is left; keepalived as the other router. */
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration } from '../../src/config/model.js';
import { Milliseconds } from '../../src/time/microseconds.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { Keepalived } from './keepalived-daemon.js';
import { addressesOn, type Host, ipIn } from './namespaces.js';
import { macOf, onStage, type Stage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();

const virtualMac = '00:00:5e:00:01:33';
const virtualMac6 = '00:00:5e:00:02:33';
const web = (changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration =>
  instance({ virtualMac: { interface: 'vrrp.51', address: virtualMac }, virtualAddresses: [{ address: '10.77.0.100', prefixLength: 32, interface: 'vrrp.51', label: undefined, advertise: true }], ...changes });
const web6 = (changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration =>
  instance({
    virtualMac: { interface: 'vrrp6.51', address: virtualMac6 },
    virtualAddresses: ['fe80::100', '2001:db8:77::100'].map((address) => ({ address, prefixLength: 128, interface: 'vrrp6.51', label: undefined, advertise: true })),
    ...changes,
  });

interface LinkShown {
  readonly ifname: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly linkinfo?: { readonly info_kind?: string };
  readonly inet6_addr_gen_mode?: string;
}
const linkOn = (host: Host, name = 'vrrp.51'): LinkShown | undefined => (JSON.parse(ipIn(host, '-j', '-d', 'link', 'show')) as LinkShown[]).find(({ ifname }) => ifname === name);
const isUp = (host: Host, name = 'vrrp.51'): boolean => linkOn(host, name)?.flags.includes('UP') === true;
const inside = (host: Host, ...command: string[]): string => execFileSync('ip', ['netns', 'exec', host.namespace, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const setting = (host: Host, path: string): string => inside(host, 'cat', `/proc/sys/net/${path}`).trim();
const set = (host: Host, path: string, value: string): void => void inside(host, 'sh', '-c', `echo ${value} > /proc/sys/net/${path}`);
/** Whether someone at the address refuses a connection: then packets go both ways. */
const reaches = (from: Host, address: string, localAddress = ''): boolean => {
  const program = `const [host, localAddress] = process.argv.slice(1);
    const socket = require('net').connect({ host, port: 9, ...(localAddress ? { localAddress } : {}) });
    socket.on('error', ({ code }) => process.exit(code === 'ECONNREFUSED' ? 0 : 1));
    setTimeout(() => process.exit(1), 2000);`;
  return spawnSync('ip', ['netns', 'exec', from.namespace, process.execPath, '-e', program, address, localAddress]).status === 0;
};
const neighbourOf = (host: Host, address: string): string | undefined => /lladdr (\S+)/.exec(ipIn(host, 'neigh', 'show', address))?.[1];
/** The port behind which the switch has last seen the address. */
const switchPortOf = (stage: Stage, mac: string): string | undefined => {
  const table = execFileSync('bridge', ['-n', stage.a.namespace.replace(/a$/, 'sw'), 'fdb', 'show', 'br', 'br0'], { encoding: 'utf8' });
  return table.split('\n').flatMap((line) => (line.startsWith(`${mac} `) && !line.includes('permanent') ? (/dev (\S+)/.exec(line)?.[1] ?? []) : []))[0];
};
const eventually = async (condition: () => boolean, what: string): Promise<void> => {
  for (const end = Date.now() + 10_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const sourceOf = (octets: Buffer): string => [...octets.subarray(6, 12)].map((octet) => octet.toString(16).padStart(2, '0')).join(':');

describe.concurrent('two routers with a virtual MAC', () => {
  it('show a client the same address, and the switch another port, over a failover (RFC 9568, 7.2, 7.3)', onStage(async (stage) => {
    const client = stage.segment.host('c', '10.77.0.9/24');
    const wire = await stage.capture(client, 'ip proto 112 or arp');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await a.configure([web({ priority: 200 })]);
    await a.line(/^web: holding 1 address/);
    await b.configure([web()]);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    expect(await a.status()).toMatchObject({ virtual_mac: { interface: 'vrrp.51', address: virtualMac } });

    expect(addressesOn(stage.a, 'vrrp.51')).toEqual(['10.77.0.100/32']);
    expect(linkOn(stage.a)).toMatchObject({ address: virtualMac, linkinfo: { info_kind: 'macvlan' }, inet6_addr_gen_mode: 'none' });
    expect([isUp(stage.a), isUp(stage.b)]).toEqual([true, false]);
    expect(reaches(client, '10.77.0.100')).toBe(true);
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    expect(switchPortOf(stage, virtualMac)).toBe(stage.a.switchPort);
    // a speaks from the address to a host that does not know it yet: nobody learns another MAC for it
    ipIn(stage.a, 'neigh', 'flush', 'dev', 'e0');
    expect(reaches(stage.a, '10.77.0.9', '10.77.0.100')).toBe(true);
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    // and its own address keeps its own
    expect(reaches(client, '10.77.0.1')).toBe(true);
    expect(neighbourOf(client, '10.77.0.1')).toBe(macOf(stage.a));

    a.kill('SIGKILL');
    ipIn(stage.a, 'link', 'set', 'e0', 'down');
    await b.line(/^web: holding 1 address/);
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    await eventually(() => switchPortOf(stage, virtualMac) === stage.b.switchPort, 'the switch knows b');
    expect(reaches(client, '10.77.0.100')).toBe(true);
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);

    const advertisements = wire.frames.filter(({ octets }) => octets.readUInt16BE(12) === 0x0800);
    expect(wire.advertisements.length).toBe(advertisements.length); // they decode, header checksum and all
    expect(new Set(advertisements.map(({ octets }) => sourceOf(octets)))).toEqual(new Set([virtualMac]));
    expect(new Set(advertisements.map(({ octets }) => octets.subarray(0, 6).toString('hex')))).toEqual(new Set(['01005e000012']));
    const aboutIt = wire.arps.filter(({ octets }) => octets.subarray(28, 32).join('.') === '10.77.0.100');
    expect(aboutIt.some(({ octets }) => octets.readUInt16BE(20) === 2)).toBe(true);
    expect(new Set(aboutIt.map(({ octets }) => sourceOf(octets)))).toEqual(new Set([virtualMac]));
    expect(new Set(aboutIt.map(({ octets }) => octets.subarray(22, 28).toString('hex')))).toEqual(new Set([virtualMac.replaceAll(':', '')]));
  }));

  it('hear each other when both were master: the weaker one yields, and does not answer with the virtual MAC any more', onStage(async (stage) => {
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([web({ priority: 200 })]), b.configure([web()])]);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    const mark = b.mark;
    stage.segment.isolate(stage.a, true);
    await b.line(/^web: holding 1 address/, mark);
    expect([isUp(stage.a), isUp(stage.b)]).toEqual([true, true]);
    stage.segment.isolate(stage.a, false);
    await b.becomes('BACKUP', 'web', mark);
    await eventually(() => !isUp(stage.b), 'the macvlan of b is down');
    await eventually(() => addressesOn(stage.b, 'vrrp.51').length === 0, 'b has no address');
    expect((await a.status()).state).toBe('MASTER');
  }));
});

describe.concurrent('a router with a virtual MAC', () => {
  it('makes the settings that it needs, and leaves the host as it was', onStage(async (stage) => {
    set(stage.a, 'ipv4/conf/all/rp_filter', '1');
    set(stage.a, 'ipv4/conf/e0/rp_filter', '0');
    set(stage.a, 'ipv4/conf/e0/arp_announce', '1');
    const paths = ['all/rp_filter', 'e0/rp_filter', 'lo/rp_filter', 'default/rp_filter', 'e0/arp_ignore', 'e0/arp_announce'].map((path) => `ipv4/conf/${path}`);
    const before = paths.map((path) => setting(stage.a, path));
    const client = stage.segment.host('c', '10.77.0.9/24');
    const a = stage.child(stage.a);
    await a.configure([web()]);
    await a.line(/^web: holding 1 address/);
    expect(paths.map((path) => setting(stage.a, path))).toEqual(['0', '1', '1', '1', '1', '2']);
    for (const [name, value] of [['rp_filter', '0'], ['arp_ignore', '1'], ['arp_announce', '2'], ['arp_filter', '0']] as const) expect(setting(stage.a, `ipv4/conf/vrrp.51/${name}`)).toBe(value);
    expect(a.lines(/net.ipv4.conf.all.rp_filter 1 -> 0/)).toHaveLength(1);
    expect(reaches(client, '10.77.0.100')).toBe(true);
    await a.stop();
    expect(linkOn(stage.a)).toBeUndefined();
    expect(paths.map((path) => setting(stage.a, path))).toEqual(before);
  }));

  it('makes its interface again when someone deletes it, and stays master', onStage(async (stage) => {
    const client = stage.segment.host('c', '10.77.0.9/24');
    const a = stage.child(stage.a);
    await a.configure([web()]);
    await a.line(/^web: holding 1 address/);
    ipIn(stage.a, 'link', 'del', 'vrrp.51');
    await a.line(/^web: someone else deleted the interface vrrp.51 of the virtual MAC: made again/);
    await eventually(() => isUp(stage.a) && addressesOn(stage.a, 'vrrp.51').includes('10.77.0.100/32'), 'the address is back');
    expect(reaches(client, '10.77.0.100')).toBe(true);
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    ipIn(stage.a, 'link', 'set', 'vrrp.51', 'down');
    await eventually(() => isUp(stage.a), 'up again');
    expect(a.lines(/MASTER ->/)).toEqual([]);
  }));

  it('is in FAULT while somebody else has an interface of that name, and names the remedy', onStage(async (stage) => {
    ipIn(stage.a, 'link', 'add', 'vrrp.51', 'type', 'bridge');
    const a = stage.child(stage.a);
    await a.configure([web()]);
    expect((await a.becomes('FAULT')).message).toMatch(/there is an interface vrrp\.51 already that tandem did not make: remove it \(ip link del vrrp\.51\), or give virtual_mac/);
    ipIn(stage.a, 'link', 'del', 'vrrp.51');
    await a.line(/^web: holding 1 address/);
    expect(linkOn(stage.a)?.address).toBe(virtualMac);
  }));

  it('after a crash takes over what it made, with the settings from before; what is no longer wanted goes', onStage(async (stage) => {
    const before = setting(stage.a, 'ipv4/conf/e0/arp_ignore');
    const a = stage.child(stage.a);
    await a.configure([web()]);
    await a.line(/^web: holding 1 address/);
    const index = ipIn(stage.a, '-o', 'link', 'show', 'vrrp.51').split(':')[0];
    a.kill('SIGKILL');
    await a.exited;
    const again = stage.child(stage.a);
    const owned = [{ interface: 'vrrp.51', address: '10.77.0.100', prefixLength: 32 }];
    await again.configure([web()], { owned, ownedLinks: ['vrrp.51'] });
    await again.line(/^web: holding 1 address/);
    expect(ipIn(stage.a, '-o', 'link', 'show', 'vrrp.51').split(':')[0]).toBe(index);
    again.kill('SIGKILL');
    await again.exited;
    const third = stage.child(stage.a);
    await third.configure([instance()], { owned, ownedLinks: ['vrrp.51'] });
    await eventually(() => linkOn(stage.a) === undefined, 'it is gone');
    await eventually(() => setting(stage.a, 'ipv4/conf/e0/arp_ignore') === before, 'as before');
  }));

  it('takes the virtual MAC, and gives it up, as a reload says, and stays master', onStage(async (stage) => {
    const client = stage.segment.host('c', '10.77.0.9/24');
    const a = stage.child(stage.a);
    await a.configure([instance()]);
    await a.line(/^web: holding 1 address/);
    expect(reaches(client, '10.77.0.100')).toBe(true);
    expect(neighbourOf(client, '10.77.0.100')).toBe(macOf(stage.a));
    await a.configure([web()]);
    await eventually(() => neighbourOf(client, '10.77.0.100') === virtualMac, 'the client knows the virtual MAC');
    expect(reaches(client, '10.77.0.100')).toBe(true);
    await a.configure([instance()]);
    await eventually(() => linkOn(stage.a) === undefined, 'it is gone');
    await eventually(() => neighbourOf(client, '10.77.0.100') === macOf(stage.a), 'the client knows the interface again');
    expect(a.lines(/MASTER ->/)).toEqual([]);
  }));

  it('follows its interface, that goes and comes', onStage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([web()]);
    await a.line(/^web: holding 1 address/);
    ipIn(stage.a, 'link', 'del', 'e0');
    await a.becomes('FAULT');
    const mark = a.mark;
    stage.segment.host('n', '10.77.0.1/24', 'e0', stage.a);
    await a.line(/^web: holding 1 address/, mark);
    expect(linkOn(stage.a)?.address).toBe(virtualMac);
  }));

  it('speaks IPv6: a client reaches the link-local and the global address at the virtual MAC', onStage(async (stage) => {
    for (const host of [stage.a, stage.b]) ipIn(host, 'link', 'set', 'e0', 'addrgenmode', 'none');
    const client = stage.segment.host('c', '2001:db8:77::9/64');
    ipIn(client, 'addr', 'add', 'fe80::9/64', 'dev', 'e0', 'nodad');
    for (const [host, last] of [[stage.a, 'a'], [stage.b, 'b']] as const) {
      ipIn(host, '-6', 'addr', 'flush', 'dev', 'e0');
      ipIn(host, 'addr', 'add', `fe80::${last}/64`, 'dev', 'e0', 'nodad');
      ipIn(host, 'addr', 'add', `2001:db8:77::${last}/64`, 'dev', 'e0', 'nodad');
    }
    const wire = await stage.capture(client, 'ip6 proto 112');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await a.configure([web6({ priority: 200 })]);
    await a.line(/^web: holding 2 addresses/);
    await b.configure([web6()]);
    await eventually(() => reaches(client, '2001:db8:77::100') && reaches(client, 'fe80::100%e0'), 'both answer');
    expect([neighbourOf(client, '2001:db8:77::100'), neighbourOf(client, 'fe80::100')]).toEqual([virtualMac6, virtualMac6]);
    await a.stop();
    await b.line(/^web: holding 2 addresses/);
    await eventually(() => reaches(client, '2001:db8:77::100') && reaches(client, 'fe80::100%e0'), 'b answers');
    expect([neighbourOf(client, '2001:db8:77::100'), neighbourOf(client, 'fe80::100')]).toEqual([virtualMac6, virtualMac6]);
    expect(linkOn(stage.a, 'vrrp6.51')).toBeUndefined();
    expect(new Set(wire.frames.map(({ octets }) => sourceOf(octets)))).toEqual(new Set([virtualMac6]));
    expect(new Set(wire.advertisements.map(({ source }) => source))).toEqual(new Set(['fe80::a', 'fe80::b']));
  }));

  it('with unicast peers announces the virtual MAC, and advertises as any host', onStage(async (stage) => {
    const client = stage.segment.host('c', '10.77.0.9/24');
    const unicast = (peer: string): Partial<InstanceConfiguration> => ({ unicast: { source: undefined, peers: [peer], ttl: 255, minTtl: 255, maxTtl: 255 } });
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([web({ priority: 200, ...unicast('10.77.0.2') })]), b.configure([web(unicast('10.77.0.1'))])]);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    await a.line(/^web: holding 1 address/);
    expect(reaches(client, '10.77.0.100')).toBe(true);
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    expect(neighbourOf(stage.b, '10.77.0.1')).toBe(macOf(stage.a));
  }));

  it('moves both families of a sync group together', onStage(async (stage) => {
    for (const [host, last] of [[stage.a, 'a'], [stage.b, 'b']] as const) ipIn(host, 'addr', 'add', `fe80::${last}/64`, 'dev', 'e0', 'nodad');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    const syncGroups = [{ name: 'all', instances: ['web', 'web6'] }];
    await Promise.all([a.configure([web({ priority: 200 }), web6({ name: 'web6', priority: 200 })], { syncGroups }), b.configure([web(), web6({ name: 'web6' })], { syncGroups })]);
    await a.line(/^web6: holding/);
    await b.statusThat(({ master }) => master !== null, 'hearing a');
    await a.stop();
    await Promise.all([b.line(/^web: holding/), b.line(/^web6: holding/)]);
    expect([isUp(stage.b), isUp(stage.b, 'vrrp6.51')]).toEqual([true, true]);
    expect([linkOn(stage.a), linkOn(stage.a, 'vrrp6.51')]).toEqual([undefined, undefined]);
  }));
});

describe.concurrent('keepalived with use_vmac as the other router', () => {
  it('takes over, and gives back, the virtual MAC that the client knows', onStage(async (stage) => {
    const client = stage.segment.host('c', '10.77.0.9/24');
    // keepalived does not: asking for the client, it would announce the address with the MAC of e0
    set(stage.b, 'ipv4/conf/e0/arp_announce', '2');
    const other = stage.with(new Keepalived(stage.b, { version: 3, priority: 100, interval: 0.1, more: 'use_vmac' }));
    await other.becomes('MASTER');
    await eventually(() => reaches(client, '10.77.0.100'), 'keepalived answers');
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    const a = stage.child(stage.a);
    const mark = other.mark;
    await a.configure([web({ priority: 200, advertisementInterval: Milliseconds(100) })]);
    await a.line(/^web: holding 1 address/);
    await other.becomes('BACKUP', mark);
    await eventually(() => reaches(client, '10.77.0.100'), 'tandem answers');
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    expect(switchPortOf(stage, virtualMac)).toBe(stage.a.switchPort);
    const later = other.mark;
    await a.stop();
    await other.becomes('MASTER', later);
    await eventually(() => reaches(client, '10.77.0.100'), 'keepalived answers again');
    expect(neighbourOf(client, '10.77.0.100')).toBe(virtualMac);
    expect(other.complaints).toEqual([]);
  }));
});
