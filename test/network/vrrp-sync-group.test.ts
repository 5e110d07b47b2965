/** A sync group over two segments, as a NAT pair has it: outside on e0, inside on e1. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressesOn, type Host, ipIn, Segment } from './namespaces.js';
import { staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const context = staged();
let inner: Segment;
let insideA: Host;
let insideB: Host;

beforeEach(() => {
  const { a, b } = context.stage;
  inner = new Segment();
  insideA = inner.host('a', '10.78.0.1/24', 'e1', a);
  insideB = inner.host('b', '10.78.0.2/24', 'e1', b);
});
afterEach(() => inner.remove());

const syncGroups = [{ name: 'all', instances: ['outside', 'inside'] }];
const instances = (priority: number, inside = priority) => [
  instance({ name: 'outside', priority }),
  instance({ name: 'inside', priority: inside, interface: 'e1', virtualRouterId: 52, virtualAddresses: [{ address: '10.78.0.100', prefixLength: 32, interface: 'e1', label: undefined, advertise: true }] }),
];
const start = async (host: Host, ...priorities: [number, number?]): Promise<VrrpChild> => {
  const child = context.stage.child(host);
  await child.configure(instances(...priorities), { syncGroups });
  return child;
};
const pair = async (): Promise<readonly [VrrpChild, VrrpChild]> => {
  const a = await start(context.stage.a, 150);
  await a.line(/^inside: holding/);
  const b = await start(context.stage.b, 100);
  for (const [name, address] of [['outside', '10.77.0.1'], ['inside', '10.78.0.1']] as const) await b.statusThat(({ master }) => master === address, `hearing ${address}`, name);
  return [a, b];
};
const held = (host: Host): string => [...addressesOn(host, 'e0'), ...addressesOn(host, 'e1')].filter((address) => address.endsWith('.100/32')).join(' ');
const both = '10.77.0.100/32 10.78.0.100/32';

describe('a sync group', () => {
  it('goes to the other router as a whole when one of its links fails, and comes back as a whole', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    expect([held(stage.a), held(stage.b)]).toEqual([both, '']);
    inner.cable(insideA, 'down');
    await a.line(/^inside: MASTER -> FAULT, interface e1 has no carrier$/);
    await a.line(/^outside: MASTER -> FAULT, sync group all: inside is in FAULT, interface e1 has no carrier$/);
    await b.line(/^outside: BACKUP -> MASTER, 10\.77\.0\.1 resigned$/);
    await b.line(/^inside: BACKUP -> MASTER, no advertisement from 10\.78\.0\.1/);
    await b.line(/^inside: holding/);
    await a.line(/^outside: released/);
    expect([held(stage.a), held(stage.b)]).toEqual(['', both]);
    inner.cable(insideA, 'up');
    await b.line(/^inside: released/);
    await b.line(/^outside: released/);
    await a.statusThat(({ state }) => state === 'MASTER', 'MASTER', 'inside');
    await a.statusThat(({ virtual_addresses }) => virtual_addresses[0]?.held === true, 'holding', 'inside');
    expect([held(stage.a), held(stage.b)]).toEqual([both, '']);
  });

  it('does not become master in halves: the other member waits', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    // b hears nothing of outside any more, but still of inside
    stage.segment.isolate(stage.b, true);
    await b.statusThat(({ counters }) => (counters['advertisements_received'] ?? 0) > 20, 'hearing on', 'inside');
    for (const name of ['outside', 'inside']) expect((await b.status(name)).state).toBe('BACKUP');
    expect(held(stage.b)).toBe('');
    expect([(await a.status('outside')).state, (await a.status('inside')).state]).toEqual(['MASTER', 'MASTER']);
    stage.segment.isolate(stage.b, false);
  });

  it('is taken by a takeover of all when the other process is killed', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    a.kill('SIGKILL');
    await a.exited;
    const [outside, inside] = await Promise.all([b.becomes('MASTER', 'outside'), b.becomes('MASTER', 'inside')]);
    expect(Math.abs(outside.time - inside.time)).toBeLessThan(20);
    await b.line(/^inside: holding/);
    expect(held(stage.b)).toBe(both);
  });

  it('follows a member whose priority a reload lowers, as a whole', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    await a.configure(instances(150, 50), { syncGroups });
    // inside preempts on b, but outside does not: b waits
    await b.statusThat(({ master_priority }) => master_priority === 50, 'hearing 50', 'inside');
    expect(held(stage.a)).toBe(both);
    await a.configure(instances(50, 50), { syncGroups });
    await b.line(/^inside: holding/);
    await a.line(/^inside: released/);
    expect([held(stage.a), held(stage.b)]).toEqual(['', both]);
  });

  it('takes a new instance in without a failover', async () => {
    const { stage } = context;
    const a = stage.child(stage.a);
    // the kernel lets an interface that was just made run some time later
    await expect.poll(() => ipIn(stage.a, 'link', 'show', 'dev', 'e1'), { timeout: 5_000 }).toContain('state UP');
    const [outside, inside] = instances(150) as [ReturnType<typeof instance>, ReturnType<typeof instance>];
    await a.configure([outside], { syncGroups: [{ name: 'all', instances: ['outside'] }] });
    await a.line(/^outside: holding/);
    await a.configure([outside, inside], { syncGroups });
    await a.line(/^inside: holding/);
    expect(await a.status('outside')).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    expect(held(stage.a)).toBe(both);
  });

  it('stops as a whole, with priority 0 on both segments', async () => {
    const { stage } = context;
    const [a, b] = await pair();
    const captures = await Promise.all([stage.capture(stage.b, 'ip proto 112', 'e0'), stage.capture(insideB, 'ip proto 112', 'e1')]);
    await a.stop();
    for (const capture of captures) await capture.until(({ advertisements }) => advertisements.find(({ priority }) => priority === 0), 'resignation');
    await b.line(/^inside: holding/);
    expect(held(stage.a)).toBe('');
    expect(ipIn(stage.b, 'addr', 'show')).toContain('10.78.0.100');
  });
});
