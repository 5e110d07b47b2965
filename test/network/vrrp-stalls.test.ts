/** Pauses of a whole process that is master of a sync group (SIGSTOP, SIGCONT), and the delay after a start. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { monotonicNow } from '../../src/time/clock.js';
import { Milliseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { addressesOn, type Host, Segment } from './namespaces.js';
import { Lateness, staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const context = staged();
let inner: Segment;
beforeEach(() => {
  const { a, b } = context.stage;
  inner = new Segment();
  inner.host('a', '10.78.0.1/24', 'e1', a);
  inner.host('b', '10.78.0.2/24', 'e1', b);
});
afterEach(() => inner.remove());

const garp = { repeat: 1, delay: Seconds(0), refresh: Seconds(0) };
const syncGroups = [{ name: 'all', instances: ['outside', 'inside'] }];
const instances = (priority: number) => [
  instance({ name: 'outside', priority, garp }),
  instance({ name: 'inside', priority, garp, interface: 'e1', virtualRouterId: 52, virtualAddresses: [{ address: '10.78.0.100', prefixLength: 32, interface: 'e1', label: undefined, advertise: true }] }),
];
const names = ['outside', 'inside'];
const all = (child: VrrpChild, pattern: (name: string) => RegExp, from = 0) => Promise.all(names.map((name) => child.line(pattern(name), from)));
const start = async (host: Host, priority: number): Promise<VrrpChild> => {
  const child = context.stage.child(host);
  await child.configure(instances(priority), { syncGroups });
  return child;
};
const held = (host: Host): string => [...addressesOn(host, 'e0'), ...addressesOn(host, 'e1')].filter((address) => address.endsWith('.100/32')).join(' ');
const both = '10.77.0.100/32 10.78.0.100/32';

describe('a sync group whose process stands still', () => {
  it('and goes on as the better one takes both instances again within an interval, and tells how long it stood still', async () => {
    const { stage } = context;
    const a = await start(stage.a, 150);
    await all(a, (name) => new RegExp(`^${name}: holding`));
    const b = await start(stage.b, 100);
    for (const name of names) await b.statusThat(({ master }) => master !== null, 'hearing a', name);
    a.kill('SIGSTOP');
    const stopped = Date.now();
    await all(b, (name) => new RegExp(`^${name}: holding`));
    expect([held(stage.a), held(stage.b)]).toEqual([both, both]);
    // longer than its master down interval too
    for (const name of names) await b.statusThat(({ since }) => Date.now() - Date.parse(since) > 500, 'MASTER for half a second', name);
    const mark = a.mark;
    const lateness = new Lateness();
    const at = Date.now();
    a.kill('SIGCONT');
    const lost = await all(b, (name) => new RegExp(`^${name}: MASTER -> BACKUP`));
    for (const { time } of lost) expect(time - at).toBeLessThan(100 + 50 + lateness.milliseconds);
    await all(b, (name) => new RegExp(`^${name}: released`));
    expect([held(stage.a), held(stage.b)]).toEqual([both, '']);
    const told = await all(a, (name) => new RegExp(`^${name}: this process did not run for \\d+\\.\\d+ s and sent nothing for \\d+\\.\\d+ s, longer than the master down interval; no better master was heard, announcing again$`), mark);
    for (const { fields } of told) {
      // from its next deadline on, at most an interval after it was stopped
      expect(fields['stall_ms']).toBeGreaterThan(at - stopped - 100 - 5);
      expect(fields['stall_ms']).toBeLessThan(at - stopped + 50 + lateness.milliseconds);
    }
    for (const name of names) expect(await a.status(name)).toMatchObject({ state: 'MASTER', counters: { stalls: 1, to_master: 1 } });
  });

  it('and finds a better master on one segment yields on both with nothing but its last word, and tells how long it stood still', async () => {
    const { stage } = context;
    const a = await start(stage.a, 100);
    await all(a, (name) => new RegExp(`^${name}: holding`));
    const outside = await stage.capture(stage.b, 'ip proto 112 and src 10.77.0.1 and dst 224.0.0.18');
    a.kill('SIGSTOP');
    const b = stage.child(stage.b);
    // better outside only, and no group of its own
    await b.configure([instance({ name: 'outside', priority: 150, garp })]);
    await b.line(/^outside: holding/);
    const mark = a.mark;
    const at = Date.now();
    a.kill('SIGCONT');
    await a.line(/^outside: MASTER -> BACKUP, 10\.77\.0\.2 advertises priority 150, ours is 100$/, mark);
    await a.line(/^inside: MASTER -> BACKUP, sync group all: outside is BACKUP/, mark);
    for (const name of names) {
      const line = await a.line(new RegExp(`^${name}: this process did not run for \\d+\\.\\d+ s`), mark);
      expect(line.message).toMatch(/another master took over meanwhile and keeps its place$/);
    }
    await all(a, (name) => new RegExp(`^${name}: released`), mark);
    expect(held(stage.a)).toBe('');
    await b.statusThat(({ counters }) => (counters['advertisements_sent'] ?? 0) > 10, 'sending on', 'outside');
    expect(outside.advertisements.filter((advertisement) => advertisement.at > at).map(({ priority }) => priority)).toEqual([100]);
    for (const name of names) expect((await a.status(name)).counters).toMatchObject({ stalls: 1 });
  });
});

describe('startup_delay', () => {
  it('holds everything back until it is over: INIT with the reason, nothing sent, what arrives ignored, addresses of an earlier run released', async () => {
    const { stage } = context;
    const first = stage.child(stage.a);
    await first.configure([instance({ garp })]);
    await first.line(/^web: holding/);
    first.kill('SIGKILL');
    await first.exited;
    const wire = await stage.capture(stage.b, 'ip proto 112 or (arp and src 10.77.0.100)');
    const a = stage.child(stage.a);
    const until = plus(monotonicNow(), Seconds(3));
    await a.configure([instance({ priority: 255, garp })], { owned: [{ interface: 'e0', address: '10.77.0.100', prefixLength: 32 }], heldUntil: until });
    expect(await a.status()).toMatchObject({ state: 'INIT', reason: expect.stringMatching(/^startup_delay, [12]\.\d s to go$/), master: null, counters: {} });
    await a.line(/^startup_delay, [123]\.\d s to go: nothing is sent, what arrives is ignored$/);
    await a.line(/^web: released 1 address/);
    // a reload, and a link that comes and goes, do not end it
    await a.configure([instance({ priority: 200, garp })], { heldUntil: until });
    stage.segment.cable(stage.a, 'down');
    stage.segment.cable(stage.a, 'up');
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 150, garp })]);
    await b.line(/^web: holding/);
    expect(await a.status()).toMatchObject({ state: 'INIT', counters: {} });
    expect(wire.advertisements.filter(({ source }) => source === '10.77.0.1')).toEqual([]);
    expect(monotonicNow()).toBeLessThan(until);
    const { message } = await a.line(/^web: INIT -> /);
    expect(message).toBe('web: INIT -> BACKUP, started');
    expect(monotonicNow()).toBeGreaterThanOrEqual(until);
    await a.becomes('MASTER');
    await b.line(/^web: MASTER -> BACKUP, 10\.77\.0\.1 advertises priority 200/);
  });

  it('that is over already is none', async () => {
    const a = context.stage.child(context.stage.a);
    await a.configure([instance({ garp })], { heldUntil: plus(monotonicNow(), Milliseconds(-1)) });
    await a.line(/^web: INIT -> BACKUP, started$/);
  });
});
