/**
 * What must hold beside another implementation's router, told as two stories, each of which goes through an orderly stop, a
 * preemption and a crash: who holds the address, what is on the wire and how long it takes, that both hold it no longer than an
 * advertisement needs to arrive, and that neither has anything to complain about. The other router is on host a, Tandem on host b.
 */
import { expect } from 'vitest';
import type { InstanceConfiguration } from '../../src/config/model.js';
import { type Microseconds, toMilliseconds } from '../../src/time/microseconds.js';
import { masterDownInterval, skewTime } from '../../src/vrrp/timers.js';
import type { Capture, CapturedAdvertisement } from './capture.js';
import { HolderWatch, longestOverlap, onInterface, type Reading } from './holder-watch.js';
import { type Host, ipIn } from './namespaces.js';
import type { Peer } from './peer.js';
import { Lateness, type Stage } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

export interface Cell {
  readonly title: string;
  readonly version: 2 | 3;
  readonly interval: Microseconds;
  /** of the virtual router, without length; all of one family */
  readonly addresses: readonly string[];
  readonly ours: Partial<InstanceConfiguration>;
  readonly start: (host: Host, priority: number) => Peer;
  /** tells when the other one holds the first address; on its e0 unless said */
  readonly theirHolding?: Reading;
  /** what they send from */
  readonly theirSource: string;
  readonly ourSource: string;
  /**
   * The intervals are so short that a busy machine takes mastership from one of the two now and then: who is master in the end is
   * certain, how often that changed on the way is not, and what depends on it is asserted only where nothing changed.
   */
  readonly fast?: boolean;
}

/** the other router's timers count in hundredths of a second */
const granularity = 12;

/** One link-local address each, usable at once: a is fe80::a, b is fe80::b. */
const linkLocal = (host: Host, address: string): void => {
  ipIn(host, 'link', 'set', 'e0', 'addrgenmode', 'none');
  ipIn(host, '-6', 'addr', 'flush', 'dev', 'e0');
  ipIn(host, 'addr', 'add', `${address}/64`, 'dev', 'e0', 'nodad');
};

const ofTandem = (cell: Cell, priority: number): InstanceConfiguration =>
  instance({
    version: cell.version,
    priority,
    advertisementInterval: cell.interval,
    virtualAddresses: cell.addresses.map((address) => ({ address, prefixLength: address.includes(':') ? 128 : 32, interface: 'e0', label: undefined, advertise: true })),
    ...cell.ours,
  });

/** The scene of a story. */
class Scene {
  private readonly peers: Peer[] = [];
  private readonly children: VrrpChild[] = [];

  private constructor(
    private readonly stage: Stage,
    readonly cell: Cell,
    readonly theirs: HolderWatch,
    readonly ours: HolderWatch,
    readonly wire: Capture,
    private readonly lateness: Lateness,
  ) {}

  /** @param survivor whose interface is watched: a router is cut off in the end */
  static async set(stage: Stage, cell: Cell, survivor: 'a' | 'b'): Promise<Scene> {
    linkLocal(stage.a, 'fe80::a');
    linkLocal(stage.b, 'fe80::b');
    const [address = ''] = cell.addresses;
    const theirs = stage.with(await HolderWatch.open(stage.a, cell.theirHolding ?? onInterface(address)));
    const ours = stage.with(await HolderWatch.open(stage.b, onInterface(address)));
    return new Scene(stage, cell, theirs, ours, await stage.capture(stage[survivor], 'ip proto 112 or ip6 proto 112'), new Lateness());
  }

  other(priority: number): Peer {
    const peer = this.stage.with(this.cell.start(this.stage.a, priority));
    this.peers.push(peer);
    return peer;
  }

  async tandem(priority: number): Promise<VrrpChild> {
    const child = this.stage.child(this.stage.b);
    this.children.push(child);
    await child.configure([ofTandem(this.cell, priority)]);
    return child;
  }

  /** What the daemons said, in the order of their starts. */
  logs(): string {
    const theirs = this.peers.map(({ tail }) => `the other router:\n${tail}`);
    const ours = this.children.map(({ log }) => `Tandem:\n${log.map(({ time, message }) => `${new Date(time).toISOString()} ${message}`).join('\n')}`);
    return [...theirs, ...ours].join('\n');
  }

  cutOff(who: 'a' | 'b'): void {
    this.stage.segment.isolate(this.stage[who], true);
    (who === 'a' ? this.theirs : this.ours).cutOff();
  }

  down(priority: number): number {
    return toMilliseconds(masterDownInterval(this.cell.version, priority, this.cell.interval));
  }

  skew(priority: number): number {
    return toMilliseconds(skewTime(this.cell.version, priority, this.cell.interval));
  }

  /** The first advertisement of `next` behind the last one of `gone` (its resignation, where it resigned), in milliseconds after that. */
  async followed(gone: string, next: string): Promise<number> {
    const found = await this.wire.until(({ advertisements }) => {
      const last = advertisements.findLast(({ source }) => source === gone);
      const first = last && advertisements.find(({ at, source }) => source === next && at > last.at);
      return last && first && { last, first };
    }, `advertisement of ${next} behind the last one of ${gone}`);
    return found.first.at - found.last.at;
  }

  resignations(source: string): readonly CapturedAdvertisement[] {
    return this.wire.advertisements.filter((advertisement) => advertisement.source === source && advertisement.priority === 0);
  }

  /** Only now is known how late this machine was. Ends the scene. */
  assertTimes(times: readonly { readonly what: string; readonly took: number; readonly expected: number }[], steady: boolean): void {
    const slack = this.lateness.milliseconds;
    if (!steady) return;
    for (const { what, took, expected } of times) {
      expect(took, what).toBeGreaterThan(expected - granularity);
      expect(took, what).toBeLessThan(expected + granularity + slack);
    }
    expect(longestOverlap(this.theirs, this.ours), 'milliseconds for which both held the address').toBeLessThan(toMilliseconds(this.cell.interval) + slack);
  }
}

export const rejections = async (child: VrrpChild): Promise<readonly string[]> => Object.keys((await child.status()).counters).filter((counter) => counter.startsWith('rejected.'));

/** Both see one virtual router on the wire: version, interval, addresses and the form of the checksum. */
const assertAlike = ({ wire, cell }: Scene): void => {
  const forms = new Set(wire.advertisements.map(({ advertisement }) => JSON.stringify({ ...advertisement, priority: 0, password: undefined })));
  expect([...forms], 'advertisements but for their priority').toHaveLength(1);
  expect(wire.advertisements[0]?.advertisement).toMatchObject({ version: cell.version, virtualRouterId: 51, interval: cell.interval, addresses: cell.addresses });
};

type Story = (stage: Stage, cell: Cell) => Promise<void>;

/** A story that, where it fails, tells what both daemons said. */
const told =
  (survivor: 'a' | 'b', story: (scene: Scene) => Promise<void>): Story =>
  async (stage, cell) => {
    const scene = await Scene.set(stage, cell, survivor);
    try {
      await story(scene);
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${scene.logs()}`, { cause: error });
    }
  };

/** The other one is master. It stops, comes back and preempts, is cut off. */
export const tandemIsBackup: Story = told('b', async (scene) => {
  const { cell } = scene;
  const { theirs, ours, wire } = scene;
  const first = scene.other(150);
  await theirs.until(true);
  const child = await scene.tandem(100);
  const hears = async (): Promise<unknown> => {
    const before = (await child.status()).counters['advertisements_received'] ?? 0;
    return child.statusThat(({ state, master, counters }) => state === 'BACKUP' && master === cell.theirSource && (counters['advertisements_received'] ?? 0) > before + 1, 'hearing the other one');
  };
  expect(await hears()).toMatchObject({ master_priority: 150, address_list_agrees: true, family: cell.addresses[0]?.includes(':') ? 'ipv6' : 'ipv4' });
  if (!cell.fast) expect(ours.held).toEqual([]);

  await first.end();
  await ours.until(true);
  const afterStop = await scene.followed(cell.theirSource, cell.ourSource);
  expect(scene.resignations(cell.theirSource)).not.toEqual([]);
  const stopLine = child.log.findLast(({ message }) => /-> MASTER/.test(message))?.message;
  await child.line(/^web: holding/);
  await theirs.until(false);

  const second = scene.other(150);
  await theirs.until(true);
  await ours.until(false);
  await hears();
  const lostLine = child.log.findLast(({ message }) => /-> BACKUP/.test(message))?.message;

  const transitions = (): number => child.lines(/-> MASTER/).length;
  const before = transitions();
  scene.cutOff('a');
  await second.crash();
  await ours.until(true);
  const afterCrash = await scene.followed(cell.theirSource, cell.ourSource);
  const steady = !cell.fast || (before === 1 && transitions() === 2);
  if (steady) {
    expect(stopLine).toBe(`web: BACKUP -> MASTER, ${cell.theirSource} resigned`);
    expect(lostLine).toBe(`web: MASTER -> BACKUP, ${cell.theirSource} advertises priority 150, ours is 100`);
    expect(child.lines(/-> MASTER/).at(-1)).toMatch(new RegExp(`^web: BACKUP -> MASTER, no advertisement from ${cell.theirSource} for [\\d.]+ s$`));
  }
  scene.assertTimes(
    [
      { what: 'our takeover after their orderly stop', took: afterStop, expected: scene.skew(100) },
      { what: 'our takeover after their crash', took: afterCrash, expected: scene.down(100) },
    ],
    steady,
  );
  assertAlike(scene);
  expect(wire.advertisements.length).toBeGreaterThan(3);
  expect(await rejections(child)).toEqual([]);
  expect((await child.status()).conflicts ?? []).toEqual([]);
  expect([...first.complaints, ...second.complaints]).toEqual([]);
});

/** Tandem is master. It stops, comes back and preempts, is cut off. */
export const tandemIsMaster: Story = told('a', async (scene) => {
  const { cell, theirs, ours } = scene;
  const first = await scene.tandem(200);
  await ours.until(true);
  const other = scene.other(100);
  await other.becomes('BACKUP');
  const sent = (await first.status()).counters['advertisements_sent'] ?? 0;
  await first.statusThat(({ counters }) => (counters['advertisements_sent'] ?? 0) > sent + 2, 'advertising to it');
  if (!cell.fast) expect(theirs.held.filter(({ to }) => to === undefined)).toEqual([]);
  expect((await first.status()).conflicts ?? []).toEqual([]);

  const mark = other.mark;
  await first.stop();
  await other.becomes('MASTER', mark);
  await theirs.until(true);
  const afterStop = await scene.followed(cell.ourSource, cell.theirSource);
  expect(scene.resignations(cell.ourSource)).toHaveLength(1);
  await ours.until(false);

  const second = await scene.tandem(200);
  await ours.until(true);
  await theirs.until(false);
  await other.becomes('BACKUP', mark);
  await second.line(/^web: holding/);
  const preempted = second.lines(/-> MASTER/);
  await second.statusThat(({ state, counters }) => state === 'MASTER' && (counters['advertisements_sent'] ?? 0) > 2, 'advertising again');

  const theirTransitions = other.log.length;
  const lostAgain = other.log.slice(mark).filter(({ line }) => /Entering MASTER|-> Master/.test(line)).length;
  scene.cutOff('b');
  second.kill('SIGKILL');
  await second.exited;
  await theirs.until(true);
  const afterCrash = await scene.followed(cell.ourSource, cell.theirSource);
  if (!cell.fast) await other.becomes('MASTER', theirTransitions);
  const steady = !cell.fast || (preempted.length === 1 && lostAgain === 1);
  if (steady) expect(preempted).toEqual([`web: BACKUP -> MASTER, preempting ${cell.theirSource}: its priority is 100, ours 200`]);
  scene.assertTimes(
    [
      { what: 'their takeover after our orderly stop', took: afterStop, expected: scene.skew(100) },
      { what: 'their takeover after our crash', took: afterCrash, expected: scene.down(100) },
    ],
    steady,
  );
  assertAlike(scene);
  expect(await first.exited).toBe(0);
  expect(other.complaints).toEqual([]);
});
