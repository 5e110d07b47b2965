/** Listens to the advertisements that arrive at one director from the other, to find one that is late. */
import type { LabProcess } from '../../src/lab/lab-process.js';
import type { Director, Site } from '../../src/lab/topology.js';

export class AdvertisementWatch {
  private constructor(private readonly tcpdump: LabProcess) {}

  static async start(site: Site, at: Director, from: Director): Promise<AdvertisementWatch> {
    const tcpdump = site.start(at.name, 'tcpdump', `exec tcpdump -l -n -tt -i e0 'ip proto 112 and src ${from.address}' 2>&1`);
    await tcpdump.waitForLine(/listening on/);
    return new AdvertisementWatch(tcpdump);
  }

  /** Milliseconds from one advertisement to the next, the longest: of those that arrived in [from, to), by the lab's clock. */
  longestGap(from: number, to = Infinity): number {
    const times = this.times.filter((time) => time >= from && time < to);
    return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
  }

  /** Waits for the next one that arrives after `since`. */
  async next(since: number): Promise<void> {
    await this.tcpdump.waitForLine(/VRRP/, 10_000, since);
  }

  private get times(): readonly number[] {
    return this.tcpdump.lines.flatMap(({ text }) => (/^\d+\.\d+ IP/.test(text) ? [Number(text.split(' ')[0]) * 1_000] : []));
  }
}
