/** The lines that a daemon writes, with the time at which they were read, and waiting for one. */
import type { Readable } from 'node:stream';
import type { Logged } from './peer.js';

export class LogLines {
  readonly lines: Logged[] = [];
  private readonly waiters = new Set<() => void>();

  constructor(
    private readonly name: string,
    streams: readonly (Readable | null)[],
  ) {
    for (const stream of streams) {
      let rest = '';
      stream?.on('data', (chunk) => {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.lines.push({ at: Date.now(), line });
        for (const waiter of [...this.waiters]) waiter();
      });
    }
  }

  /** The last lines that do not match. */
  tail(noise?: RegExp): string {
    const lines = this.lines.flatMap(({ line }) => (noise?.test(line) ? [] : [line]));
    return lines.slice(-60).join('\n');
  }

  /** The first line from `from` on that matches. */
  line(pattern: RegExp, from = 0): Promise<Logged> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(check);
        reject(new Error(`${this.name}: no line ${String(pattern)}; log:\n${this.lines.map(({ line }) => line).join('\n')}`));
      }, 15_000);
      const check = (): void => {
        const found = this.lines.slice(from).find(({ line }) => pattern.test(line));
        if (!found) return;
        clearTimeout(timer);
        this.waiters.delete(check);
        resolve(found);
      };
      this.waiters.add(check);
      check();
    });
  }
}
