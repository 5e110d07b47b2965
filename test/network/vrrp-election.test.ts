/** Elections between real vrrp children on a real segment: who is master, and which addresses are where. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { addressesOn, type Host } from './namespaces.js';
import { Lateness, macOf, staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const vip = '10.77.0.100/32';
const context = staged();

const start = async (host: Host, changes: Partial<InstanceConfiguration> = {}): Promise<VrrpChild> => {
  const child = context.stage.child(host);
  await child.configure([instance(changes)]);
  return child;
};
/** a is MASTER already when b starts. */
const masterAndBackup = async (a: Partial<InstanceConfiguration>, b: Partial<InstanceConfiguration>): Promise<readonly [VrrpChild, VrrpChild]> => {
  const first = await start(context.stage.a, a);
  await first.line(/^web: holding/);
  return [first, await start(context.stage.b, b)];
};
const heard = (child: VrrpChild, master: string) => child.statusThat((status) => status.master === master, `hearing ${master}`);

describe('an election', () => {
  it('gives the addresses to the higher priority, and only to it', async () => {
    const { stage } = context;
    const [a, b] = await Promise.all([start(stage.a, { priority: 150 }), start(stage.b, { priority: 100 })]);
    await a.line(/^web: holding 1 address, 3 gratuitous ARPs sent/);
    await heard(b, '10.77.0.1');
    expect(addressesOn(stage.a)).toContain(vip);
    expect(addressesOn(stage.b)).not.toContain(vip);
    expect(await b.status()).toMatchObject({ state: 'BACKUP', master: '10.77.0.1', master_priority: 150 });
  });

  it('leaves an equal priority alone, and two masters of equal priority let the higher address win', async () => {
    const { stage } = context;
    const [a, b] = await masterAndBackup({}, {});
    await heard(b, '10.77.0.1');
    stage.segment.isolate(stage.b, true);
    await b.line(/^web: holding/);
    expect(await a.status()).toMatchObject({ state: 'MASTER' });
    const mark = a.mark;
    stage.segment.isolate(stage.b, false);
    const { message } = await a.becomes('BACKUP', 'web', mark);
    expect(message).toBe('web: MASTER -> BACKUP, 10.77.0.2 advertises priority 100 and the higher address, ours is 100');
    await a.line(/^web: released 1 address/, mark);
    expect(addressesOn(stage.a)).not.toContain(vip);
    expect(addressesOn(stage.b)).toContain(vip);
    expect(a.lines(/we stay MASTER/, mark)).toEqual([]);
  });

  it('lets the better one preempt', async () => {
    const [a, b] = await masterAndBackup({ priority: 100 }, { priority: 150 });
    expect((await b.becomes('MASTER')).message).toBe('web: BACKUP -> MASTER, preempting 10.77.0.1: its priority is 100, ours 150');
    expect((await a.line(/MASTER -> BACKUP/)).message).toBe('web: MASTER -> BACKUP, 10.77.0.2 advertises priority 150, ours is 100');
    await a.line(/^web: released 1 address/);
    expect(addressesOn(context.stage.a)).not.toContain(vip);
  });

  it('does not with preempt: false, until the weaker master is gone', async () => {
    const [a, b] = await masterAndBackup({ priority: 100 }, { priority: 150, preempt: false });
    await b.statusThat(({ counters }) => (counters['advertisements_received'] ?? 0) > 10, 'hearing 10 advertisements');
    expect(await b.status()).toMatchObject({ state: 'BACKUP', master: '10.77.0.1', master_priority: 100 });
    a.kill('SIGKILL');
    expect((await b.becomes('MASTER')).message).toMatch(/^web: BACKUP -> MASTER, no advertisement from 10\.77\.0\.1 for 0\.3\d s$/);
  });

  it('waits for preempt_delay, then preempts', async () => {
    const [, b] = await masterAndBackup({ priority: 100 }, { priority: 150, preemptDelay: Seconds(1) });
    const backup = await b.becomes('BACKUP');
    const master = await b.becomes('MASTER');
    expect(master.message).toContain('preempting 10.77.0.1');
    expect(master.time - backup.time).toBeGreaterThanOrEqual(1_000);
    expect(master.time - backup.time).toBeLessThan(2_000);
  });
});

describe('two masters, once the partition between them has healed', () => {
  const garp = { repeat: 2, delay: Seconds(0), refresh: Seconds(0) };

  /** Until b is MASTER too; a advertises every 300 ms, b every 100 ms, and a has not announced anything for a second. */
  const split = async (): Promise<readonly [VrrpChild, VrrpChild]> => {
    const { stage } = context;
    const [a, b] = await masterAndBackup({ priority: 150, garp, advertisementInterval: Milliseconds(300) }, { priority: 100, garp });
    await heard(b, '10.77.0.1');
    stage.segment.isolate(stage.b, true);
    await b.line(/^web: holding/);
    await a.statusThat(({ since }) => Date.now() - Date.parse(since) > 1_000, 'MASTER for a second: bursts are at least that far apart');
    return [a, b];
  };

  it('are one again: the weaker one yields, the stronger one answers it and announces the addresses again', async () => {
    const { stage } = context;
    const [a, b] = await split();
    const arp = await stage.capture(stage.b, `arp and ether src ${macOf(stage.a)}`);
    const vrrp = await stage.capture(stage.a, 'ip proto 112');
    const mark = b.mark;
    await vrrp.until(({ advertisements }) => advertisements[0], 'advertisement');
    const healed = Date.now(); // 300 ms before the next one of a: it hears b first
    stage.segment.isolate(stage.b, false);
    const lost = await b.becomes('BACKUP', 'web', mark);
    expect(lost.time - healed).toBeLessThan(200);
    await b.line(/^web: released 1 address/, mark);
    expect(addressesOn(stage.b)).not.toContain(vip);
    expect(addressesOn(stage.a)).toContain(vip);
    await arp.until(({ arps }) => (arps.filter(({ target }) => target === '10.77.0.100').length >= 2 ? true : undefined), 'announcement by the winner');
    const status = await a.status();
    expect(status.state).toBe('MASTER');
    expect(status.counters['to_master']).toBe(1);
    expect(status.counters['lower_priority_received']).toBeGreaterThan(0);
    expect(a.lines(/10\.77\.0\.2 advertises too, at priority 100: we stay MASTER at 150/)).toHaveLength(1);
  });
});

describe('a new configuration', () => {
  it('fails over when its priority says so, and not otherwise', async () => {
    const [a, b] = await masterAndBackup({ priority: 150 }, { priority: 100 });
    await heard(b, '10.77.0.1');
    await a.configure([instance({ priority: 120 })]);
    await b.statusThat(({ master_priority }) => master_priority === 120, 'hearing priority 120');
    expect(await a.status()).toMatchObject({ state: 'MASTER', priority: 120 });
    expect(b.lines(/-> MASTER/)).toEqual([]);
    await a.configure([instance({ priority: 50 })]);
    await b.becomes('MASTER');
    await a.line(/MASTER -> BACKUP/);
  });

  it('with another interval is learnt by the backup, which does not take over', async () => {
    const [a, b] = await masterAndBackup({ priority: 150 }, { priority: 100 });
    await heard(b, '10.77.0.1');
    await a.configure([instance({ priority: 150, advertisementInterval: Milliseconds(400) })]);
    const learnt = await b.statusThat(({ master_down_interval_ms }) => master_down_interval_ms > 1_000, 'learning 400 ms');
    expect(learnt.master_down_interval_ms).toBe(1443.75);
    const { counters } = learnt;
    await b.statusThat((status) => (status.counters['advertisements_received'] ?? 0) > (counters['advertisements_received'] ?? 0) + 3, 'hearing three more');
    expect(b.lines(/-> MASTER/)).toEqual([]);
  });

  it('without the instance resigns it: the backup takes over within its skew time', async () => {
    const [a, b] = await masterAndBackup({ priority: 150 }, { priority: 100 });
    await heard(b, '10.77.0.1');
    const lateness = new Lateness();
    const before = Date.now();
    await a.configure([]);
    const taken = await b.becomes('MASTER');
    expect(taken.message).toContain('10.77.0.1 resigned');
    expect(taken.time - before).toBeLessThan(61 + 50 + lateness.milliseconds);
    expect(addressesOn(context.stage.a)).not.toContain(vip);
  });
});

describe('differing address lists', () => {
  it('are accepted, reported once, shown in status, and reported when they agree again', async () => {
    const [a, b] = await masterAndBackup({ priority: 150 }, { priority: 100, virtualAddresses: [] });
    const differing = await b.statusThat(({ counters }) => (counters['address_list_differs'] ?? 0) > 5, 'hearing five that differ');
    expect(differing).toMatchObject({ state: 'BACKUP', address_list_agrees: false, master: '10.77.0.1' });
    expect(b.lines(/10\.77\.0\.1 lists other addresses than we do: 10\.77\.0\.100; it is accepted all the same/)).toHaveLength(1);
    await b.configure([instance({ priority: 100 })]);
    await b.line(/^web: 10\.77\.0\.1 lists the same addresses as we do again/);
    expect(await b.status()).toMatchObject({ state: 'BACKUP', address_list_agrees: true });
    expect(await a.status()).toMatchObject({ state: 'MASTER', address_list_agrees: true });
  });
});
