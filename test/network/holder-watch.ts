/** When a host held an address, to the millisecond, as the kernel told it: `ip monitor` in its namespace. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Host } from './namespaces.js';

const run = promisify(execFile);

/** In milliseconds since the epoch; `to` is missing while it lasts. */
export interface Held {
  readonly from: number;
  readonly to: number | undefined;
}

/** What a line says of it: true = held from now on, false = not any more, undefined = nothing. */
export type Reading = (line: string) => boolean | undefined;

/** It is on e0. @param address without length */
export const onInterface =
  (address: string): Reading =>
  (line) =>
    line.includes(` e0 `) && line.includes(` ${address}/`) ? !line.startsWith('Deleted') : undefined;

/** It is on a macvlan that has a carrier: FRR takes that away while it is BACKUP, and leaves the address. */
export const onMacvlan =
  (name: string): Reading =>
  (line) => {
    const flags = new RegExp(`^\\d+: ${name}@\\S+ <([^>]*)>`).exec(line)?.[1]?.split(',');
    return flags && flags.includes('LOWER_UP') && !flags.includes('NO-CARRIER');
  };

export class HolderWatch {
  readonly held: Held[] = [];
  private rest = '';
  private heardAnything = false;
  private readonly waiters = new Set<() => void>();

  private constructor(
    private readonly host: Host,
    private readonly reading: Reading,
    private readonly monitor: ChildProcess,
  ) {
    monitor.stdout?.on('data', (chunk) => this.read(String(chunk)));
  }

  static async open(host: Host, reading: Reading): Promise<HolderWatch> {
    const watch = new HolderWatch(host, reading, spawn('ip', ['-n', host.namespace, '-ts', '-o', 'monitor', 'address', 'link'], { stdio: ['ignore', 'pipe', 'ignore'] }));
    // it does not say when it has begun to listen
    for (let round = 0; !watch.heardAnything; round++) {
      if (round === 500) throw new Error(`ip monitor in ${host.namespace} tells nothing`);
      await run('ip', ['-n', host.namespace, 'addr', round % 2 ? 'del' : 'add', '127.7.7.7/32', 'dev', 'lo']);
    }
    return watch;
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, time, what] = /^\[([^\]]+)\] (.*)$/.exec(line) ?? [];
      if (time === undefined || what === undefined) continue;
      this.heardAnything = true;
      const is = this.reading(what);
      if (is === undefined || is === this.holds) continue;
      const at = new Date(time).getTime();
      if (is) this.held.push({ from: at, to: undefined });
      else this.endAt(at);
    }
    for (const waiter of [...this.waiters]) waiter();
  }

  private endAt(at: number): void {
    const last = this.held.pop();
    if (last) this.held.push({ from: last.from, to: at });
  }

  get holds(): boolean {
    const last = this.held.at(-1);
    return last !== undefined && last.to === undefined;
  }

  /** The host is cut off: nobody reaches what it holds from now on. */
  cutOff(): void {
    this.clear();
    if (this.holds) this.endAt(Date.now());
  }

  /** Resolves when it holds the address, or does not. */
  until(holds: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(check);
        reject(new Error(`${this.host.namespace} ${holds ? 'does not hold' : 'still holds'} the address after 15 s: ${JSON.stringify(this.held)}`));
      }, 15_000);
      const check = (): void => {
        if (this.holds !== holds) return;
        clearTimeout(timer);
        this.waiters.delete(check);
        resolve();
      };
      this.waiters.add(check);
      check();
    });
  }

  clear(): void {
    this.monitor.stdout?.removeAllListeners('data');
    this.monitor.kill('SIGKILL');
  }
}

/** The longest time, in milliseconds, for which both held the address. */
export const longestOverlap = (one: HolderWatch, other: HolderWatch): number => {
  const now = Date.now();
  return Math.max(0, ...one.held.flatMap((a) => other.held.map((b) => Math.min(a.to ?? now, b.to ?? now) - Math.max(a.from, b.from))));
};
