/** The outage that a client sees when the master's cable is pulled: both daemons side by side, each on a segment of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Host, Segment } from '../namespaces.js';
import { Daemon, type DaemonName } from './daemons.js';
import type { Measurement } from './statistics.js';

const virtualAddress = '10.77.0.100';

const program = (namespace: string, file: string, ...parameters: string[]): ChildProcess =>
  spawn('ip', ['netns', 'exec', namespace, process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });

class Gaps {
  private readonly gaps: number[] = [];
  private notify: (() => void) | undefined;

  constructor(probe: ChildProcess) {
    if (probe.stdout) createInterface({ input: probe.stdout }).on('line', (line) => this.take(line));
  }

  private take(line: string): void {
    if (line.startsWith('gap ')) this.gaps.push(Number(line.slice(4)));
    this.notify?.();
  }

  clear(): void {
    this.gaps.length = 0;
  }

  /** The first gap of at least `shortest` ms since `clear`. */
  async next(shortest: number): Promise<number> {
    for (;;) {
      const found = this.gaps.find((gap) => gap >= shortest);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.notify = resolve));
    }
  }
}

const outages = async (name: DaemonName, interval: number, runs: number): Promise<number[]> => {
  const segment = new Segment();
  const hosts: readonly [Host, Host] = [segment.host('a', '10.77.0.1/24'), segment.host('b', '10.77.0.2/24')];
  const client = segment.host('c', '10.77.0.9/24');
  const helpers = [...hosts.map(({ namespace }) => program(namespace, './echo.js')), program(client.namespace, './probe.js', virtualAddress)];
  const probe = helpers.at(-1);
  if (!probe) throw new Error('unreachable');
  const gaps = new Gaps(probe);
  const [a, b] = [
    Daemon.of(name, hosts[0].namespace, [{ priority: 150, interval, virtualAddresses: [virtualAddress] }]),
    Daemon.of(name, hosts[1].namespace, [{ priority: 100, interval, virtualAddresses: [virtualAddress] }]),
  ];
  const measured: number[] = [];
  try {
    await a.entered('MASTER');
    for (let run = 0; run < runs; run++) {
      await delay(2 * interval + Math.random() * interval); // settled, and at any phase of the interval
      gaps.clear();
      segment.cable(hosts[0], 'down');
      measured.push(await gaps.next(2 * interval));
      const mark = a.mark;
      segment.cable(hosts[0], 'up');
      await a.entered('MASTER', mark);
    }
  } finally {
    await Promise.all([a.stop(), b.stop()]);
    for (const helper of helpers) helper.kill('SIGKILL');
    segment.remove();
  }
  return measured;
};

/** @param interval of advertisements, milliseconds */
export const measureTakeover = async (interval: number, runs: number): Promise<Measurement> => {
  const [tandem, keepalived] = await Promise.all([outages('tandem', interval, runs), outages('keepalived', interval, runs)]);
  return { name: `outage, link of the master cut, ${interval} ms advertisements`, unit: 'ms', tandem, keepalived };
};
