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

export class Capture {
  readonly frames: Frame[] = [];
  private rest = '';
  private readonly waiters = new Set<() => void>();

  private constructor(private readonly tcpdump: ChildProcess) {}

  static async open(host: Host, filter: string, interfaceName: string): Promise<Capture> {
    const options = ['--immediate-mode', '-l', '-n', '-tt', '-xx', '-s', '2048', '-B', '16384', '-i', interfaceName, '-Q', 'inout'];
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
    tcpdump.stdout.on('data', (chunk) => capture.read(String(chunk)));
    return capture;
  }

  /** A frame is a line with its time, and lines of hexadecimal; complete when the last of those has been read. */
  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const time = /^(\d+\.\d+) /.exec(line);
      const data = /^\t0x[0-9a-f]+: {2}([0-9a-f ]+?)\s*$/.exec(line);
      const last = this.frames.at(-1);
      if (time) this.frames.push({ at: 1000 * Number(time[1]), octets: Buffer.alloc(0) });
      else if (data && last) this.frames[this.frames.length - 1] = { at: last.at, octets: Buffer.concat([last.octets, Buffer.from((data[1] ?? '').replaceAll(' ', ''), 'hex')]) };
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
