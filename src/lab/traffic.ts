/** Traffic from a site's client: a constant stream of requests, and one long-lived connection. */
import { root } from './lab.js';
import { LabError } from './lab-error.js';
import type { LabLine, LabProcess } from './lab-process.js';
import type { ConnectionEvent, RequestResult } from './summary.js';
import type { Site } from './topology.js';

interface Target {
  /** the site's VIP unless said otherwise */
  readonly address?: string;
  /** 80 unless said otherwise */
  readonly port?: number;
  /** milliseconds from one request to the next */
  readonly every?: number;
}

/** What a program inside printed, parsed line by line, to be waited for. */
class Observations<T> {
  readonly all: T[] = [];
  readonly #listeners = new Set<(observation: T) => void>();

  constructor(
    readonly process: LabProcess,
    parse: (text: string) => T,
  ) {
    process.onLine((line: LabLine) => {
      if (line.stream === 'stderr') return;
      const observation = parse(line.text);
      this.all.push(observation);
      for (const listener of [...this.#listeners]) listener(observation);
    });
  }

  onEach(listener: (observation: T) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * The first that is wanted, of all seen so far and to come.
   * @throws LabError when there is none within `timeout` milliseconds, or the program ends
   */
  waitFor(wanted: (observation: T) => boolean, what: string, timeout = 15_000): Promise<T> {
    const there = this.all.find(wanted);
    if (there !== undefined) return Promise.resolve(there);
    const { process } = this;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
      };
      const fail = (code: 'timeout' | 'script', reason: string): void => {
        done();
        reject(new LabError(code, `${process.name}: ${what}: ${reason}`, process.lines.slice(-10).map(({ text }) => text).join('\n')));
      };
      const listener = (observation: T): void => {
        if (!wanted(observation)) return;
        done();
        resolve(observation);
      };
      const timer = setTimeout(() => fail('timeout', `not within ${timeout} ms`), timeout);
      this.#listeners.add(listener);
      const ended = (): void => {
        if (this.#listeners.has(listener)) fail('script', `the program ended (${process.status ?? 'with the lab'})`);
      };
      process.exited.then(ended, ended);
    });
  }
}

export class RequestStream extends Observations<RequestResult> {
  get results(): readonly RequestResult[] {
    return this.all;
  }

  /** The first request that started at `since` or later (lab's clock) and was answered, by `server` where one is named. */
  waitForSuccess(since: number, server?: string, timeout?: number): Promise<RequestResult> {
    const wanted = (result: RequestResult): boolean =>
      result.start >= since && result.outcome === 'ok' && (server === undefined || result.server === server);
    return this.waitFor(wanted, `an answer from ${server ?? 'any server'}`, timeout);
  }

  waitForFailure(since: number, timeout?: number): Promise<RequestResult> {
    return this.waitFor((result) => result.start >= since && result.outcome !== 'ok', 'a request that fails', timeout);
  }

  /** Ends the stream after the requests that are on their way; all results, ordered by start. */
  async stop(): Promise<readonly RequestResult[]> {
    this.process.signal('SIGTERM');
    await this.process.exited;
    return this.all.toSorted((a, b) => a.start - b.start);
  }
}

export class LongConnection extends Observations<ConnectionEvent> {
  get events(): readonly ConnectionEvent[] {
    return this.all;
  }

  /** The first answer after `since` (lab's clock). */
  waitForAnswer(since: number, timeout?: number): Promise<ConnectionEvent> {
    return this.waitFor((event) => event.time >= since && event.event === 'answer', 'an answer on the connection', timeout);
  }

  async stop(): Promise<readonly ConnectionEvent[]> {
    this.process.signal('SIGKILL');
    await this.process.exited;
    return this.all;
  }
}

/** Starts a stream of requests, one each `every` (50) ms, each given up after `timeout` (500) ms. The first starts some 1 s later. */
export function startRequests(site: Site, options: Target & { readonly timeout?: number } = {}): RequestStream {
  const { address = site.vip, port = 80, every = 50, timeout = 500 } = options;
  return new RequestStream(startProgram(site, 'requests', [address, port, every, timeout]), (text) => {
    const [start, duration, outcome = '', status, server] = text.split(' ');
    return {
      start: Number(start),
      duration: Number(duration),
      outcome,
      status: status === '-' ? undefined : Number(status),
      server: server === '-' ? undefined : server,
    };
  });
}

/** Opens a connection and keeps using it, each `every` (100) ms. */
export function startConnection(site: Site, options: Target = {}): LongConnection {
  const { address = site.vip, port = 80, every = 100 } = options;
  return new LongConnection(startProgram(site, 'connection', [address, port, every]), (text) => {
    const [time, event, detail = ''] = text.split(' ');
    return { time: Number(time), event: event as ConnectionEvent['event'], detail };
  });
}

const startProgram = (site: Site, name: string, parameters: readonly (string | number)[]): LabProcess =>
  site.start(site.client.name, name, `exec '${process.execPath}' '${root}dist/lab/inside/${name}.js' ${parameters.join(' ')}`);
