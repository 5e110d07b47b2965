/** A real keepalived in a namespace, as the other router. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogLines } from './log-lines.js';
import type { Host } from './namespaces.js';
import type { Logged, Peer } from './peer.js';

export interface KeepalivedOptions {
  readonly version: 2 | 3;
  readonly priority: number;
  /** seconds */
  readonly interval: number;
  readonly password?: string;
  readonly addresses?: readonly string[];
  /** lines of the instance's block */
  readonly more?: string;
}

export class Keepalived implements Peer {
  private readonly output: LogLines;
  private readonly folder = mkdtempSync(join(tmpdir(), 'tandem-keepalived-'));
  private readonly daemon: ChildProcess;
  private readonly exited: Promise<void>;

  constructor(host: Host, { version, priority, interval, password, addresses = ['10.77.0.100/32'], more = '' }: KeepalivedOptions) {
    const authentication = password === undefined ? '' : `authentication {\n auth_type PASS\n auth_pass ${password}\n }`;
    const file = join(this.folder, 'keepalived.conf');
    writeFileSync(
      file,
      `global_defs {\n router_id other\n vrrp_version ${version}\n}
vrrp_instance web {\n state BACKUP\n interface e0\n virtual_router_id 51\n priority ${priority}\n advert_int ${interval}\n ${authentication}\n ${more}
 virtual_ipaddress {\n ${addresses.join('\n ')}\n }\n}\n`,
    );
    const files = ['p', 'r', 'c'].flatMap((option) => [`-${option}`, join(this.folder, `${option}.pid`)]);
    this.daemon = spawn('ip', ['netns', 'exec', host.namespace, 'keepalived', '-n', '-l', '-D', '-P', '-f', file, ...files], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = new Promise((resolve) => this.daemon.once('exit', () => resolve()));
    this.output = new LogLines('keepalived', [this.daemon.stdout, this.daemon.stderr]);
  }

  get log(): readonly Logged[] {
    return this.output.lines;
  }

  get tail(): string {
    return this.output.tail();
  }

  /** The first line from `from` on that matches. */
  line(pattern: RegExp, from = 0): Promise<Logged> {
    return this.output.line(pattern, from);
  }

  becomes(state: 'MASTER' | 'BACKUP', from = 0): Promise<Logged> {
    return this.line(new RegExp(`\\(web\\) Entering ${state} STATE`), from);
  }

  get mark(): number {
    return this.log.length;
  }

  /** What it says of packets that it did not like. */
  get complaints(): readonly string[] {
    const pattern = /invalid|mismatch|bogus|wrong|incorrect|error|bad |expected|differ|discard|dropp|unknown|received an/i;
    return this.log.flatMap(({ line }) => (pattern.test(line) && !/lower priority|higher priority|Unknown configuration|Opening|SECURITY|iptables|nftables/i.test(line) ? [line] : []));
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.daemon.kill(signal);
    await this.exited;
  }

  /** Both of its processes: `-P` leaves the vrrp child to its parent, which a SIGKILL of the parent alone would orphan. */
  async crash(): Promise<void> {
    const { pid = 0 } = this.daemon;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    for (const child of [pid, ...children]) process.kill(child, 'SIGKILL');
    await this.exited;
  }

  async clear(): Promise<void> {
    if (this.daemon.exitCode === null && this.daemon.signalCode === null) await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
