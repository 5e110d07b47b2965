/** A real keepalived as the other router: every version, both roles, and neither has anything to complain about. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds, toMilliseconds } from '../../src/time/microseconds.js';
import { masterDownInterval, skewTime } from '../../src/vrrp/timers.js';
import { Keepalived, type KeepalivedOptions } from './keepalived-daemon.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { addressesOn } from './namespaces.js';
import { Lateness, onStage, type Stage } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const vip = '10.77.0.100/32';
requireNetworkNamespaces();

interface Case {
  readonly title: string;
  readonly ours: Partial<InstanceConfiguration>;
  readonly theirs: Omit<KeepalivedOptions, 'priority'>;
}

const cases: readonly Case[] = [
  { title: 'version 2', ours: { version: 2, advertisementInterval: Seconds(1) }, theirs: { version: 2, interval: 1 } },
  {
    title: 'version 2 with a password',
    ours: { version: 2, advertisementInterval: Seconds(1), authentication: { type: 'pass', password: 's3cret' } },
    theirs: { version: 2, interval: 1, password: 's3cret' },
  },
  { title: 'version 3 every 100 ms', ours: {}, theirs: { version: 3, interval: 0.1 } },
];

/** On host a. */
const keepalived = (stage: Stage, options: KeepalivedOptions): Keepalived => stage.with(new Keepalived(stage.a, options));
/** On host b. */
const tandem = async (stage: Stage, changes: Partial<InstanceConfiguration>): Promise<VrrpChild> => {
  const child = stage.child(stage.b);
  await child.configure([instance(changes)]);
  return child;
};
const rejections = async (child: VrrpChild): Promise<readonly string[]> => Object.keys((await child.status()).counters).filter((counter) => counter.startsWith('rejected.'));
const down = ({ ours }: Case, priority: number): number => toMilliseconds(masterDownInterval(ours.version ?? 3, priority, ours.advertisementInterval ?? Milliseconds(100)));
const skew = ({ ours }: Case, priority: number): number => toMilliseconds(skewTime(ours.version ?? 3, priority, ours.advertisementInterval ?? Milliseconds(100)));

// most of their time is waiting: they run at once
describe.concurrent.each(cases)('$title', (here) => {
  it('keepalived is master, Tandem its backup: it takes over when keepalived is killed', { timeout: 60_000 }, onStage(async (stage) => {
    const other = keepalived(stage, { ...here.theirs, priority: 150 });
    await other.becomes('MASTER');
    const ours = await tandem(stage, { ...here.ours, priority: 100 });
    const heard = await ours.statusThat(({ master }) => master === '10.77.0.1', 'hearing keepalived');
    expect(heard).toMatchObject({ state: 'BACKUP', master_priority: 150, address_list_agrees: true });
    const lateness = new Lateness();
    const at = Date.now();
    await other.crash();
    const taken = await ours.becomes('MASTER');
    expect(taken.time - at).toBeLessThan(down(here, 100) + 50 + lateness.milliseconds);
    await ours.line(/^web: holding/);
    expect(addressesOn(stage.b)).toContain(vip);
    expect(await rejections(ours)).toEqual([]);
    expect(other.complaints).toEqual([]);
  }));

  it('Tandem is master, keepalived its backup: it takes over within its skew time when Tandem stops in order', { timeout: 60_000 }, onStage(async (stage) => {
    const ours = await tandem(stage, { ...here.ours, priority: 255 });
    await ours.line(/^web: holding/);
    const other = keepalived(stage, { ...here.theirs, priority: 100 });
    await other.becomes('BACKUP');
    const sent = (await ours.status()).counters['advertisements_sent'] ?? 0;
    await ours.statusThat(({ counters }) => (counters['advertisements_sent'] ?? 0) > sent + 4, 'advertising to it');
    expect(other.log.filter(({ line }) => /MASTER STATE/.test(line))).toEqual([]);
    const lateness = new Lateness();
    const at = Date.now();
    await ours.stop();
    const taken = await other.becomes('MASTER');
    expect(taken.at - at).toBeLessThan(skew(here, 100) + 100 + lateness.milliseconds);
    expect(other.complaints).toEqual([]);
  }));

  it('each preempts the other when its priority says so', { timeout: 60_000 }, onStage(async (stage) => {
    const other = keepalived(stage, { ...here.theirs, priority: 100 });
    await other.becomes('MASTER');
    const ours = await tandem(stage, { ...here.ours, priority: 150 });
    await ours.line(/^web: holding/);
    await other.becomes('BACKUP', other.log.findIndex(({ line }) => /MASTER STATE/.test(line)));
    const mark = other.mark;
    await ours.configure([instance({ ...here.ours, priority: 50 })]);
    await other.becomes('MASTER', mark);
    expect((await ours.line(/MASTER -> BACKUP/)).message).toBe('web: MASTER -> BACKUP, 10.77.0.1 advertises priority 100, ours is 50');
    await ours.line(/^web: released/);
    expect(addressesOn(stage.a)).toContain(vip);
    expect(addressesOn(stage.b)).not.toContain(vip);
    expect(await rejections(ours)).toEqual([]);
    expect(other.complaints).toEqual([]);
  }));

  it('keepalived that stops in order is followed within our skew time', { timeout: 60_000 }, onStage(async (stage) => {
    const other = keepalived(stage, { ...here.theirs, priority: 150 });
    await other.becomes('MASTER');
    const ours = await tandem(stage, { ...here.ours, priority: 100 });
    await ours.statusThat(({ master }) => master === '10.77.0.1', 'hearing keepalived');
    const vrrp = await stage.capture(stage.b, 'ip proto 112');
    const lateness = new Lateness();
    const ended = other.end();
    const taken = await ours.becomes('MASTER');
    expect(taken.message).toBe('web: BACKUP -> MASTER, 10.77.0.1 resigned');
    const resigned = await vrrp.until(({ advertisements }) => advertisements.find(({ priority }) => priority === 0), 'resignation');
    expect(taken.time - resigned.at).toBeLessThan(skew(here, 100) + 20 + lateness.milliseconds);
    await ended;
  }));
});

describe.concurrent('the checksum of RFC 9568, which keepalived 2.2.7 does not know', () => {
  it('is what it complains about when we are told to send it; it is not its default nor ours', { timeout: 60_000 }, onStage(async (stage) => {
    const ours = await tandem(stage, { priority: 255, checksum: 'rfc9568' });
    await ours.line(/^web: holding/);
    const other = keepalived(stage, { version: 3, interval: 0.1, priority: 100 });
    await other.line(/checksum/i);
    expect(other.complaints).not.toEqual([]); // so that an empty list above says something
    expect(await ours.statusThat(({ counters }) => (counters['checksum.pseudo_header'] ?? 0) > 0, 'taking keepalived`s all the same')).toMatchObject({ state: 'MASTER' });
  }));
});
