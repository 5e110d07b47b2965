/** A daemon under measurement inside the lab kernel: its processes, their processor time and memory, its log, the advertisements that it sends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DaemonName } from '../daemons.js';

/** /proc counts in hundredths of a second */
const ticksPerSecond = 100;

const childrenOf = (pid: number): readonly number[] => {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    return own.flatMap((child) => [child, ...childrenOf(child)]);
  } catch {
    return []; // it ended meanwhile
  }
};

export class InsideDaemon {
  private readonly folder = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  private readonly process: ChildProcess;
  private readonly log: string[] = [];
  readonly startedAt = performance.now();

  constructor(
    readonly name: DaemonName,
    configuration: string,
  ) {
    writeFileSync(this.file, configuration);
    const [command = '', ...parameters] =
      name === 'tandem'
        ? [fileURLToPath(new URL('../../../bin/tandemd.js', import.meta.url)), '--config', this.file, '--runtime-dir', this.folder]
        : ['keepalived', '-n', '-l', '-f', this.file, '-p', `${this.folder}/pid`, '-r', `${this.folder}/vrrp.pid`, '-c', `${this.folder}/checkers.pid`];
    this.process = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) if (stream) createInterface({ input: stream }).on('line', (line) => this.log.push(line));
  }

  private get file(): string {
    return join(this.folder, 'configuration');
  }

  get mark(): number {
    return this.log.length;
  }

  /** the log since then */
  linesSince(mark: number): readonly string[] {
    return this.log.slice(mark);
  }

  /** Another file, not in force yet. */
  write(configuration: string): void {
    writeFileSync(this.file, configuration);
  }

  /** Puts the file in force. */
  reload(): void {
    this.process.kill('SIGHUP');
  }

  /** seconds of processor time of all processes together */
  cpuSeconds(): number {
    let ticks = 0;
    for (const pid of this.processes()) {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return ticks / ticksPerSecond;
  }

  /** proportional set size of all processes, megabytes, in their order */
  memory(): readonly number[] {
    return this.processes().map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    const processes = this.processes();
    this.process.kill('SIGKILL');
    for (const pid of processes.slice(1)) process.kill(pid, 'SIGKILL');
    await ended;
  }

  private processes(): readonly number[] {
    const { pid } = this.process;
    if (pid === undefined) throw new Error(`${this.name} was not started`);
    return [pid, ...childrenOf(pid)];
  }
}

/** The advertisements that leave e0, by the kernel's clock: milliseconds since the epoch. */
export class Advertisements {
  readonly times: number[] = [];
  private readonly tcpdump: ChildProcess;

  constructor() {
    this.tcpdump = spawn('tcpdump', ['-n', '-tt', '-l', '--immediate-mode', '-i', 'e0', 'ip proto 112'], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (this.tcpdump.stdout) createInterface({ input: this.tcpdump.stdout }).on('line', (line) => this.times.push(1000 * Number(line.split(' ')[0])));
  }

  /** The longest gap between two of them in this time. */
  longestGap(from: number, to: number): number {
    const times = this.times.filter((at) => at >= from && at <= to);
    return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)));
  }

  close(): void {
    this.tcpdump.kill('SIGKILL');
  }
}
