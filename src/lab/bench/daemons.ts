/** The two daemons under measurement, each started in a namespace with instances of the same settings. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type DaemonName = 'tandem' | 'keepalived';
export const daemonNames = ['tandem', 'keepalived'] as const;

export interface InstanceSettings {
  readonly name?: string;
  readonly virtualRouterId?: number;
  readonly priority: number;
  /** milliseconds */
  readonly interval: number;
  /** true unless said */
  readonly preempt?: boolean;
  /** without length; the first 20 are listed in the advertisements, as keepalived's manual advises */
  readonly virtualAddresses: readonly string[];
  /** seconds until the second burst of gratuitous ARP; 0 = none */
  readonly garpDelay?: number;
}

const listed = 20;

const tandemInstance = ({ name = 'web', virtualRouterId = 51, priority, interval, preempt = true, virtualAddresses, garpDelay = 5 }: InstanceSettings): string => `
    - name: ${name}
      interface: e0
      virtual_router_id: ${virtualRouterId}
      priority: ${priority}
      advertisement_interval: ${interval}ms
      preempt: ${preempt}
      garp: { repeat: 5, delay: ${garpDelay}s, refresh: 60s }
      virtual_addresses:${virtualAddresses.map((address, index) => `\n        - { address: ${address}/32${index < listed ? '' : ', advertise: false'} }`).join('')}`;

/** @param more further sections of the file */
export const tandemConfiguration = (instances: readonly InstanceSettings[], more = ''): string => `vrrp:\n  instances:${instances.map(tandemInstance).join('')}\n${more}`;

const keepalivedInstance = ({ name = 'web', virtualRouterId = 51, priority, interval, preempt = true, virtualAddresses, garpDelay = 5 }: InstanceSettings): string => `
vrrp_instance ${name} {
  state BACKUP
  interface e0
  virtual_router_id ${virtualRouterId}
  priority ${priority}
  advert_int ${interval / 1000}
  ${preempt ? '' : 'nopreempt'}
  garp_master_repeat 5
  garp_master_delay ${garpDelay}
  garp_master_refresh 60
  virtual_ipaddress {\n${virtualAddresses.slice(0, listed).map((address) => `    ${address}/32\n`).join('')}  }
  ${virtualAddresses.length > listed ? `virtual_ipaddress_excluded {\n${virtualAddresses.slice(listed).map((address) => `    ${address}/32\n`).join('')}  }` : ''}
}
`;

export const keepalivedConfiguration = (instances: readonly InstanceSettings[]): string => `global_defs { vrrp_version 3 }\n${instances.map(keepalivedInstance).join('')}`;

const entering: Readonly<Record<DaemonName, (state: string) => RegExp>> = {
  tandem: (state) => new RegExp(`-> ${state}`),
  keepalived: (state) => new RegExp(`Entering ${state} STATE`),
};

const childrenOf = (pid: number): readonly number[] => {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    return own.flatMap((child) => [...childrenOf(child), child]);
  } catch {
    return []; // it ended meanwhile
  }
};

/** A running daemon; `entered` tells when its log first said so after `mark`. */
export class Daemon {
  private readonly process: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  private readonly lines: { readonly text: string; readonly at: number }[] = [];
  private readonly watchers = new Set<() => void>();
  readonly startedAt = performance.now();

  /** @param configuration of the daemon's own form */
  constructor(
    private readonly name: DaemonName,
    namespace: string,
    configuration: string,
  ) {
    writeFileSync(this.file, configuration);
    const command =
      name === 'tandem'
        ? [fileURLToPath(new URL('../../bin/tandemd.js', import.meta.url)), '--config', this.file, '--runtime-dir', this.folder]
        : // without -D: a line for each gratuitous ARP would slow it down
          ['keepalived', '-n', '-l', '-P', '-f', this.file, '-p', `${this.folder}/pid`, '-r', `${this.folder}/vrrp.pid`];
    // both as systemd/realtime.conf runs Tandem: the daemons are measured, not what else goes on on this machine
    this.process = spawn('chrt', ['-r', '1', 'ip', 'netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (text) => this.take(text));
    }
  }

  static of(name: DaemonName, namespace: string, instances: readonly InstanceSettings[]): Daemon {
    return new Daemon(name, namespace, name === 'tandem' ? tandemConfiguration(instances) : keepalivedConfiguration(instances));
  }

  private get file(): string {
    return join(this.folder, 'configuration');
  }

  get mark(): number {
    return this.lines.length;
  }

  /** Milliseconds of `performance.now()` at which it entered the state. */
  entered(state: 'MASTER' | 'BACKUP', mark = 0): Promise<number> {
    return this.said(entering[this.name](state), mark);
  }

  /** Milliseconds of `performance.now()` at which its log said so. */
  said(pattern: RegExp, mark = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look);
        reject(new Error(`${this.name} did not say ${String(pattern)}:\n${this.lines.slice(-50).map(({ text }) => text).join('\n')}`));
      }, 30_000);
      let next = mark;
      const look = (): void => {
        let line: (typeof this.lines)[number] | undefined;
        while (next < this.lines.length && line === undefined) {
          const candidate = this.lines[next++];
          if (candidate && pattern.test(candidate.text)) line = candidate;
        }
        if (!line) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(line.at);
      };
      this.watchers.add(look);
      look();
    });
  }

  /** Puts another file in force, as SIGHUP does. */
  reload(configuration: string): void {
    writeFileSync(this.file, configuration);
    this.process.kill('SIGHUP');
  }

  async stop(): Promise<void> {
    await this.end(() => this.process.kill('SIGTERM'));
  }

  /** SIGKILL to every process of it, the youngest first: none is left to release anything. */
  async crash(): Promise<void> {
    const { pid } = this.process;
    if (pid === undefined) throw new Error(`${this.name} was not started`);
    const processes = [...childrenOf(pid), pid];
    await this.end(() => {
      for (const each of processes) process.kill(each, 'SIGKILL');
    });
  }

  private async end(order: () => void): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    order();
    await ended;
  }

  private take(text: string): void {
    this.lines.push({ text, at: performance.now() });
    for (const watcher of [...this.watchers]) watcher();
  }
}
