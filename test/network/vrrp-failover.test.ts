/** The operator's failover, between two vrrp children. */
import { describe, expect, it } from 'vitest';
import type { OperatorReply } from '../../src/supervisor/operator.js';
import { explain } from '../../src/vrrp/explain.js';
import { addressesOn, type Host, Segment } from './namespaces.js';
import { onStage, type Stage } from './stage.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { instance, type VrrpChild } from './vrrp-child.js';

requireNetworkNamespaces();

const start = async (stage: Stage, host: Host, priority: number): Promise<VrrpChild> => {
  const child = stage.child(host);
  await child.configure([instance({ priority })]);
  return child;
};
/** b was master before a came, so a has heard it. */
const pair = async (stage: Stage): Promise<readonly [VrrpChild, VrrpChild]> => {
  const b = await start(stage, stage.b, 100);
  await b.line(/^web: holding/);
  const a = await start(stage, stage.a, 150);
  await a.line(/^web: holding/);
  await b.line(/^web: released/);
  return [a, b];
};
const order = (child: VrrpChild, force = false): Promise<OperatorReply> => child.operate({ kind: 'failover', instance: 'web', force });
const held = (host: Host): readonly string[] => addressesOn(host, 'e0').filter((address) => address.startsWith('10.77.0.100'));

describe('a failover that the operator orders', () => {
  it('moves the addresses, says how long it took, and holds against preemption until it is cancelled', onStage(async (stage) => {
    const [a, b] = await pair(stage);
    const [mark, markOfB] = [a.mark, b.mark];
    const reply = await order(a);
    expect(reply).toMatchObject({ ok: true, kind: 'failover', handovers: [{ instance: 'web', master: '10.77.0.2', priority: 100 }] });
    const [handover] = reply.ok && reply.kind === 'failover' ? reply.handovers : [];
    // the skew time of b is 61 ms
    expect(handover?.duration).toBeGreaterThan(55_000);
    expect(handover?.duration).toBeLessThan(300_000);
    await a.line(/^web: handed over: 10\.77\.0\.2 is MASTER after \d+ ms$/, mark);
    await Promise.all([a.line(/^web: released/, mark), b.line(/^web: holding/, markOfB)]);
    expect([held(stage.a), held(stage.b)]).toEqual([[], ['10.77.0.100/32']]);
    const { counters } = await a.status();
    const heard = counters['advertisements_received'] ?? 0;
    // many times the master down interval
    await a.statusThat((status) => (status.counters['advertisements_received'] ?? 0) > heard + 15, 'hearing b on');
    expect(await a.status()).toMatchObject({ state: 'BACKUP', yielding: true, master: '10.77.0.2' });
    const explained = await a.operate({ kind: 'explain', instance: 'web' });
    const sentences = explained.ok && explained.kind === 'explain' ? explain(explained.facts).join('\n') : '';
    expect(sentences).toMatch(/is BACKUP for .*: the operator ordered a handover\.\nThe master is 10\.77\.0\.2, heard 0\.\d\d s ago: its priority is 100, ours is 150\./);
    expect(sentences).toContain('It was handed over by the operator and leaves 10.77.0.2 alone');

    expect(await a.operate({ kind: 'reclaim', instance: 'web' })).toMatchObject({ ok: true, message: 'web preempts 10.77.0.2 (priority 100, ours is 150) within 0.34 s' });
    await a.line(/^web: BACKUP -> MASTER, preempting 10\.77\.0\.2/, mark);
    expect(await a.status()).toMatchObject({ state: 'MASTER', yielding: false });
    expect(await a.operate({ kind: 'reclaim', instance: 'web' })).toMatchObject({ ok: false });
  }));

  it('is ended by the failure of the new master', onStage(async (stage) => {
    const [a, b] = await pair(stage);
    await order(a);
    const mark = a.mark;
    b.kill('SIGKILL');
    await a.line(/^web: BACKUP -> MASTER, no advertisement from 10\.77\.0\.2/, mark);
    expect(await a.status()).toMatchObject({ state: 'MASTER', yielding: false });
  }));

  it('goes back by another order on the other router, which heard the first', onStage(async (stage) => {
    const [a, b] = await pair(stage);
    await order(a);
    expect(await order(b)).toMatchObject({ ok: true, handovers: [{ master: '10.77.0.1' }] });
    expect((await a.status()).state).toBe('MASTER');
  }));

  it('is refused where it cannot work, in words', onStage(async (stage) => {
    const a = await start(stage, stage.a, 150);
    await a.line(/^web: holding/);
    const b = await start(stage, stage.b, 100);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    expect(await order(a)).toEqual({ ok: false, error: expect.stringMatching(/^no other router was heard for web \(virtual router 51 on e0\) since .*--force.* 0\.34 s/) });
    expect(await order(b)).toEqual({ ok: false, error: 'this director is not master of web, it is BACKUP of 10.77.0.1: a failover is ordered on the master' });
    expect(await a.operate({ kind: 'failover', instance: 'lan', force: false })).toEqual({ ok: false, error: "there is no instance 'lan'; there are: web" });
    expect((await a.status()).counters['to_backup']).toBe(1);
    expect(await order(a, true)).toMatchObject({ ok: true, handovers: [{ master: '10.77.0.2' }] });
  }));

  it('fails when nobody takes over, and this director is master again', onStage(async (stage) => {
    const a = await start(stage, stage.a, 150);
    await a.line(/^web: holding/);
    const reply = await order(a, true);
    expect(reply).toEqual({ ok: false, error: expect.stringMatching(/^the failover of web failed: nobody took over within the master down interval: this director is MASTER of web again after 0\.3\d s/) });
    await a.line(/^web: BACKUP -> MASTER, nobody took over after the handover that the operator ordered$/);
    expect(await a.status()).toMatchObject({ state: 'MASTER', yielding: false });
  }));

  it('takes the sync group with it', onStage(async (stage) => {
    const inner = new Segment();
    stage.with({ clear: () => inner.remove() });
    inner.host('a', '10.78.0.1/24', 'e1', stage.a);
    inner.host('b', '10.78.0.2/24', 'e1', stage.b);
    const syncGroups = [{ name: 'all', instances: ['outside', 'inside'] }];
    const instances = (priority: number) => [
      instance({ name: 'outside', priority }),
      instance({ name: 'inside', priority, interface: 'e1', virtualRouterId: 52, virtualAddresses: [{ address: '10.78.0.100', prefixLength: 32, interface: 'e1', label: undefined, advertise: true }] }),
    ];
    const a = stage.child(stage.a);
    await a.configure(instances(150), { syncGroups });
    await a.line(/^inside: holding/);
    const b = stage.child(stage.b);
    await b.configure(instances(100), { syncGroups });
    for (const [name, master] of [['outside', '10.77.0.1'], ['inside', '10.78.0.1']] as const) await b.statusThat((status) => status.master === master, `hearing ${master}`, name);
    const reply = await a.operate({ kind: 'failover', instance: 'inside', force: true });
    expect(reply).toMatchObject({ ok: true, handovers: [{ instance: 'outside', master: '10.77.0.2' }, { instance: 'inside', master: '10.78.0.2' }] });
    for (const name of ['outside', 'inside']) expect(await a.status(name)).toMatchObject({ state: 'BACKUP', yielding: true });
  }));
});
