/** Sends gratuitous ARP and unsolicited Neighbour Advertisements: bursts for many addresses, in portions, so that an advertisement never waits behind them. */
import { announcementFrame } from './announcement-frame.js';
import { PacketSocket } from './packet-socket.js';
import type { Link } from './rtnetlink.js';

export interface AnnouncementResult {
  readonly sent: number;
  /** errno's name -> how many frames it cost */
  readonly errors: ReadonlyMap<string, number>;
}

interface Job {
  readonly owner: string;
  readonly frames: readonly { readonly link: Link; readonly address: string }[];
  next: number;
  sent: number;
  readonly errors: Map<string, number>;
  readonly done: (result: AnnouncementResult) => void;
}

/** frames in one turn of the loop: some 2 ms */
const portion = 256;
/** before a full queue is tried again, and how often that may happen in one job */
const retryMilliseconds = 1;
const retries = 200;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'EIO');

export class Announcer {
  private readonly sockets = new Map<number, PacketSocket>();
  private jobs: Job[] = [];
  private running = false;
  private retriesLeft = retries;

  /**
   * Announces every address `repeat` times, as "for each repeat, for each address"; the first portion is sent before this returns.
   * @param owner whose `cancel` ends it
   */
  announce(owner: string, targets: readonly { readonly link: Link; readonly address: string }[], repeat: number): Promise<AnnouncementResult> {
    const ethernet = targets.filter(({ link }) => link.arp && link.hardwareAddress.length === 6);
    return new Promise((done) => {
      this.jobs.push({ owner, frames: Array.from({ length: repeat }, () => ethernet).flat(), next: 0, sent: 0, errors: new Map(), done });
      if (!this.running) this.work();
    });
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
      const frame = job.frames[job.next];
      if (!frame) {
        this.finish(job);
        continue;
      }
      budget--;
      try {
        this.socketFor(frame.link).send(announcementFrame(frame.link, frame.address));
        job.sent++;
        this.retriesLeft = retries;
      } catch (error) {
        const code = codeOf(error);
        if ((code === 'EAGAIN' || code === 'ENOBUFS') && this.retriesLeft-- > 0) {
          this.running = true;
          setTimeout(() => this.work(), retryMilliseconds);
          return;
        }
        job.errors.set(code, (job.errors.get(code) ?? 0) + 1);
      }
      job.next++;
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
