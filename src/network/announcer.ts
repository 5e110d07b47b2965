/** Sends gratuitous ARP and unsolicited Neighbour Advertisements: bursts for many addresses, in portions, so that an advertisement never waits behind them. */
import { monotonicNow } from '../time/clock.js';
import { type Microseconds, minus, toMilliseconds } from '../time/microseconds.js';
import { FrameBatch } from './frame-batch.js';
import { PacketSocket } from './packet-socket.js';
import { nextTurn } from '../vrrp/announcement-turns.js';
import type { Link } from './rtnetlink.js';

export interface AnnouncementResult {
  readonly sent: number;
  /** errno's name -> how many frames it cost */
  readonly errors: ReadonlyMap<string, number>;
}

export interface AnnouncementTarget {
  readonly link: Link;
  readonly frame: Buffer;
}

interface Job {
  readonly owner: string;
  /** what is left of it, by interface */
  lanes: Lane[];
  sent: number;
  readonly errors: Map<string, number>;
  readonly done: (result: AnnouncementResult) => void;
}

interface Lane {
  readonly job: Job;
  /** index of the interface */
  readonly interface: number;
  readonly interval: Microseconds;
  readonly link: Link;
  readonly frames: readonly Buffer[];
  next: number;
}

/** frames in one turn of the loop: some 3 ms */
const portion = 1024;
/** before a full queue is tried again, and how often that may happen in one job */
const retryMilliseconds = 1;
const retries = 200;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'EIO');

const byInterface = (targets: readonly AnnouncementTarget[]): readonly (readonly [Link, readonly Buffer[]])[] => {
  const groups = new Map<number, [Link, Buffer[]]>();
  for (const { link, frame } of targets) {
    const group = groups.get(link.index);
    if (group) group[1].push(frame);
    else groups.set(link.index, [link, [frame]]);
  }
  return [...groups.values()];
};

export class Announcer {
  private readonly sockets = new Map<number, PacketSocket>();
  private readonly batch = new FrameBatch(portion);
  /** by index of the interface: when the last announcement left */
  private readonly lastSent = new Map<number, Microseconds>();
  /** in the order of their turns */
  private lanes: Lane[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private retriesLeft = retries;

  /**
   * Sends every frame `repeat` times, as "for each repeat, for each frame"; without an interval the first portion is sent before this returns.
   * @param owner whose `cancel` ends it
   * @param interval at least so long after any other on the same interface; 0 = as fast as it goes
   */
  announce(owner: string, targets: readonly AnnouncementTarget[], repeat: number, interval: Microseconds): Promise<AnnouncementResult> {
    const ethernet = targets.filter(({ link }) => link.arp && link.hardwareAddress.length === 6);
    return new Promise((done) => {
      const job: Job = { owner, lanes: [], sent: 0, errors: new Map(), done };
      job.lanes = byInterface(ethernet).map(([link, group]) => ({ job, interface: link.index, interval, link, frames: Array.from({ length: repeat }, () => group).flat(), next: 0 }));
      if (repeat === 0 || job.lanes.length === 0) {
        job.lanes = [];
        this.finish(job);
        return;
      }
      this.lanes.push(...job.lanes);
      if (!this.running) this.work();
    });
  }

  /** Opens what a burst on this interface will need. @throws SystemCallError as `PacketSocket` does */
  prepare(link: Link): void {
    if (link.arp && link.hardwareAddress.length === 6) this.socketFor(link).send([], this.batch);
  }

  /** Drops what is queued for an owner that does not hold its addresses any more. */
  cancel(owner: string): void {
    for (const job of new Set(this.lanes.map((lane) => lane.job))) if (job.owner === owner) this.finish(job);
  }

  /** Forgets the socket of an interface that is gone. */
  forget(index: number): void {
    this.sockets.get(index)?.close();
    this.sockets.delete(index);
    this.lastSent.delete(index);
  }

  close(): void {
    for (const job of new Set(this.lanes.map((lane) => lane.job))) this.finish(job);
    clearTimeout(this.timer);
    for (const index of [...this.sockets.keys()]) this.forget(index);
  }

  private finish(job: Job): void {
    this.lanes = this.lanes.filter((lane) => lane.job !== job);
    job.done({ sent: job.sent, errors: job.errors });
  }

  private work(): void {
    this.running = false;
    clearTimeout(this.timer);
    for (let budget = portion; budget > 0; ) {
      const turn = nextTurn(this.lanes, this.lastSent, monotonicNow());
      if (turn === undefined) return;
      if (turn.type === 'wait') {
        // never early: a timer counts whole milliseconds
        this.timer = setTimeout(() => this.work(), Math.ceil(toMilliseconds(minus(turn.until, monotonicNow()))));
        return;
      }
      const left = this.send(turn.of, turn.of.interval > 0 ? 1 : budget);
      if (left === 0) {
        this.running = true;
        setTimeout(() => this.work(), retryMilliseconds);
        return;
      }
      budget -= left;
    }
    if (this.lanes.length > 0) {
      this.running = true;
      setImmediate(() => this.work());
    }
  }

  /** The next ones of a lane, at most so many. @returns how many it has done with, 0 when they must be tried again */
  private send(lane: Lane, atMost: number): number {
    const { job } = lane;
    let count: number;
    try {
      count = this.socketFor(lane.link).send(lane.frames.slice(lane.next, lane.next + atMost), this.batch);
      job.sent += count;
      this.retriesLeft = retries;
    } catch (error) {
      const code = codeOf(error);
      if ((code === 'EAGAIN' || code === 'ENOBUFS') && this.retriesLeft-- > 0) return 0;
      job.errors.set(code, (job.errors.get(code) ?? 0) + 1);
      count = 1;
    }
    this.lastSent.set(lane.interface, monotonicNow());
    lane.next += count;
    if (lane.next < lane.frames.length) {
      if (lane.interval > 0) this.lanes = [...this.lanes.filter((other) => other !== lane), lane];
      return count;
    }
    this.lanes = this.lanes.filter((other) => other !== lane);
    job.lanes = job.lanes.filter((other) => other !== lane);
    if (job.lanes.length === 0) this.finish(job);
    return count;
  }

  private socketFor(link: Link): PacketSocket {
    const known = this.sockets.get(link.index);
    if (known) return known;
    const opened = new PacketSocket(link.index);
    this.sockets.set(link.index, opened);
    return opened;
  }
}
