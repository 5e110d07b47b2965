/** tcpdump on a host: every frame as it comes, decoded as far as the tests ask. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { SignedMessage } from '../../src/vrrp/hmac-trailer.js';
import { decodeAdvertisement, type Advertisement } from '../../src/vrrp/packet.js';
import { decodeIPv4Packet, decodeIPv6Packet } from '../../src/vrrp/receive.js';
import type { Host } from './namespaces.js';

export interface Frame {
  /** milliseconds since the epoch, by the kernel */
  readonly at: number;
  readonly octets: Buffer;
}

export interface CapturedAdvertisement {
  readonly at: number;
  readonly source: string;
  readonly priority: number;
  readonly advertisement: Advertisement;
  /** with the trailer that authenticates it */
  readonly signed?: SignedMessage;
}

export interface CapturedArp {
  readonly at: number;
  readonly octets: Buffer;
  /** dotted quad */
  readonly target: string;
}

/** octets */
const fileHeader = 24;
const frameHeader = 16;

export class Capture {
  readonly frames: Frame[] = [];
  private rest = Buffer.alloc(0);
  private begun = false;
  private readonly waiters = new Set<() => void>();

  private constructor(private readonly tcpdump: ChildProcess) {}

  static async open(host: Host, filter: string, interfaceName: string): Promise<Capture> {
    const options = ['--immediate-mode', '-U', '-w', '-', '-n', '-s', '2048', '-B', '16384', '-i', interfaceName, '-Q', 'inout'];
    const tcpdump = spawn('ip', ['netns', 'exec', host.namespace, 'tcpdump', ...options, filter], { stdio: ['ignore', 'pipe', 'pipe'] });
    const capture = new Capture(tcpdump);
    let messages = '';
    await new Promise<void>((resolve, reject) => {
      tcpdump.stderr.on('data', (chunk) => {
        messages += String(chunk);
        if (messages.includes('listening on')) resolve();
      });
      tcpdump.once('exit', () => reject(new Error(`tcpdump ended: ${messages}`)));
    });
    tcpdump.stdout.on('data', (chunk: Buffer) => capture.read(chunk));
    return capture;
  }

  /** pcap-savefile(5), as this machine writes it: a header of the file, then each frame whole behind one of its own. */
  private read(octets: Buffer): void {
    this.rest = Buffer.concat([this.rest, octets]);
    if (!this.begun) {
      if (this.rest.length < fileHeader) return;
      this.begun = true;
      this.rest = this.rest.subarray(fileHeader);
    }
    while (this.rest.length >= frameHeader) {
      const end = frameHeader + this.rest.readUInt32LE(8);
      if (this.rest.length < end) break;
      this.frames.push({ at: 1000 * this.rest.readUInt32LE(0) + this.rest.readUInt32LE(4) / 1000, octets: this.rest.subarray(frameHeader, end) });
      this.rest = this.rest.subarray(end);
    }
    for (const waiter of [...this.waiters]) waiter();
  }

  /** VRRP over IP of both families. What does not decode is left out. */
  get advertisements(): readonly CapturedAdvertisement[] {
    return this.frames.flatMap(({ at, octets }) => {
      const isIPv6 = octets.length >= 54 && octets.readUInt16BE(12) === 0x86dd;
      const length = isIPv6 ? 40 + octets.readUInt16BE(18) : octets.length >= 18 ? octets.readUInt16BE(16) : 0;
      const ip = octets.subarray(14, 14 + length); // short frames are padded
      const packet = decodeIPv4Packet(ip) ?? decodeIPv6Packet(ip);
      if (!packet) return [];
      const decoded = decodeAdvertisement(packet.payload, packet.source, packet.destination);
      if (!decoded.ok) return [];
      const { advertisement, signed } = decoded;
      return [{ at, source: packet.source, priority: advertisement.priority, advertisement, ...(signed && { signed }) }];
    });
  }

  get arps(): readonly CapturedArp[] {
    return this.frames.flatMap(({ at, octets }) =>
      octets.length >= 42 && octets.readUInt16BE(12) === 0x0806 ? [{ at, octets: octets.subarray(0, 42), target: octets.subarray(38, 42).join('.') }] : [],
    );
  }

  /** Resolves as soon as `condition` gives something, looked at whenever frames have come. */
  until<T>(condition: (capture: Capture) => T | undefined, what: string, timeout = 10_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(check);
        reject(new Error(`no ${what} within ${timeout} ms; ${this.frames.length} frames, the last ones: ${this.frames.slice(-5).map(({ at, octets }) => `${at} ${octets.toString('hex')}`).join('\n')}`));
      }, timeout);
      const check = (): void => {
        const value = condition(this);
        if (value === undefined) return;
        clearTimeout(timer);
        this.waiters.delete(check);
        resolve(value);
      };
      this.waiters.add(check);
      check();
    });
  }

  clear(): void {
    this.tcpdump.removeAllListeners('exit');
    this.tcpdump.kill('SIGKILL');
  }
}
