/** The two daemons under measurement, each started in a namespace with an instance of the same settings. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type DaemonName = 'tandem' | 'keepalived';

export interface InstanceSettings {
  readonly priority: number;
  /** milliseconds */
  readonly interval: number;
  readonly virtualAddress: string;
}

const tandemConfiguration = ({ priority, interval, virtualAddress }: InstanceSettings): string => `
vrrp:
  instances:
    - { name: web, interface: e0, virtual_router_id: 51, priority: ${priority}, advertisement_interval: ${interval}ms, virtual_addresses: [${virtualAddress}/32] }
`;

const keepalivedConfiguration = ({ priority, interval, virtualAddress }: InstanceSettings): string => `
global_defs { vrrp_version 3 }
vrrp_instance web {
  state BACKUP
  interface e0
  virtual_router_id 51
  priority ${priority}
  advert_int ${interval / 1000}
  virtual_ipaddress { ${virtualAddress}/32 }
}
`;

const entering: Readonly<Record<DaemonName, (state: string) => RegExp>> = {
  tandem: (state) => new RegExp(`-> ${state}`),
  keepalived: (state) => new RegExp(`Entering ${state} STATE`),
};

/** A running daemon; `entered` tells when its log first said so after `mark`. */
export class Daemon {
  private readonly process: ChildProcess;
  private readonly lines: { readonly text: string; readonly at: number }[] = [];
  private readonly watchers = new Set<() => void>();
  readonly startedAt = performance.now();

  constructor(
    private readonly name: DaemonName,
    namespace: string,
    settings: InstanceSettings,
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
    const file = join(folder, 'configuration');
    writeFileSync(file, name === 'tandem' ? tandemConfiguration(settings) : keepalivedConfiguration(settings));
    const command =
      name === 'tandem'
        ? [process.execPath, fileURLToPath(new URL('../../bin/tandemd.js', import.meta.url)), '--config', file, '--runtime-dir', folder]
        : ['keepalived', '-n', '-l', '-D', '-P', '-f', file, '-p', `${folder}/pid`, '-r', `${folder}/vrrp.pid`];
    this.process = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (text) => this.take(text));
    }
  }

  get mark(): number {
    return this.lines.length;
  }

  /** Milliseconds of `performance.now()` at which it entered the state. */
  entered(state: 'MASTER' | 'BACKUP', mark = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.name} did not enter ${state}:\n${this.lines.map(({ text }) => text).join('\n')}`)), 30_000);
      const look = (): void => {
        const line = this.lines.slice(mark).find(({ text }) => entering[this.name](state).test(text));
        if (!line) return;
        clearTimeout(timer);
        this.watchers.delete(look);
        resolve(line.at);
      };
      this.watchers.add(look);
      look();
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await ended;
  }

  private take(text: string): void {
    this.lines.push({ text, at: performance.now() });
    for (const watcher of [...this.watchers]) watcher();
  }
}
