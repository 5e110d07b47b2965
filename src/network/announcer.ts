/** Sends gratuitous ARP and unsolicited Neighbour Advertisements: bursts for many addresses, in portions, so that an advertisement never waits behind them. */
import { FrameBatch } from './frame-batch.js';
import { PacketSocket } from './packet-socket.js';
import type { Link } from './rtnetlink.js';

export interface AnnouncementResult {
  readonly sent: number;
  /** errno's name -> how many frames it cost */
  readonly errors: ReadonlyMap<string, number>;
}

interface Job {
  readonly owner: string;
  readonly targets: readonly Target[];
  readonly repeat: number;
  /** counted over all repeats */
  next: number;
  sent: number;
  readonly errors: Map<string, number>;
  readonly done: (result: AnnouncementResult) => void;
}

interface Target {
  readonly link: Link;
  readonly frame: Buffer;
}

/** frames in one turn of the loop: some 3 ms */
const portion = 1024;
/** before a full queue is tried again, and how often that may happen in one job */
const retryMilliseconds = 1;
const retries = 200;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'EIO');

/** What a job sends next, out of one interface; no link: it is done. */
const nextFrames = ({ targets, repeat, next }: Job, atMost: number): { readonly link: Link | undefined; readonly frames: readonly Buffer[] } => {
  const frames: Buffer[] = [];
  const end = Math.min(next + atMost, targets.length * repeat);
  let link: Link | undefined;
  for (let index = next; index < end; index++) {
    const target = targets[index % targets.length];
    if (!target || (link && target.link.index !== link.index)) break;
    link = target.link;
    frames.push(target.frame);
  }
  return { link, frames };
};

export class Announcer {
  private readonly sockets = new Map<number, PacketSocket>();
  private readonly batch = new FrameBatch(portion);
  private jobs: Job[] = [];
  private running = false;
  private retriesLeft = retries;

  /**
   * Sends every frame `repeat` times, as "for each repeat, for each frame"; the first portion is sent before this returns.
   * @param owner whose `cancel` ends it
   */
  announce(owner: string, targets: readonly Target[], repeat: number): Promise<AnnouncementResult> {
    const ethernet = targets.filter(({ link }) => link.arp && link.hardwareAddress.length === 6);
    return new Promise((done) => {
      this.jobs.push({ owner, targets: ethernet, repeat, next: 0, sent: 0, errors: new Map(), done });
      if (!this.running) this.work();
    });
  }

  /** Opens what a burst on this interface will need. @throws SystemCallError as `PacketSocket` does */
  prepare(link: Link): void {
    if (link.arp && link.hardwareAddress.length === 6) this.socketFor(link).send([], this.batch);
  }

  /** Drops what is queued for an owner that does not hold its addresses any more. */
  cancel(owner: string): void {
    for (const job of this.jobs.filter((other) => other.owner === owner)) this.finish(job);
  }

  /** Forgets the socket of an interface that is gone. */
  forget(index: number): void {
    this.sockets.get(index)?.close();
    this.sockets.delete(index);
  }

  close(): void {
    for (const job of [...this.jobs]) this.finish(job);
    for (const index of [...this.sockets.keys()]) this.forget(index);
  }

  private finish(job: Job): void {
    this.jobs = this.jobs.filter((other) => other !== job);
    job.done({ sent: job.sent, errors: job.errors });
  }

  private work(): void {
    this.running = false;
    let budget = portion;
    for (let [job] = this.jobs; job && budget > 0; [job] = this.jobs) {
      const { link, frames } = nextFrames(job, budget);
      if (!link) {
        this.finish(job);
        continue;
      }
      try {
        const sent = this.socketFor(link).send(frames, this.batch);
        job.sent += sent;
        job.next += sent;
        budget -= sent;
        this.retriesLeft = retries;
      } catch (error) {
        const code = codeOf(error);
        if ((code === 'EAGAIN' || code === 'ENOBUFS') && this.retriesLeft-- > 0) {
          this.running = true;
          setTimeout(() => this.work(), retryMilliseconds);
          return;
        }
        job.errors.set(code, (job.errors.get(code) ?? 0) + 1);
        job.next++;
        budget--;
      }
    }
    if (this.jobs.length > 0) {
      this.running = true;
      setImmediate(() => this.work());
    }
  }

  private socketFor(link: Link): PacketSocket {
    const known = this.sockets.get(link.index);
    if (known) return known;
    const opened = new PacketSocket(link.index);
    this.sockets.set(link.index, opened);
    return opened;
  }
}
