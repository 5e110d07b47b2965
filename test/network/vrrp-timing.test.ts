/** Advertisements on the wire are never late, whatever goes on meanwhile; and what a child costs. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { VirtualAddress } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import type { Capture } from './capture.js';
import { ipIn } from './namespaces.js';
import { Lateness, staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const context = staged();
const garp = { repeat: 5, delay: Milliseconds(300), refresh: Seconds(1) };

const addresses = (count: number, first = 0): VirtualAddress[] =>
  Array.from({ length: count }, (_, index) => ({ address: `10.99.${(first + index) >> 8}.${(first + index) & 255}`, prefixLength: 32, interface: 'e0', label: undefined, advertise: index < 20 }));

/** Milliseconds between consecutive advertisements of a. */
const gaps = (capture: Capture): readonly number[] => {
  const times = capture.advertisements.filter(({ source }) => source === '10.77.0.1').map(({ at }) => at);
  return times.slice(1).map((at, index) => at - (times[index] ?? at));
};
const advertisements = (capture: Capture, count: number): Promise<true> =>
  capture.until((seen) => (gaps(seen).length >= count ? true : undefined), `${count} advertisements`);

const master = async (virtualAddresses: VirtualAddress[]): Promise<VrrpChild> => {
  const a = context.stage.child(context.stage.a);
  await a.configure([instance({ virtualAddresses, garp })]);
  await a.line(/^web: holding/);
  return a;
};

describe('advertisements every 100 ms', () => {
  it('are no later than 1.2 intervals while addresses come and go, priorities change and thousands of events pass', async () => {
    const { stage } = context;
    ipIn(stage.a, 'link', 'add', 'e9', 'type', 'bridge');
    const a = await master(addresses(200));
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    const lateness = new Lateness();
    await advertisements(vrrp, 5);
    for (const virtualAddresses of [addresses(300), addresses(100), addresses(200, 400)]) {
      const before = gaps(vrrp).length;
      await a.configure([instance({ virtualAddresses, garp })]);
      await advertisements(vrrp, before + 4);
    }
    for (const priority of [120, 90, 100]) {
      const before = gaps(vrrp).length;
      await a.configure([instance({ virtualAddresses: addresses(200, 400), garp, priority })]);
      await advertisements(vrrp, before + 2);
    }
    const storm = Array.from({ length: 2_000 }, (_, index) => `addr add 10.98.${index >> 8}.${index & 255}/32 dev e9`).join('\n');
    execFileSync('ip', ['-n', stage.a.namespace, '-batch', '-'], { input: `${storm}\n` });
    await advertisements(vrrp, gaps(vrrp).length + 5);
    const slack = lateness.milliseconds;
    expect(Math.max(...gaps(vrrp))).toBeLessThanOrEqual(120 + slack);
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    ipIn(stage.a, 'link', 'del', 'e9');
  });

  it('do not drift: after 25 intervals the next one is where the first one says', async () => {
    const { stage } = context;
    await master(addresses(1));
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    const lateness = new Lateness();
    await advertisements(vrrp, 25);
    const total = gaps(vrrp).slice(0, 25).reduce((sum, gap) => sum + gap, 0);
    expect(Math.abs(total - 2_500)).toBeLessThan(5 + lateness.milliseconds);
  });
});

describe('advertisements every 10 ms', () => {
  it('are kept, and a backup does not take over', async () => {
    const { stage } = context;
    const fast = { advertisementInterval: Milliseconds(10) };
    const a = stage.child(stage.a);
    await a.configure([instance({ ...fast, priority: 150 })]);
    await a.line(/^web: holding/);
    const b = stage.child(stage.b);
    await b.configure([instance({ ...fast, preempt: false })]);
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    const lateness = new Lateness();
    await advertisements(vrrp, 100);
    const total = gaps(vrrp).slice(0, 100).reduce((sum, gap) => sum + gap, 0);
    expect(Math.abs(total - 1_000)).toBeLessThan(10 + lateness.milliseconds);
    // a machine that itself stood still for longer than the master down interval proves nothing
    if (lateness.milliseconds < 25) expect(b.lines(/-> MASTER/)).toEqual([]);
  });
});
