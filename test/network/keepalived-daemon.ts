/** A real keepalived in a namespace, as the other router. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from './namespaces.js';

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

export class Keepalived {
  readonly log: { readonly at: number; readonly line: string }[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'tandem-keepalived-'));
  private readonly daemon: ChildProcess;
  private readonly waiters = new Set<() => void>();
  private readonly exited: Promise<void>;
  private rest = '';

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
    for (const stream of [this.daemon.stdout, this.daemon.stderr]) stream?.on('data', (chunk) => this.read(String(chunk)));
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.log.push({ at: Date.now(), line });
    for (const waiter of [...this.waiters]) waiter();
  }

  /** The first line from `from` on that matches. */
  line(pattern: RegExp, from = 0): Promise<{ readonly at: number; readonly line: string }> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(check);
        reject(new Error(`keepalived: no line ${String(pattern)}; log:\n${this.log.map(({ line }) => line).join('\n')}`));
      }, 15_000);
      const check = (): void => {
        const found = this.log.slice(from).find(({ line }) => pattern.test(line));
        if (!found) return;
        clearTimeout(timer);
        this.waiters.delete(check);
        resolve(found);
      };
      this.waiters.add(check);
      check();
    });
  }

  becomes(state: 'MASTER' | 'BACKUP', from = 0): Promise<{ readonly at: number; readonly line: string }> {
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
