/** A process inside a lab, as the host side sees it: its output line by line, its end, signals to it. */
import { LabError } from './lab-error.js';
import type { OutputStream } from './inside/messages.js';

export interface LabLine {
  /** milliseconds since the epoch by the lab's clock, when it was read inside */
  readonly time: number;
  readonly stream: OutputStream;
  readonly text: string;
}

interface Waiter {
  readonly wants: (line: LabLine) => boolean;
  readonly found: (line: LabLine) => void;
  readonly failed: (error: LabError) => void;
}

export class LabProcess {
  /** The exit status as a shell has it (128 + number of the signal that killed it). Rejects when the lab ends first. */
  readonly exited: Promise<number>;
  readonly lines: LabLine[] = [];
  /** process id inside; undefined until the agent has told */
  pid: number | undefined;

  readonly #text: Record<OutputStream, string> = { stdout: '', stderr: '' };
  /** the unfinished last line of each stream */
  readonly #rest: Record<OutputStream, string> = { stdout: '', stderr: '' };
  readonly #listeners: ((line: LabLine) => void)[] = [];
  readonly #waiters = new Set<Waiter>();
  #status: number | undefined;
  #settle: { readonly resolve: (status: number) => void; readonly reject: (error: LabError) => void };

  constructor(
    readonly name: string,
    private readonly sendSignal: (signal: NodeJS.Signals, group: boolean) => void,
  ) {
    const { promise, resolve, reject } = withResolvers<number>();
    this.exited = promise;
    this.#settle = { resolve, reject };
    promise.catch(() => undefined); // whoever awaits it sees the rejection; nobody has to
  }

  get stdout(): string {
    return this.#text.stdout;
  }

  get stderr(): string {
    return this.#text.stderr;
  }

  /** undefined while it runs */
  get status(): number | undefined {
    return this.#status;
  }

  /** Calls back for each line from now on. */
  onLine(listener: (line: LabLine) => void): this {
    this.#listeners.push(listener);
    return this;
  }

  /**
   * The first line that matches, of those already there (from the lab's time `since` on) or still to come.
   * @throws LabError when none comes within `timeout` milliseconds, or the process ends without it
   */
  waitForLine(pattern: RegExp, timeout = 10_000, since = 0): Promise<LabLine> {
    const wants = (line: LabLine): boolean => line.time >= since && pattern.test(line.text);
    const there = this.lines.find(wants);
    if (there !== undefined) return Promise.resolve(there);
    if (this.#status !== undefined) return Promise.reject(this.#endedWithout());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiter.failed(new LabError('timeout', `${this.name}: no line ${pattern} within ${timeout} ms`, this.#tail()));
      }, timeout);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        wants,
        found: (line) => (done(), resolve(line)),
        failed: (error) => (done(), reject(error)),
      };
      this.#waiters.add(waiter);
    });
  }

  /** To the script's own process (write `exec program` to have it reach the program), or to its whole process group. */
  signal(signal: NodeJS.Signals, options: { readonly group?: boolean } = {}): void {
    this.sendSignal(signal, options.group ?? false);
  }

  /** For the lab: what the agent tells. */
  take(stream: OutputStream, data: string, time: number): void {
    this.#text[stream] += data;
    const parts = (this.#rest[stream] + data).split('\n');
    this.#rest[stream] = parts.pop() ?? '';
    for (const text of parts) this.#line({ time, stream, text });
  }

  /** For the lab: the process ended. */
  end(status: number, time: number): void {
    this.#status = status;
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rest[stream] !== '') this.#line({ time, stream, text: this.#rest[stream] });
    }
    for (const waiter of [...this.#waiters]) waiter.failed(this.#endedWithout());
    this.#settle.resolve(status);
  }

  /** For the lab: the lab ended. */
  abandon(error: LabError): void {
    for (const waiter of [...this.#waiters]) waiter.failed(error);
    this.#settle.reject(error);
  }

  #line(line: LabLine): void {
    this.lines.push(line);
    for (const listener of this.#listeners) listener(line);
    for (const waiter of [...this.#waiters]) if (waiter.wants(line)) waiter.found(line);
  }

  #endedWithout(): LabError {
    return new LabError('script', `${this.name} ended with status ${this.#status} without the line that was waited for`, this.#tail());
  }

  #tail(): string {
    return this.lines.slice(-15).map(({ text }) => text).join('\n');
  }
}

/** Promise.withResolvers is not in Node 20. */
export function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
