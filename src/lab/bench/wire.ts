/** What goes over a segment, by the kernel's own clock: tcpdump on a host that takes no part, its binary output read. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Host } from '../namespaces.js';

export interface SeenAdvertisement {
  /** milliseconds since the epoch */
  readonly at: number;
  /** dotted quad */
  readonly source: string;
  readonly virtualRouterId: number;
  readonly priority: number;
}

/** A gratuitous ARP. */
export interface SeenAnnouncement {
  /** milliseconds since the epoch */
  readonly at: number;
  /** of its sender, in hexadecimal */
  readonly hardwareAddress: string;
  readonly address: string;
}

const fileHeader = 24;
const recordHeader = 16;
const quad = (frame: Buffer, offset: number): string => frame.subarray(offset, offset + 4).join('.');

/** Now, by the clock of the frames. */
export const wallClock = (): number => performance.timeOrigin + performance.now();

export class Wire {
  readonly advertisements: SeenAdvertisement[] = [];
  readonly announcements: SeenAnnouncement[] = [];
  private rest = Buffer.alloc(0);
  private headerRead = false;
  private readonly watchers = new Set<() => void>();

  private constructor(private readonly tcpdump: ChildProcess) {}

  /** Listening when it resolves. */
  static async open(host: Host): Promise<Wire> {
    const options = ['--immediate-mode', '-U', '-w', '-', '-s', '128', '-B', '16384', '-i', 'e0', 'ip proto 112 or arp'];
    const tcpdump = spawn('ip', ['netns', 'exec', host.namespace, 'tcpdump', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    const wire = new Wire(tcpdump);
    tcpdump.stdout.on('data', (chunk: Buffer) => wire.read(chunk));
    await new Promise<void>((resolve, reject) => {
      let messages = '';
      tcpdump.stderr.on('data', (chunk) => {
        messages += String(chunk);
        if (messages.includes('listening on')) resolve();
      });
      tcpdump.once('exit', () => reject(new Error(`tcpdump ended: ${messages}`)));
    });
    return wire;
  }

  /** Resolves as soon as `condition` gives something, looked at whenever frames have come. */
  until<T>(condition: () => T | undefined, what: string, timeout = 30_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        reject(new Error(`not seen on the wire within ${timeout} ms: ${what}`));
      }, timeout);
      const look = (): void => {
        const value = condition();
        if (value === undefined) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(value);
      };
      this.watchers.add(look);
      look();
    });
  }

  /** Forgets what was seen. */
  clear(): void {
    this.advertisements.length = 0;
    this.announcements.length = 0;
  }

  close(): void {
    this.tcpdump.kill('SIGKILL');
  }

  /** pcap's file format (pcap-savefile(5)), microseconds, in this machine's byte order. */
  private read(chunk: Buffer): void {
    let data = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    if (!this.headerRead && data.length >= fileHeader) {
      data = data.subarray(fileHeader);
      this.headerRead = true;
    }
    while (this.headerRead && data.length >= recordHeader) {
      const length = data.readUInt32LE(8);
      if (data.length < recordHeader + length) break;
      this.take(1000 * data.readUInt32LE(0) + data.readUInt32LE(4) / 1000, data.subarray(recordHeader, recordHeader + length));
      data = data.subarray(recordHeader + length);
    }
    this.rest = Buffer.from(data);
    for (const watcher of [...this.watchers]) watcher();
  }

  private take(at: number, frame: Buffer): void {
    const type = frame.readUInt16BE(12);
    if (type === 0x0800) {
      const message = 14 + 4 * (frame.readUInt8(14) & 15);
      this.advertisements.push({ at, source: quad(frame, 26), virtualRouterId: frame.readUInt8(message + 1), priority: frame.readUInt8(message + 2) });
    } else if (type === 0x0806 && quad(frame, 28) === quad(frame, 38)) {
      this.announcements.push({ at, hardwareAddress: frame.toString('hex', 22, 28), address: quad(frame, 28) });
    }
  }
}
