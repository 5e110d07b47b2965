/** Sends gratuitous ARP and unsolicited Neighbour Advertisements: bursts for many addresses, in portions, so that an advertisement never waits behind them. */
import { monotonicNow } from '../time/clock.js';
import { type Microseconds, minus, toMilliseconds } from '../time/microseconds.js';
import { announcementFrame } from './announcement-frame.js';
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
  readonly address: string;
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
  readonly frames: readonly AnnouncementTarget[];
  next: number;
}

/** frames in one turn of the loop: some 2 ms */
const portion = 256;
/** before a full queue is tried again, and how often that may happen in one job */
const retryMilliseconds = 1;
const retries = 200;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'EIO');

const byInterface = (targets: readonly AnnouncementTarget[]): readonly (readonly [number, readonly AnnouncementTarget[]])[] => {
  const groups = new Map<number, AnnouncementTarget[]>();
  for (const target of targets) {
    const group = groups.get(target.link.index);
    if (group) group.push(target);
    else groups.set(target.link.index, [target]);
  }
  return [...groups];
};

export class Announcer {
  private readonly sockets = new Map<number, PacketSocket>();
  /** by index of the interface: when the last announcement left */
  private readonly lastSent = new Map<number, Microseconds>();
  /** in the order of their turns */
  private lanes: Lane[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private retriesLeft = retries;

  /**
   * Announces every address `repeat` times, as "for each repeat, for each address"; without an interval the first portion is sent before this returns.
   * @param owner whose `cancel` ends it
   * @param interval at least so long after any other on the same interface; 0 = as fast as it goes
   */
  announce(owner: string, targets: readonly AnnouncementTarget[], repeat: number, interval: Microseconds): Promise<AnnouncementResult> {
    const ethernet = targets.filter(({ link }) => link.arp && link.hardwareAddress.length === 6);
    return new Promise((done) => {
      const job: Job = { owner, lanes: [], sent: 0, errors: new Map(), done };
      job.lanes = byInterface(ethernet).map(([index, group]) => ({ job, interface: index, interval, frames: Array.from({ length: repeat }, () => group).flat(), next: 0 }));
      if (job.lanes.length === 0) {
        this.finish(job);
        return;
      }
      this.lanes.push(...job.lanes);
      if (!this.running) this.work();
    });
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
    for (let budget = portion; budget > 0; budget--) {
      const turn = nextTurn(this.lanes, this.lastSent, monotonicNow());
      if (turn === undefined) return;
      if (turn.type === 'wait') {
        // never early: a timer counts whole milliseconds
        this.timer = setTimeout(() => this.work(), Math.ceil(toMilliseconds(minus(turn.until, monotonicNow()))));
        return;
      }
      if (!this.send(turn.of)) {
        this.running = true;
        setTimeout(() => this.work(), retryMilliseconds);
        return;
      }
    }
    if (this.lanes.length > 0) {
      this.running = true;
      setImmediate(() => this.work());
    }
  }

  /** The next one of a lane. @returns false when it must be tried again */
  private send(lane: Lane): boolean {
    const { job } = lane;
    const frame = lane.frames[lane.next];
    if (frame) {
      try {
        this.socketFor(frame.link).send(announcementFrame(frame.link, frame.address));
        job.sent++;
        this.retriesLeft = retries;
      } catch (error) {
        const code = codeOf(error);
        if ((code === 'EAGAIN' || code === 'ENOBUFS') && this.retriesLeft-- > 0) return false;
        job.errors.set(code, (job.errors.get(code) ?? 0) + 1);
      }
      this.lastSent.set(lane.interface, monotonicNow());
      lane.next++;
    }
    if (lane.next < lane.frames.length) {
      if (lane.interval > 0) this.lanes = [...this.lanes.filter((other) => other !== lane), lane];
      return true;
    }
    this.lanes = this.lanes.filter((other) => other !== lane);
    job.lanes = job.lanes.filter((other) => other !== lane);
    if (job.lanes.length === 0) this.finish(job);
    return true;
  }

  private socketFor(link: Link): PacketSocket {
    const known = this.sockets.get(link.index);
    if (known) return known;
    const opened = new PacketSocket(link.index);
    this.sockets.set(link.index, opened);
    return opened;
  }
}
