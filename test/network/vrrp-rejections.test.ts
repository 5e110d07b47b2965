/** Packets that must not be believed, on a real segment: rejected, counted by their reason, told once, without effect. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { type Advertisement, encodeAdvertisement } from '../../src/vrrp/packet.js';
import { staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const context = staged();

const advertisement = (changes: object = {}): Advertisement =>
  ({ version: 3, virtualRouterId: 51, priority: 200, addresses: ['10.77.0.100'], interval: Milliseconds(100), checksum: 'pseudo_header', ...changes }) as Advertisement;

/** Sends it from b. */
const inject = (message: Buffer, { ttl = 255, destination = '224.0.0.18' } = {}): void => {
  const arguments_ = ['netns', 'exec', context.stage.b.namespace, process.execPath, new URL('inject.mjs', import.meta.url).pathname];
  execFileSync('ip', [...arguments_, '10.77.0.2', destination, String(ttl), message.toString('hex')], { stdio: ['ignore', 'ignore', 'inherit'] });
};
const encoded = (changes: object = {}): Buffer => encodeAdvertisement(advertisement(changes), '10.77.0.2');

const master = async (): Promise<VrrpChild> => {
  const a = context.stage.child(context.stage.a);
  await a.configure([instance()]);
  await a.line(/^web: holding/);
  return a;
};

describe('a packet of priority 200 that must not be believed', () => {
  it('is counted by its reason and told, once for each, and a master of priority 100 stays master', async () => {
    const a = await master();
    const wrongChecksum = encoded();
    wrongChecksum.writeUInt16BE(wrongChecksum.readUInt16BE(6) ^ 1, 6);
    const packets: readonly [string, () => void][] = [
      ['ttl', () => inject(encoded(), { ttl: 254 })],
      ['checksum', () => inject(wrongChecksum)],
      ['length', () => inject(encoded().subarray(0, 11))],
      ['version', () => inject(encoded({ version: 2, interval: Seconds(1), password: undefined }))],
      ['destination', () => inject(encodeAdvertisement(advertisement(), '10.77.0.2', '10.77.0.1'), { destination: '10.77.0.1' })],
      ['no_addresses', () => inject(encoded({ addresses: [] }))],
      ['too_short', () => inject(encoded().subarray(0, 7))],
      ['unknown_virtual_router_id', () => inject(encoded({ virtualRouterId: 52 }))],
    ];
    for (const [reason, send] of packets) {
      const counter = `rejected.${reason}`;
      for (let count = 1; count <= 2; count++) {
        send();
        await a.statusThat(({ counters }) => counters[counter] === count, `counting ${counter} ${count}`);
      }
    }
    const status = await a.status();
    expect(status).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    expect(status.counters['advertisements_received'] ?? 0).toBe(0);
    expect(a.lines(/rejecting packets/)).toEqual(['ttl', 'checksum', 'length', 'version', 'destination', 'no addresses'].map((reason) => `web: rejecting packets from 10.77.0.2: ${reason}`));
  });

  it('would have been believed as it should be', async () => {
    const a = await master();
    inject(encoded());
    await a.line(/^web: MASTER -> BACKUP, 10\.77\.0\.2 advertises priority 200, ours is 100$/);
  });
});

describe('an interval that is not ours, in version 3,', () => {
  it('is accepted, learnt, counted and told once (RFC 9568, 7.1)', async () => {
    const a = await master();
    for (let count = 1; count <= 2; count++) {
      inject(encoded({ interval: Milliseconds(40_000) }));
      await a.statusThat(({ counters }) => counters['advertisement_interval_differs'] === count, `counting the interval ${count}`);
    }
    expect(await a.status()).toMatchObject({ state: 'BACKUP', master: '10.77.0.2', master_down_interval_ms: 144_375 });
    expect(a.lines(/advertises every/)).toEqual(['web: 10.77.0.2 advertises every 40000 ms, ours is every 100 ms: make advertisement_interval the same on both; it is accepted all the same']);
  });
});

describe('a password of version 2', () => {
  const secret = (password: string | undefined) => ({
    version: 2 as const,
    advertisementInterval: Seconds(1),
    authentication: password === undefined ? undefined : { type: 'pass' as const, password },
  });

  it.each([
    ['another one', 'authentication_failure', 'wrong'],
    ['none', 'authentication_type', undefined],
  ])('%s on the other side: rejected, counted, told once; both are masters, and neither tells the password', async (_, reason, password) => {
    const { stage } = context;
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([instance({ ...secret('s3cret'), priority: 255 })]), b.configure([instance({ ...secret(password), priority: 255 })])]);
    for (const child of [a, b]) {
      const status = await child.statusThat(({ counters }) => (counters[`rejected.${reason}`] ?? 0) >= 2, `counting ${reason}`);
      expect(status.state).toBe('MASTER');
      expect(child.lines(/rejecting packets/)).toHaveLength(1);
      expect(JSON.stringify([child.log, status])).not.toMatch(/s3cret|wrong/);
    }
  });

  it('the same on both sides: one master', async () => {
    const { stage } = context;
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([instance({ ...secret('s3cret'), priority: 255 })]), b.configure([instance({ ...secret('s3cret'), priority: 100 })])]);
    await b.statusThat(({ master: heard }) => heard === '10.77.0.1', 'hearing a');
    expect(await b.status()).toMatchObject({ state: 'BACKUP', master_priority: 255 });
    expect([...a.lines(/reject/), ...b.lines(/reject/)]).toEqual([]);
  });
});

describe('the checksum of version 3', () => {
  it.each([
    ['pseudo_header', 'rfc9568'],
    ['rfc9568', 'pseudo_header'],
  ] as const)('is sent as configured, here %s, and taken in the other form, here %s; which one is counted', async (ours, theirs) => {
    const { stage } = context;
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await Promise.all([a.configure([instance({ priority: 255, checksum: ours })]), b.configure([instance({ priority: 254, checksum: theirs })])]);
    await b.statusThat(({ counters }) => (counters[`checksum.${ours}`] ?? 0) > 2, `counting ${ours}`);
    expect((await b.status()).state).toBe('BACKUP');
    const [sent] = vrrp.advertisements.filter(({ source }) => source === '10.77.0.1');
    expect(sent?.advertisement).toMatchObject({ version: 3, checksum: ours });
  });
});
