/** What fails: links, processes, hosts that stand still. The other one takes over in the time that the protocol allows. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration } from '../../src/config/model.js';
import { monotonicNow } from '../../src/time/clock.js';
import { Microseconds, Milliseconds, plus, toMilliseconds } from '../../src/time/microseconds.js';
import { masterDownInterval, skewTime } from '../../src/vrrp/timers.js';
import { addressesOn, type Host, ipIn } from './namespaces.js';
import { Lateness, staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const vip = '10.77.0.100/32';
const owned = [{ interface: 'e0', address: '10.77.0.100', prefixLength: 32 }];
const interval = Milliseconds(100);
/** of the backup, priority 100 */
const down = toMilliseconds(masterDownInterval(3, 100, interval));
const skew = toMilliseconds(skewTime(3, 100, interval));
const context = staged();

/** a is MASTER at 150, b hears it at 100. */
const pair = async (changes: Partial<InstanceConfiguration> = {}): Promise<readonly [VrrpChild, VrrpChild]> => {
  const { stage } = context;
  const a = stage.child(stage.a);
  await a.configure([instance({ priority: 150, ...changes })]);
  await a.line(/^web: holding/);
  const b = stage.child(stage.b);
  await b.configure([instance({ priority: 100, ...changes })]);
  await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
  return [a, b];
};
const holds = (host: Host): boolean => addressesOn(host).includes(vip);

describe('a link', () => {
  it.each([
    ['that loses its carrier', /^web: MASTER -> FAULT, interface e0 has no carrier$/, (state: 'up' | 'down') => context.stage.segment.cable(context.stage.a, state)],
    ['that is set down', /^web: MASTER -> FAULT, interface e0 is down$/, (state: 'up' | 'down') => void ipIn(context.stage.a, 'link', 'set', 'e0', state)],
  ])('%s is a FAULT: the other one takes over; when it is back it preempts', async (_, reason, link) => {
    const [a, b] = await pair();
    const lateness = new Lateness();
    const at = Date.now();
    link('down');
    const fault = await a.line(reason);
    expect(fault.level).toBe('error');
    expect(fault.time - at).toBeLessThan(50 + lateness.milliseconds);
    await a.line(/^web: released 1 address/);
    const taken = await b.becomes('MASTER');
    expect(taken.time - at).toBeLessThan(down + 50 + lateness.milliseconds);
    await b.line(/^web: holding/);
    expect([holds(context.stage.a), holds(context.stage.b)]).toEqual([false, true]);
    const mark = a.mark;
    link('up');
    expect((await a.becomes('BACKUP', 'web', mark)).message).toBe('web: FAULT -> BACKUP, interface e0 is up again');
    await a.becomes('MASTER', 'web', mark);
    await b.line(/^web: MASTER -> BACKUP, 10\.77\.0\.1 advertises priority 150, ours is 100$/);
    await b.line(/^web: released/);
    expect([holds(context.stage.a), holds(context.stage.b)]).toEqual([true, false]);
  });

  it('without carrier from the start is a FAULT until it has one', async () => {
    const { stage } = context;
    stage.segment.cable(stage.a, 'down');
    const a = stage.child(stage.a);
    await a.configure([instance()]);
    await a.line(/^web: INIT -> FAULT, interface e0 has no carrier$/);
    stage.segment.cable(stage.a, 'up');
    await a.becomes('MASTER');
  });

  it('that is gone and made anew, with another address, is followed', async () => {
    const [a, b] = await pair();
    const { stage } = context;
    ipIn(stage.a, 'link', 'del', 'e0');
    await a.statusThat(({ state, reason }) => state === 'FAULT' && reason === 'interface e0 does not exist', 'in FAULT for want of its interface');
    await b.becomes('MASTER');
    const mark = a.mark;
    stage.segment.host('a', '10.77.0.9/24', 'e0', stage.a);
    await a.becomes('MASTER', 'web', mark);
    await b.line(/^web: MASTER -> BACKUP, 10\.77\.0\.9 advertises priority 150, ours is 100$/);
    expect(a.lines(/VRRP socket|could not be sent/)).toEqual([]);
  });

  it('that loses its own address is a FAULT until it has one again', async () => {
    const [a, b] = await pair();
    const { stage } = context;
    ipIn(stage.a, 'addr', 'del', '10.77.0.1/24', 'dev', 'e0');
    await a.line(/^web: MASTER -> FAULT, interface e0 has no IPv4 address of its own$/);
    await b.becomes('MASTER');
    const mark = a.mark;
    ipIn(stage.a, 'addr', 'add', '10.77.0.3/24', 'dev', 'e0');
    await a.becomes('MASTER', 'web', mark);
    await b.line(/^web: MASTER -> BACKUP, 10\.77\.0\.3 advertises/);
  });
});

describe('an orderly end', () => {
  it.each([
    ['stop', (a: VrrpChild) => a.send({ type: 'stop', onStop: 'keep' })],
    ['the supervisor that is gone', (a: VrrpChild) => a.disconnect()],
  ])('by %s: priority 0 on the wire, the address released, the other one takes over within its skew time', async (_, end) => {
    const { stage } = context;
    const [a, b] = await pair();
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    const lateness = new Lateness();
    end(a);
    expect(await a.exited).toBe(0);
    const taken = await b.becomes('MASTER');
    expect(taken.message).toBe('web: BACKUP -> MASTER, 10.77.0.1 resigned');
    expect(holds(stage.a)).toBe(false);
    const resignation = await vrrp.until(({ advertisements }) => advertisements.find(({ source, priority }) => source === '10.77.0.1' && priority === 0), 'resignation');
    expect(vrrp.advertisements.filter(({ source, at }) => source === '10.77.0.1' && at > resignation.at)).toEqual([]);
    const first = await vrrp.until(({ advertisements }) => advertisements.find(({ source }) => source === '10.77.0.2'), 'advertisement of b');
    expect(first.at - resignation.at).toBeGreaterThanOrEqual(skew - 1);
    expect(first.at - resignation.at).toBeLessThan(skew + 20 + lateness.milliseconds);
  });

  it('ignores SIGTERM and SIGINT: the supervisor decides', async () => {
    const [a] = await pair();
    a.kill('SIGTERM');
    a.kill('SIGINT');
    expect(await a.status()).toMatchObject({ state: 'MASTER' });
  });
});

describe('kill -9 of the vrrp child', () => {
  it('lets the other one take over within its master down interval', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    await vrrp.until(({ advertisements }) => (advertisements.length > 0 ? true : undefined), 'advertisement');
    const lateness = new Lateness();
    a.kill('SIGKILL');
    await a.exited;
    const taken = await b.becomes('MASTER');
    expect(taken.message).toMatch(/^web: BACKUP -> MASTER, no advertisement from 10\.77\.0\.1 for 0\.3\d s$/);
    const first = await vrrp.until(({ advertisements }) => advertisements.find(({ source }) => source === '10.77.0.2'), 'advertisement of b');
    const last = vrrp.advertisements.filter(({ source }) => source === '10.77.0.1').at(-1);
    expect(last?.priority).toBe(150);
    const silence = first.at - (last?.at ?? 0);
    expect(silence).toBeGreaterThanOrEqual(down - 2);
    expect(silence).toBeLessThan(down + 20 + lateness.milliseconds);
  });

  it('goes unnoticed by the other one when the new child resumes in time', async () => {
    const { stage } = context;
    // long enough for a new process to start in
    const changes = { advertisementInterval: Milliseconds(500) };
    const [a, b] = await pair(changes);
    const [told] = a.masters;
    expect(told).toEqual({ instance: 'web', masterDownInterval: masterDownInterval(3, 150, Milliseconds(500)) });
    a.kill('SIGKILL');
    await a.exited;
    const until = plus(monotonicNow(), told?.masterDownInterval ?? Microseconds(0));
    expect(holds(stage.a)).toBe(true);
    const again = stage.child(stage.a);
    await again.configure([instance({ priority: 150, ...changes })], { owned, resume: [{ instance: 'web', until }] });
    await again.line(/^web: INIT -> MASTER, started, it was master a moment ago$/);
    await again.line(/^web: holding 1 address/);
    await b.statusThat(({ counters }) => (counters['advertisements_received'] ?? 0) > 6, 'hearing more');
    expect(b.lines(/-> MASTER/)).toEqual([]);
    expect(holds(stage.a)).toBe(true);
  });

  it('does not let a child resume that comes too late', async () => {
    const { stage } = context;
    const a = stage.child(stage.a);
    await a.configure([instance()], { owned, resume: [{ instance: 'web', until: monotonicNow() }] });
    await a.line(/^web: INIT -> BACKUP, started$/);
    await a.becomes('MASTER');
  });

  it('leaves the address where it is; a child that does not resume keeps it until it hears a better master', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    b.kill('SIGSTOP');
    a.kill('SIGKILL');
    await a.exited;
    const again = stage.child(stage.a);
    await again.configure([instance({ priority: 50 })], { owned });
    expect(await again.status()).toMatchObject({ state: 'BACKUP', virtual_addresses: [{ address: vip, interface: 'e0', held: true }] });
    b.kill('SIGCONT');
    await again.line(/^web: released 1 address/);
    expect(holds(stage.a)).toBe(false);
    await b.becomes('MASTER');
  });

  it('leaves the address where it is; a child that hears nobody takes it over without a moment without it', async () => {
    const { stage } = context;
    const [a] = await pair();
    const b = stage.b;
    stage.segment.isolate(b, true);
    a.kill('SIGKILL');
    await a.exited;
    const again = stage.child(stage.a);
    await again.configure([instance({ priority: 150 })], { owned });
    await again.line(/^web: holding 1 address/);
    expect(again.lines(/released|put back/)).toEqual([]);
    expect(holds(stage.a)).toBe(true);
  });
});

describe('a host that stands still (SIGSTOP, SIGCONT)', () => {
  it('gives way to the other one and takes its place again when it goes on: one master within an interval, and the stall told', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    a.kill('SIGSTOP');
    await b.line(/^web: holding/);
    const mark = a.mark;
    await b.statusThat(({ since }) => Date.now() - Date.parse(since) > 500, 'MASTER for half a second');
    const lateness = new Lateness();
    const at = Date.now();
    a.kill('SIGCONT');
    const lost = await b.line(/^web: MASTER -> BACKUP, 10\.77\.0\.1 advertises priority 150/);
    expect(lost.time - at).toBeLessThan(100 + 50 + lateness.milliseconds);
    await b.line(/^web: released/);
    expect([holds(stage.a), holds(stage.b)]).toEqual([true, false]);
    const stall = await a.line(/^web: this process did not run for 0\.\d+ s|^web: this process did not run for 1\.\d+ s/, mark);
    expect(stall.level).toBe('warn');
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { stalls: 1, to_master: 1 } });
  });

  it('yields when a better master is queued, with nothing but its last word', async () => {
    const { stage } = context;
    const a = stage.child(stage.a);
    await a.configure([instance({ priority: 100 })]);
    await a.line(/^web: holding/);
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    a.kill('SIGSTOP');
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 150 })]);
    await b.line(/^web: holding/);
    const at = Date.now();
    a.kill('SIGCONT');
    await a.line(/^web: MASTER -> BACKUP, 10\.77\.0\.2 advertises priority 150, ours is 100$/);
    await a.line(/^web: released/);
    await b.statusThat(({ counters }) => (counters['advertisements_sent'] ?? 0) > 10, 'sending on');
    // below the winner's priority: it announces the addresses once more, and nobody takes it for a master
    expect(vrrp.advertisements.filter(({ source, at: seen }) => source === '10.77.0.1' && seen > at).map(({ priority }) => priority)).toEqual([100]);
  });

  it('announces itself again when nobody took over', async () => {
    const { stage } = context;
    const a = stage.child(stage.a);
    const garp = { repeat: 2, delay: Milliseconds(0), refresh: Milliseconds(0) };
    await a.configure([instance({ garp })]);
    await a.line(/^web: holding/);
    const arp = await stage.capture(stage.b, 'arp and not src 0.0.0.0');
    a.kill('SIGSTOP');
    const stopped = Date.now();
    // a wait is what is tested: the silence is longer than this, the pause after the next deadline need not be
    await new Promise((resolve) => setTimeout(resolve, down + 20));
    a.kill('SIGCONT');
    const { message } = await a.line(/^web: this process did not run for \d\.\d+ s and sent nothing for \d\.\d+ s, longer than the master down interval; no better master was heard, announcing again$/);
    expect(Date.now() - stopped).toBeGreaterThan(down);
    expect(Number(/nothing for (\d\.\d+) s/.exec(message)?.[1])).toBeGreaterThan(down / 1_000);
    await arp.until(({ arps }) => (arps.length >= 2 ? true : undefined), 'announcement');
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { stalls: 1, to_master: 1 } });
  });
});
