/** Tracking: real links and carriers, and the supervisor's results, become FAULT or another effective priority. */
import { describe, expect, it } from 'vitest';
import type { TrackConfiguration, TrackedInterface } from '../../src/config/model.js';
import { monotonicNow } from '../../src/time/clock.js';
import { Milliseconds, plus } from '../../src/time/microseconds.js';
import type { TrackResult } from '../../src/track/trackers.js';
import { ipIn } from './namespaces.js';
import { staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const context = staged();

const track = (changes: Partial<TrackConfiguration>): TrackConfiguration => ({ interfaces: [], scripts: [], files: [], processes: [], ...changes });
const uplink = (changes: Partial<TrackedInterface> = {}): TrackedInterface => ({ name: 'e1', weight: undefined, upDelay: Milliseconds(0), downDelay: Milliseconds(0), ...changes });
const scripts = (weight: number | undefined) => track({ scripts: [{ name: 'resolver', weight }] });
const up: TrackResult = { key: 'script resolver', verdict: 'up', detail: 'succeeded (1 success)' };
const failed: TrackResult = { key: 'script resolver', verdict: 'down', detail: 'failed: exit status 1 (2 failures)' };

/** a at 150 with what it tracks, MASTER; b at 140 hears it. */
const pair = async (tracked: TrackConfiguration, results: readonly TrackResult[] = []): Promise<readonly [VrrpChild, VrrpChild]> => {
  const { stage } = context;
  const a = stage.child(stage.a);
  await a.configure([instance({ priority: 150, track: tracked })], { tracked: results });
  await a.line(/^web: holding/);
  const b = stage.child(stage.b);
  await b.configure([instance({ priority: 140 })]);
  await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
  return [a, b];
};
const secondLink = () => context.stage.segment.host('a', undefined, 'e1', context.stage.a);

describe('a tracked interface', () => {
  it('without a weight is a FAULT while it has no carrier', async () => {
    const link = secondLink();
    const [a, b] = await pair(track({ interfaces: [uplink()] }));
    context.stage.segment.cable(link, 'down');
    expect((await a.becomes('FAULT')).message).toBe('web: MASTER -> FAULT, interface e1 has no carrier');
    await b.becomes('MASTER');
    expect((await a.status()).trackers).toEqual([{ type: 'interface', name: 'e1', state: 'down', weight: null, contribution: 0, fault: true, reason: 'has no carrier' }]);
    const back = a.mark;
    context.stage.segment.cable(link, 'up');
    await a.line(/^web: FAULT -> BACKUP, interface e1 is up$/);
    await a.line(/^web: BACKUP -> MASTER/, back);
  });

  it('with a weight lowers the priority while it is down, so that the other one takes over, and back', async () => {
    secondLink();
    const [a, b] = await pair(track({ interfaces: [uplink({ weight: -20 })] }));
    ipIn(context.stage.a, 'link', 'set', 'e1', 'down');
    await a.line(/^web: effective priority 150 -> 130, interface e1 is down$/);
    await b.becomes('MASTER');
    await a.line(/^web: MASTER -> BACKUP/);
    expect(await a.status()).toMatchObject({ priority: 150, effective_priority: 130, trackers: [{ contribution: -20, fault: false }] });
    ipIn(context.stage.a, 'link', 'set', 'e1', 'up');
    await a.line(/^web: effective priority 130 -> 150, interface e1 is up$/);
    await b.line(/^web: MASTER -> BACKUP, 10\.77\.0\.1 advertises priority 150, ours is 140$/);
  });

  it('that does not exist is down, and counts when it is made', async () => {
    const a = context.stage.child(context.stage.a);
    await a.configure([instance({ track: track({ interfaces: [uplink()] }) })]);
    await a.line(/^web: INIT -> FAULT, interface e1 does not exist$/);
    secondLink();
    await a.becomes('MASTER');
  });

  it('counts from the end of startup_delay on', async () => {
    secondLink();
    ipIn(context.stage.a, 'link', 'set', 'e1', 'down');
    const a = context.stage.child(context.stage.a);
    const until = plus(monotonicNow(), Milliseconds(1_500));
    await a.configure([instance({ track: track({ interfaces: [uplink()] }) })], { heldUntil: until });
    expect((await a.status()).state).toBe('INIT');
    await a.line(/^web: INIT -> FAULT, interface e1 is down$/);
    expect(monotonicNow()).toBeGreaterThanOrEqual(until);
    ipIn(context.stage.a, 'link', 'set', 'e1', 'up');
    await a.becomes('MASTER');
  });

  it('counts only when it was down for its delay', async () => {
    const link = secondLink();
    const a = context.stage.child(context.stage.a);
    await a.configure([instance({ track: track({ interfaces: [uplink({ downDelay: Milliseconds(400), upDelay: Milliseconds(200) })] }) })]);
    await a.becomes('MASTER');
    context.stage.segment.cable(link, 'down');
    await new Promise((resolve) => setTimeout(resolve, 100)); // a flap, shorter than the delay
    context.stage.segment.cable(link, 'up');
    await new Promise((resolve) => setTimeout(resolve, 500)); // longer than the delay: it would have counted by now
    expect((await a.status()).state).toBe('MASTER');
    const at = Date.now();
    context.stage.segment.cable(link, 'down');
    expect((await a.becomes('FAULT')).time - at).toBeGreaterThanOrEqual(395);
    const again = Date.now();
    context.stage.segment.cable(link, 'up');
    expect((await a.line(/^web: FAULT -> BACKUP/)).time - again).toBeGreaterThanOrEqual(195);
  });
});

describe("the supervisor's results", () => {
  it('hold an instance until the first, without an error in the log', async () => {
    const a = context.stage.child(context.stage.a);
    await a.configure([instance({ track: scripts(undefined) })]);
    const waits = await a.line(/^web: INIT -> FAULT, script resolver has not ended a run yet$/);
    expect(waits.level).toBe('info');
    await a.status();
    expect(a.isolated).toBe(false);
    a.send({ type: 'track', tracked: [up] });
    await a.line(/^web: FAULT -> BACKUP, script resolver succeeded \(1 success\)$/);
    await a.becomes('MASTER');
    a.send({ type: 'track', tracked: [failed] });
    const fault = await a.line(/^web: MASTER -> FAULT, script resolver failed: exit status 1 \(2 failures\)$/);
    expect(fault.level).toBe('error');
    await a.status();
    expect(a.isolated).toBe(true);
  });

  it('of a script with a weight move the effective priority, and an election follows', async () => {
    const [a, b] = await pair(scripts(-30), [up]);
    expect(a.lines(/FAULT|effective/)).toEqual([]);
    a.send({ type: 'track', tracked: [failed] });
    const line = await a.line(/^web: effective priority 150 -> 120, script resolver failed: exit status 1 \(2 failures\)$/);
    expect(line.fields).toMatchObject({ instance: 'web', priority: 150, effective_priority: 120 });
    await b.becomes('MASTER');
    await a.line(/^web: MASTER -> BACKUP/);
    const back = a.mark;
    a.send({ type: 'track', tracked: [up] });
    await a.line(/^web: effective priority 120 -> 150, script resolver succeeded/);
    await a.becomes('MASTER', 'web', back);
  });

  it('of a script that is reversed are a FAULT while it succeeds', async () => {
    const [a, b] = await pair(track({ scripts: [{ name: 'resolver', weight: undefined, reverse: true }] }), [failed]);
    a.send({ type: 'track', tracked: [up] });
    await a.line(/^web: MASTER -> FAULT, script resolver succeeded \(1 success\), and counts reversed$/);
    await b.becomes('MASTER');
    const back = a.mark;
    a.send({ type: 'track', tracked: [failed] });
    await a.becomes('MASTER', 'web', back);
  });

  it('that are not there yet do not stop one that runs when a reload adds a script', async () => {
    const [a] = await pair(track({}));
    await a.configure([instance({ priority: 150, track: scripts(undefined) })]);
    expect(await a.status()).toMatchObject({ state: 'MASTER', trackers: [{ name: 'resolver', state: 'unknown', fault: false }] });
    a.send({ type: 'track', tracked: [failed] });
    await a.becomes('FAULT');
    await a.configure([instance({ priority: 150, track: track({}) })]);
    await a.line(/^web: FAULT -> BACKUP, script resolver is not tracked any more$/);
  });

  it('add up, and are clamped; an owner keeps 255', async () => {
    const a = context.stage.child(context.stage.a);
    const both = track({ scripts: [{ name: 'resolver', weight: -200 }], files: [{ path: '/f', weight: 2, interval: Milliseconds(100) }] });
    const file = (value: number): TrackResult => ({ key: 'file /f', verdict: 'up', value, detail: `holds ${value}` });
    await a.configure([instance({ priority: 150, track: both }), instance({ name: 'own', virtualRouterId: 52, priority: 255, track: both, virtualAddresses: [{ address: '10.77.0.1', prefixLength: 24, interface: 'e0', label: undefined, advertise: true }] })], { tracked: [failed, file(5)] });
    expect((await a.status()).effective_priority).toBe(1);
    expect((await a.status('own')).effective_priority).toBe(255);
    await a.line(/^own: effective priority stays 255, script resolver failed: exit status 1 \(2 failures\), file \/f holds 5$/);
    a.send({ type: 'track', tracked: [up, file(100)] });
    await a.line(/^web: effective priority 1 -> 254, script resolver succeeded \(1 success\), file \/f holds 100$/);
    a.send({ type: 'track', tracked: [up, file(-127)] });
    await a.line(/-> FAULT, file \/f holds -127$/);
  });
});

describe('what a sync group tracks', () => {
  it('holds for all its members', async () => {
    const a = context.stage.child(context.stage.a);
    const members = [instance({ priority: 150 }), instance({ name: 'lan', virtualRouterId: 52, priority: 120, virtualAddresses: [{ address: '10.77.0.101', prefixLength: 32, interface: 'e0', label: undefined, advertise: true }] })];
    const group = (weight: number | undefined) => ({ syncGroups: [{ name: 'all', instances: ['web', 'lan'], track: scripts(weight) }] });
    await a.configure(members, { ...group(-30), tracked: [up] });
    await a.becomes('MASTER', 'web');
    await a.becomes('MASTER', 'lan');
    a.send({ type: 'track', tracked: [failed] });
    await a.line(/^web: effective priority 150 -> 120/);
    await a.line(/^lan: effective priority 120 -> 90/);
    await a.configure(members, group(undefined));
    await a.line(/^web: MASTER -> FAULT, script resolver failed/);
    await a.statusThat(({ reason }) => reason === 'script resolver failed: exit status 1 (2 failures)', 'in FAULT by its own tracker', 'lan');
    expect(await a.status('lan')).toMatchObject({ effective_priority: 120, sync_group: 'all' });
    const back = a.mark;
    a.send({ type: 'track', tracked: [up] });
    await a.becomes('MASTER', 'lan', back);
  });
});
