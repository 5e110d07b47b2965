/** Unicast peers on real sockets: who is heard, who is not, and what is on the wire. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration, UnicastConfiguration } from '../../src/config/model.js';
import { Milliseconds } from '../../src/time/microseconds.js';
import { type Advertisement, encodeAdvertisement } from '../../src/vrrp/packet.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { addressesOn, type Host } from './namespaces.js';
import { onStage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();

const vip = '10.77.0.100/32';
const to = (...peers: readonly string[]): UnicastConfiguration => ({ source: undefined, peers, ttl: 255, minTtl: 0, maxTtl: 255 });
const with_ = (unicast: UnicastConfiguration, changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration => instance({ unicast, ...changes });

const message = (source: string, destination: string, virtualRouterId = 51): Buffer => {
  const advertisement: Advertisement = { version: 3, virtualRouterId, priority: 200, addresses: ['10.77.0.100'], interval: Milliseconds(100), checksum: 'pseudo_header' };
  return encodeAdvertisement(advertisement, source, destination);
};
const inject = (from: Host, source: string, destination: string, ttl = 255): void => {
  const inside = ['netns', 'exec', from.namespace, process.execPath, new URL('inject.mjs', import.meta.url).pathname];
  execFileSync('ip', [...inside, source, destination, String(ttl), message(source, destination).toString('hex')], { stdio: ['ignore', 'ignore', 'inherit'] });
};

describe.concurrent('two routers that are each other`s unicast peers', () => {
  it('elect one master, send to each other only, and the backup takes over after a crash', onStage(async (stage) => {
    const wire = await stage.capture(stage.b, 'ip proto 112');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([
      a.configure([with_({ ...to('10.77.0.2', '10.77.0.3'), ttl: 7 }, { priority: 200 })]),
      b.configure([with_(to('10.77.0.1'))]),
    ]);
    await a.line(/^web: holding/);
    const heard = await b.statusThat(({ master, counters }) => master === '10.77.0.1' && (counters['advertisements_received'] ?? 0) > 5, 'hearing a');
    expect(heard).toMatchObject({ state: 'BACKUP', master_priority: 200, unicast_peers: ['10.77.0.1'], counters: { 'checksum.pseudo_header': expect.any(Number) as number } });
    expect((await a.status()).unicast_peers).toEqual(['10.77.0.2', '10.77.0.3']);
    await wire.until(({ advertisements }) => (advertisements.length > 5 ? true : undefined), 'advertisements');
    const headers = new Set(wire.frames.map(({ octets }) => octets.subarray(14, 34)).filter((header) => header.readUInt8(15) === 1).map((header) => `${[...header.subarray(12, 16)].join('.')} > ${[...header.subarray(16, 20)].join('.')} ttl ${header.readUInt8(8)} tos ${header.readUInt8(1)}`));
    expect([...headers]).toEqual(['10.77.0.1 > 10.77.0.2 ttl 7 tos 192']);
    const mark = b.mark;
    a.kill('SIGKILL');
    expect((await b.becomes('MASTER', 'web', mark)).message).toMatch(/no advertisement from 10\.77\.0\.1/);
    await b.line(/^web: holding/, mark);
    expect(addressesOn(stage.b)).toContain(vip);
  }));

  it('resign to each other at an orderly stop', onStage(async (stage) => {
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([with_(to('10.77.0.2'), { priority: 200 })]), b.configure([with_(to('10.77.0.1'))])]);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    const mark = b.mark;
    await a.stop();
    expect((await b.becomes('MASTER', 'web', mark)).message).toBe('web: BACKUP -> MASTER, 10.77.0.1 resigned');
  }));
});

describe.concurrent('a unicast instance', () => {
  it('rejects, counts and tells once: a stranger, a TTL out of bounds, multicast; and stays master', onStage(async (stage) => {
    const c = stage.segment.host('c', '10.77.0.3/24');
    const a = stage.child(stage.a);
    // the other instance is why the port is in the group at all
    const other = instance({ name: 'other', virtualRouterId: 60, virtualAddresses: [{ address: '10.77.0.110', prefixLength: 32, interface: 'e0', label: undefined, advertise: true }] });
    await a.configure([with_({ ...to('10.77.0.2'), minTtl: 254 }), other]);
    await a.line(/^web: holding/);
    await a.line(/^other: holding/);
    const packets: readonly (readonly [string, () => void])[] = [
      ['unicast_peer', () => inject(c, '10.77.0.3', '10.77.0.1')],
      ['ttl', () => inject(stage.b, '10.77.0.2', '10.77.0.1', 253)],
      ['destination', () => inject(stage.b, '10.77.0.2', '224.0.0.18')],
    ];
    for (const [reason, send] of packets) {
      for (let count = 1; count <= 2; count++) {
        send();
        await a.statusThat(({ counters }) => counters[`rejected.${reason}`] === count, `counting ${reason} ${count}`);
      }
    }
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    expect(a.lines(/rejecting packets/)).toEqual(['10.77.0.3: unicast peer', '10.77.0.2: ttl', '10.77.0.2: destination'].map((words) => `web: rejecting packets from ${words}`));
    inject(stage.b, '10.77.0.2', '10.77.0.1', 254);
    await a.line(/^web: MASTER -> BACKUP, 10\.77\.0\.2 advertises priority 200, ours is 100$/);
  }));

  it('alone on its interface does not join the multicast group', onStage(async (stage) => {
    const groups = (): string => execFileSync('ip', ['-n', stage.a.namespace, 'maddr', 'show', 'dev', 'e0'], { encoding: 'utf8' });
    const a = stage.child(stage.a);
    await a.configure([with_(to('10.77.0.2'))]);
    expect(groups()).not.toContain('224.0.0.18');
    await a.configure([instance()]);
    expect(groups()).toContain('224.0.0.18');
  }));

  it('sends from the source that it was given, and is in FAULT while its interface does not have it', onStage(async (stage) => {
    const wire = await stage.capture(stage.b, 'ip proto 112');
    const a = stage.child(stage.a);
    await a.configure([with_({ ...to('10.77.0.2'), source: '10.77.0.11' })]);
    expect(await a.status()).toMatchObject({ state: 'FAULT', reason: 'interface e0 does not have the address 10.77.0.11, the source of unicast' });
    execFileSync('ip', ['-n', stage.a.namespace, 'addr', 'add', '10.77.0.11/24', 'dev', 'e0']);
    await a.line(/^web: holding/);
    await wire.until(({ advertisements }) => (advertisements.length > 2 ? true : undefined), 'advertisements');
    expect([...new Set(wire.advertisements.map(({ source }) => source))]).toEqual(['10.77.0.11']);
  }));
});
