/** Authentication by HMAC on real sockets: signed elections, wrong keys, replays, clocks, keys rolled as they run, and a keepalived that knows nothing of it. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { HmacAuthentication, HmacKey, InstanceConfiguration, UnicastConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { Authenticator } from '../../src/vrrp/authentication.js';
import { isAuthentic, keyIdOf } from '../../src/vrrp/hmac-trailer.js';
import { encodeAdvertisement } from '../../src/vrrp/packet.js';
import { requireNetworkNamespaces } from '../tiers.js';
import type { CapturedAdvertisement } from './capture.js';
import { Keepalived } from './keepalived-daemon.js';
import { type Host, ipIn } from './namespaces.js';
import { onStage, type Stage } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

requireNetworkNamespaces();

const key = (id: number, octet = id): HmacKey => ({ id, key: Buffer.alloc(32, octet).toString('hex') });
const hmac = (changes: Partial<HmacAuthentication> = {}): HmacAuthentication => ({ type: 'hmac', mode: 'enforce', keys: [key(1)], activeKey: 1, antiReplay: 'time', timeWindow: Seconds(30), ...changes });
/** a busy machine may stand still for the three intervals of 100 ms */
const with_ = (authentication: HmacAuthentication | undefined, changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration => instance({ authentication, advertisementInterval: Milliseconds(300), ...changes });

const inject = (from: Host, message: Buffer): void => {
  const inside = ['netns', 'exec', from.namespace, process.execPath, new URL('inject.mjs', import.meta.url).pathname];
  execFileSync('ip', [...inside, '10.77.0.2', '224.0.0.18', '255', message.toString('hex')], { stdio: ['ignore', 'ignore', 'inherit'] });
};
const payload = ({ signed }: CapturedAdvertisement): Buffer => {
  if (!signed) throw new Error('it is not signed');
  return Buffer.concat([signed.message, signed.trailer]);
};

/** What it said, its status and its recordings. */
const everything = async (child: VrrpChild): Promise<string> => JSON.stringify([child.log, await child.status(), child.recordings]);
const secrets = new RegExp([1, 2, 7].map((octet) => Buffer.alloc(32, octet).toString('hex')).join('|'), 'i');
const rejections = (child: VrrpChild): readonly string[] => child.lines(/reject|not authentic/);

const linkLocal = (host: Host, address: string): void => {
  ipIn(host, 'link', 'set', 'e0', 'addrgenmode', 'none');
  ipIn(host, '-6', 'addr', 'flush', 'dev', 'e0');
  ipIn(host, 'addr', 'add', `${address}/64`, 'dev', 'e0', 'nodad');
};
const peer = (address: string): UnicastConfiguration => ({ source: undefined, peers: [address], ttl: 255, minTtl: 0, maxTtl: 255 });
const ipv6 = { virtualAddresses: [{ address: 'fe80::100', prefixLength: 128, interface: 'e0', label: undefined, advertise: true }] };

const ways: readonly { readonly title: string; readonly a: string; readonly b: string; readonly ofA: Partial<InstanceConfiguration>; readonly ofB: Partial<InstanceConfiguration> }[] = [
  { title: 'by multicast', a: '10.77.0.1', b: '10.77.0.2', ofA: {}, ofB: {} },
  { title: 'by unicast, with the checksum of RFC 9568', a: '10.77.0.1', b: '10.77.0.2', ofA: { unicast: peer('10.77.0.2'), checksum: 'rfc9568' }, ofB: { unicast: peer('10.77.0.1') } },
  { title: 'by multicast over IPv6', a: 'fe80::a', b: 'fe80::b', ofA: ipv6, ofB: ipv6 },
  { title: 'by unicast over IPv6', a: 'fe80::a', b: 'fe80::b', ofA: { ...ipv6, unicast: peer('fe80::b') }, ofB: { ...ipv6, unicast: peer('fe80::a') } },
];

describe.concurrent.each(ways)('two routers with one key, $title', ({ a: addressA, ofA, ofB }) => {
  it('elect one master by signed advertisements, the backup follows its resignation and then its crash', onStage(async (stage) => {
    linkLocal(stage.a, 'fe80::a');
    linkLocal(stage.b, 'fe80::b');
    const wire = await stage.capture(stage.b, 'ip proto 112 or ip6 proto 112');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await a.configure([with_(hmac(), { priority: 200, ...ofA })]);
    await a.line(/^web: holding/);
    await b.configure([with_(hmac(), ofB)]);
    const heard = await b.statusThat(({ master, counters }) => master === addressA && (counters['authentication_verified'] ?? 0) > 2, 'hearing a');
    expect(heard.authentication).toMatchObject({ type: 'hmac', mode: 'enforce', active_key: 1, keys: [1], heard: [{ address: addressA, key: 1, verified: true }] });
    const sent = await wire.until(({ advertisements }) => (advertisements.length > 2 ? advertisements : undefined), 'advertisements');
    for (const { signed, source } of sent) expect(signed && isAuthentic(signed, source, Buffer.alloc(32, 1))).toBe(true);
    await a.stop();
    expect((await b.becomes('MASTER')).message).toBe(`web: BACKUP -> MASTER, ${addressA} resigned`);
    expect([...rejections(a), ...rejections(b)]).toEqual([]);
    // a starts again at once: its numbers go on, b takes it from the first packet
    const again = stage.child(stage.a);
    await again.configure([with_(hmac(), { priority: 200, ...ofA })]);
    await b.line(/MASTER -> BACKUP/);
    const mark = b.mark;
    again.kill('SIGKILL');
    expect((await b.becomes('MASTER', 'web', mark)).message).toContain(`no advertisement from ${addressA}`);
    expect(rejections(b)).toEqual([]);
    expect(await everything(b)).not.toMatch(secrets);
  }));
});

describe.concurrent('two routers that do not agree', () => {
  it.each([
    { title: 'another key', other: hmac({ keys: [key(1, 7)] }), reason: 'authentication failure: their signature does not fit our key 1: the other router has another key 1, or they are forged' },
    { title: 'a key that is not here', other: hmac({ keys: [key(2)], activeKey: 2 }), reason: 'authentication unknown key: they are signed with key 2, which authentication.keys does not have' },
    { title: 'no authentication', other: undefined, reason: 'authentication missing: they are not signed' },
  ])('$title on the other side: both are masters, which is told with its cause as split brain; no key is told', async ({ other, reason }) => {
    await onStage(async (stage) => {
      const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
      await Promise.all([a.configure([with_(hmac())]), b.configure([with_(other)])]);
      const words = reason.slice(0, reason.indexOf(':'));
      expect((await a.line(/rejecting packets/)).message).toBe(`web: rejecting packets from 10.77.0.2: ${reason}`);
      expect(await a.line(/split brain/)).toMatchObject({ level: 'error', message: expect.stringContaining(`is master too and does not yield, its packets are rejected: ${words}`) as string });
      const theirs = other ? 'authentication_' : 'authentication_type';
      await b.statusThat(({ state, counters }) => state === 'MASTER' && Object.keys(counters).some((counter) => counter.startsWith(`rejected.${theirs}`)), 'rejecting too');
      expect(await a.statusThat(({ split_brain: found }) => found, 'in split brain')).toMatchObject({ state: 'MASTER', counters: { [`rejected.${words.replaceAll(' ', '_')}`]: expect.any(Number) as number } });
      expect(await everything(a) + await everything(b)).not.toMatch(secrets);
    })();
  });
});

describe.concurrent('a packet of the other router that is sent once more', () => {
  const captured = async (stage: Stage, authentication: HmacAuthentication): Promise<{ readonly a: VrrpChild; readonly packet: Buffer }> => {
    const wire = await stage.capture(stage.a, 'ip proto 112');
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    await b.configure([with_(authentication, { priority: 200 })]);
    await b.line(/^web: holding/);
    await a.configure([with_(authentication)]);
    const found = await wire.until(({ advertisements }) => advertisements.find(({ source }) => source === '10.77.0.2'), 'advertisement of b');
    await a.statusThat(({ counters }) => (counters['authentication_verified'] ?? 0) > 1, 'hearing b');
    await b.stop();
    await a.line(/^web: holding/);
    return { a, packet: payload(found) };
  };

  it('is rejected and counted, and the master of lower priority stays master', onStage(async (stage) => {
    const { a, packet } = await captured(stage, hmac({ timeWindow: Seconds(300) }));
    inject(stage.b, packet);
    const status = await a.statusThat(({ counters }) => (counters['rejected.authentication_replay'] ?? 0) > 0, 'rejecting it');
    expect(status).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    expect(rejections(a)).toEqual([expect.stringMatching(/^web: rejecting packets from 10\.77\.0\.2: authentication replay: their sequence number is \d+\.\d s behind the last one: old packets are sent again, or the sender's clock was put back$/)]);
  }));

  it('is rejected by its age, beyond the window, by a router that was started since', onStage(async (stage) => {
    const { a, packet } = await captured(stage, hmac({ timeWindow: Seconds(1) }));
    a.kill('SIGKILL');
    await a.exited;
    const again = stage.child(stage.a);
    await again.configure([with_(hmac({ timeWindow: Seconds(1) }))]);
    // within the first second it would be believed, and forgotten within three intervals
    for (;;) {
      inject(stage.b, packet);
      const { counters } = await again.status();
      if ((counters['rejected.authentication_stale'] ?? 0) > 0) break;
    }
    await again.line(/^web: holding/);
    expect(rejections(again)).toEqual([expect.stringMatching(/^web: rejecting packets from 10\.77\.0\.2: authentication stale: their time stamp is \d+\.\d s behind our clock, more than time_window \(1\.0 s\): the clocks differ, set both right \(NTP\), or old packets are sent again$/)]);
  }));
});

describe.concurrent('a router whose clock is wrong', () => {
  const message = encodeAdvertisement({ version: 3, virtualRouterId: 51, priority: 200, addresses: ['10.77.0.100'], interval: Milliseconds(100), checksum: 'pseudo_header' }, '10.77.0.2');
  const signedAt = (clock: number): Buffer => Buffer.concat([message, new Authenticator().trailer(message, '10.77.0.2', hmac(), clock) ?? Buffer.alloc(0)]);

  it('by an hour is rejected, and the log names the difference', onStage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([with_(hmac())]);
    await a.line(/^web: holding/);
    inject(stage.b, signedAt(Date.now() - 3_600_000));
    expect((await a.line(/rejecting packets/)).message).toMatch(/authentication stale: their time stamp is 360\d\.\d s behind our clock, more than time_window \(30\.0 s\): the clocks differ/);
    expect((await a.status()).state).toBe('MASTER');
  }));

  it('by more than half of the window is believed with a warning', onStage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([with_(hmac())]);
    await a.line(/^web: holding/);
    inject(stage.b, signedAt(Date.now() + 20_000));
    expect((await a.line(/the clock of/)).message).toMatch(/^web: the clock of 10\.77\.0\.2 is (20|19)\.\d s ahead of ours: beyond 30\.0 s \(authentication\.time_window\) its packets are not authentic; set both clocks right \(NTP\)$/);
    await a.line(/MASTER -> BACKUP, 10\.77\.0\.2 advertises priority 200/);
  }));
});

describe.concurrent('as it runs', () => {
  it('authentication is brought in, and a key rolled, on one director after the other, without a transition', { timeout: 60_000 }, onStage(async (stage) => {
    const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
    const keys = [key(1), key(2)];
    const steps: readonly (HmacAuthentication | undefined)[] = [
      undefined,
      hmac({ mode: 'receive_only' }),
      hmac({ mode: 'permissive' }),
      hmac(),
      hmac({ keys }),
      hmac({ keys, activeKey: 2 }),
      hmac({ keys: [key(2)], activeKey: 2 }),
      // and, without a second ID, by way of the permissive mode
      hmac({ keys: [key(2)], activeKey: 2, mode: 'permissive' }),
      hmac({ keys: [key(2, 7)], activeKey: 2, mode: 'permissive' }),
      hmac({ keys: [key(2, 7)], activeKey: 2 }),
    ];
    const wire = await stage.capture(stage.b, 'ip proto 112 and src host 10.77.0.1');
    await a.configure([with_(steps[0], { priority: 200 })]);
    await a.line(/^web: holding/);
    await b.configure([with_(steps[0])]);
    const hearing = async (): Promise<void> => {
      const { counters } = await b.status();
      await b.statusThat((status) => (status.counters['advertisements_received'] ?? 0) > (counters['advertisements_received'] ?? 0) + 1, 'hearing a');
    };
    await hearing();
    for (const step of steps.slice(1)) {
      await b.configure([with_(step)]);
      await hearing();
      await a.configure([with_(step, { priority: 200 })]);
      await hearing();
    }
    for (const child of [a, b]) expect((await child.status()).counters).toMatchObject({ to_backup: 1 });
    expect((await a.status()).counters).toMatchObject({ to_master: 1 });
    expect((await b.status()).counters['to_master']).toBeUndefined();
    expect(b.lines(/rejecting/)).toEqual([]);
    expect(b.lines(/not authentic/)).toEqual([
      'web: accepting packets from 10.77.0.1 that are not authentic, since authentication.mode is receive_only: authentication missing: they are not signed',
      expect.stringContaining('since authentication.mode is permissive: authentication failure'),
    ]);
    const used = wire.advertisements.map(({ signed }) => (signed ? keyIdOf(signed.trailer) : 0));
    expect(used.filter((id, index) => id !== used[index - 1])).toEqual([0, 1, 2]);
    expect(await everything(a) + await everything(b)).not.toMatch(secrets);
  }));
});

describe.concurrent("Debian 12's keepalived, which knows no HMAC", () => {
  const theirs = { version: 3, interval: 0.3 } as const;

  it('is heard in mode permissive, with a warning, and stays master', onStage(async (stage) => {
    const other = stage.with(new Keepalived(stage.b, { ...theirs, priority: 200 }));
    await other.becomes('MASTER');
    const a = stage.child(stage.a);
    await a.configure([with_(hmac({ mode: 'permissive' }))]);
    const status = await a.statusThat(({ master, counters }) => master === '10.77.0.2' && (counters['unverified.authentication_missing'] ?? 0) > 2, 'hearing keepalived');
    expect(status).toMatchObject({ state: 'BACKUP', authentication: { heard: [{ address: '10.77.0.2', key: null, verified: false, reason: 'authentication missing' }] } });
    expect(rejections(a)).toEqual(['web: accepting packets from 10.77.0.2 that are not authentic, since authentication.mode is permissive: authentication missing: they are not signed']);
    expect(other.complaints).toEqual([]);
  }));

  it('hears a router in mode receive_only, and is its backup', onStage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([with_(hmac({ mode: 'receive_only' }), { priority: 200 })]);
    await a.line(/^web: holding/);
    const other = stage.with(new Keepalived(stage.b, { ...theirs, priority: 100 }));
    await other.becomes('BACKUP');
    const sent = (await a.status()).counters['advertisements_sent'] ?? 0;
    await a.statusThat(({ counters }) => (counters['advertisements_sent'] ?? 0) > sent + 4, 'advertising to it');
    expect(other.log.filter(({ line }) => /MASTER STATE/.test(line))).toEqual([]);
    expect(other.complaints).toEqual([]);
    await a.stop();
    await other.becomes('MASTER');
  }));
});
