/** A station that answers Neighbour Solicitations for what we hold: found within seconds, named, and announced again when it ends. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Seconds } from '../../src/time/microseconds.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { type Host, ipIn } from './namespaces.js';
import { macOf, onStage, type Stage } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

requireNetworkNamespaces();

const addresses = ['fe80::100', '2001:db8:77::100'];
const vip = '2001:db8:77::100';

const linkLocal = (host: Host, address: string): void => {
  ipIn(host, 'link', 'set', 'e0', 'addrgenmode', 'none');
  ipIn(host, '-6', 'addr', 'flush', 'dev', 'e0');
  ipIn(host, 'addr', 'add', `${address}/64`, 'dev', 'e0', 'nodad');
};
/** Host a is MASTER; hosts b and s are on its segment. */
const onSegment = (run: (stage: Stage, master: VrrpChild, server: Host) => Promise<void>) =>
  onStage(async (stage) => {
    const server = stage.segment.host('s', undefined);
    [stage.a, stage.b, server].forEach((host, index) => linkLocal(host, `fe80::${'abc'[index] ?? ''}`));
    const a = stage.child(stage.a);
    const virtualAddresses = addresses.map((address) => ({ address, prefixLength: 128, interface: 'e0', label: undefined, advertise: true }));
    await a.configure([instance({ virtualAddresses, garp: { repeat: 1, delay: Seconds(0), refresh: Seconds(0) } })]);
    await a.line(/^web: holding/);
    await run(stage, a, server);
  });
const neighbour = (host: Host): string => ipIn(host, 'neigh', 'show', vip, 'dev', 'e0');

describe.concurrent('another station that has an IPv6 address of ours', () => {
  it('is named within seconds; asking for it tells nobody else; the address is announced again when it ends', { timeout: 30_000 }, onSegment(async (stage, a, server) => {
    const mac = macOf(server);
    ipIn(stage.b, 'neigh', 'replace', vip, 'lladdr', macOf(stage.a), 'dev', 'e0', 'nud', 'reachable');
    const wire = await stage.capture(stage.b, 'icmp6 and ip6[40] == 136');
    ipIn(server, 'addr', 'add', `${vip}/128`, 'dev', 'e0', 'nodad');
    const { message, level, fields } = await a.line(/split brain/);
    expect(message).toBe(`web: split brain: ${mac} on e0 sends Neighbour Advertisements for ${vip}, which we hold: another master, or a real server that has the address on that interface instead of lo`);
    expect({ level, fields }).toMatchObject({ level: 'error', fields: { conflict: 'ndp', interface: 'e0', hardware_address: mac } });
    const status = await a.status();
    expect(status).toMatchObject({ state: 'MASTER', split_brain: true, conflicts: [{ kind: 'ndp', hardware_address: mac, virtual_addresses: [vip] }], counters: { split_brain: 1 } });
    expect(status.counters['foreign_neighbour_advertisements_received']).toBeGreaterThan(1);
    // it answered us alone
    expect(neighbour(stage.b)).toContain(macOf(stage.a));
    const since = wire.frames.length;
    ipIn(server, 'addr', 'del', `${vip}/128`, 'dev', 'e0');
    expect((await a.line(/split brain ended/)).message).toBe(`web: split brain ended: ${mac} sends no Neighbour Advertisements for ${vip} any more`);
    await wire.until(({ frames }) => frames.slice(since).find(({ octets }) => octets.toString('hex', 6, 12) === macOf(stage.a).replaceAll(':', '') && octets.toString('hex', 62, 78) === '20010db8007700000000000000000100'), 'announcement');
    expect(await a.status()).toMatchObject({ state: 'MASTER', split_brain: false, conflicts: [] });
  }));

  it('is none when a real server has it on lo, as it should: Linux does not answer for that; nor is this host itself', { timeout: 30_000 }, onSegment(async (stage, a, server) => {
    const asked = await stage.capture(server, 'icmp6 and ip6[40] == 135');
    stage.segment.host('a', undefined, 'e1', stage.a);
    ipIn(server, 'addr', 'add', `${vip}/128`, 'dev', 'lo', 'nodad');
    const target = '20010db8007700000000000000000100';
    await asked.until(({ frames }) => (frames.filter(({ octets }) => octets.toString('hex', 62, 78) === target).length >= 2 ? true : undefined), 'two solicitations', 15_000);
    const [frame] = asked.frames.filter(({ octets }) => octets.toString('hex', 62, 78) === target);
    // to the solicited-node group, from the interface's own link-local address, hop limit 255, its link-layer address as option
    const mac = macOf(stage.a).replaceAll(':', '');
    expect([frame?.octets.toString('hex', 0, 12), frame?.octets.readUInt8(21), frame?.octets.toString('hex', 22, 54), frame?.octets.toString('hex', 78, 86)]).toEqual([
      `3333ff000100${mac}`,
      255,
      'fe80000000000000000000000000000aff0200000000000000000001ff000100',
      `0101${mac}`,
    ]);
    expect(a.lines(/split brain/)).toEqual([]);
  }));
});

describe.concurrent('two IPv6 masters', () => {
  const virtualAddresses = addresses.map((address) => ({ address, prefixLength: 128, interface: 'e0', label: undefined, advertise: true }));

  it('with the same addresses, but of two virtual routers, name each other', { timeout: 30_000 }, onSegment(async (stage, a) => {
    const b = stage.child(stage.b);
    await b.configure([instance({ virtualRouterId: 52, virtualAddresses })]);
    await b.line(/^web: holding/);
    expect((await a.line(/split brain: /)).message).toContain(`${macOf(stage.b)} on e0 sends Neighbour Advertisements for`);
    expect((await b.line(/split brain: /)).message).toContain(`${macOf(stage.a)} on e0 sends Neighbour Advertisements for`);
  }));

  it('of which one does not hear the other are named by address and hardware address', { timeout: 30_000 }, onSegment(async (stage, a) => {
    execFileSync('ip', ['netns', 'exec', stage.b.namespace, 'ip6tables', '-A', 'INPUT', '-p', '112', '-j', 'DROP']);
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 50, virtualAddresses })]);
    await b.line(/^web: holding/);
    expect((await a.line(/is master too/)).message).toBe(`web: split brain: fe80::b (${macOf(stage.b)}) is master too and does not yield, at priority 50, ours is 100`);
  }));
});
