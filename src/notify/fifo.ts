/**
 * A FIFO with a line for each transition, as keepalived writes it: `INSTANCE "web" MASTER 150`, `VS [192.0.2.10]:tcp:80 DOWN`. Nothing waits for its reader: what does not
 * fit waits, of each subject the last state only. Who opens it is told how everything stands.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, writeSync } from 'node:fs';
import { Conditions } from '../control/conditions.js';
import { event, type Report } from '../control/event.js';
import { hasError } from '../network/libc.js';
import { happeningKey, type Happening } from './happening.js';
import { inWords } from '../control/in-words.js';

/** How often a reader is looked for, or one that fell behind is tried again. */
const RETRY_MS = 250;

/** Empty for what keepalived has no line for. */
export const fifoLine = (happening: Happening): string => {
  switch (happening.kind) {
    case 'INSTANCE':
    case 'GROUP':
      return `${happening.kind} "${happening.name}" ${happening.to} ${happening.priority}\n`;
    case 'VIRTUAL_SERVER':
      return happening.to === 'REMOVED' ? '' : `VS ${happening.service} ${happening.to}\n`;
    case 'REAL_SERVER':
      return happening.to === 'REMOVED' ? '' : `RS ${happening.server ?? happening.name} ${happening.service} ${happening.to}\n`;
    case 'SPLIT_BRAIN':
      return '';
  }
};

/** The system's code of an error, e.g. `EPIPE`. */
const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
export class NotifyFifo {
  readonly #conditions: Conditions;
  readonly #timer: NodeJS.Timeout;
  #fd: number | undefined;
  /** what the reader has not heard yet: the last state of each, in the order in which they came to it */
  readonly #waiting = new Map<string, Happening>();

  /**
   * @param path made, mode 0600, where there is nothing
   * @param current how things stand, for a reader who comes
   */
  constructor(
    private readonly path: string,
    private readonly current: () => readonly Happening[],
    report: Report,
  ) {
    this.#conditions = new Conditions(report);
    this.#timer = setInterval(() => this.#retry(), RETRY_MS);
    this.#retry();
  }

  /** Tells of them now, or never: they are part of what a reader hears who comes later. */
  write(notices: readonly Happening[]): void {
    if (this.#fd === undefined) return;
    for (const notice of notices) if (this.#waiting.size > 0 || !this.#put(fifoLine(notice))) this.#wait(notice);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closeFd();
  }

  #retry(): void {
    // its reader went: the next one must hear everything
    if (this.#fd !== undefined && hasError(this.#fd)) this.#closeFd();
    if (this.#fd === undefined && !this.#open()) return;
    for (const [key, happening] of this.#waiting) {
      if (!this.#put(fifoLine(happening))) return;
      this.#waiting.delete(key);
    }
    this.#conditions.end('dropped', (count, duration) => event('info', `the reader of ${this.path} keeps up again and knows how everything stands`, { late: count, seconds: Math.round(duration / 1_000) }));
  }

  /** @returns false when there is no reader, or no FIFO */
  #open(): boolean {
    try {
      this.#make();
      const fd = openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      if (!fstatSync(fd).isFIFO()) {
        closeSync(fd);
        throw new Error('it is no FIFO');
      }
      this.#fd = fd;
      this.#waiting.clear();
      for (const happening of this.current()) this.#waiting.set(happeningKey(happening), happening);
      this.#conditions.end('cannot', () => event('info', `${this.path} can be opened again`));
      return true;
    } catch (error) {
      // nobody reads it: the usual state
      if (codeOf(error) === 'ENXIO') this.#conditions.end('cannot', () => event('info', `${this.path} can be opened again`));
      else this.#conditions.begin('cannot', () => event('warn', `the FIFO ${this.path} cannot be used: ${inWords(error)}; it is tried again`));
      return false;
    }
  }

  #make(): void {
    const status = lstatSync(this.path, { throwIfNoEntry: false });
    if (status?.isFIFO() === false) throw new Error('something is there that is no FIFO');
    if (status !== undefined) return;
    execFileSync('mkfifo', ['-m', '0600', '--', this.path], { stdio: 'pipe', timeout: 1_000 });
    chmodSync(this.path, 0o600);
  }

  /** Non-blocking; at most 4096 octets (PIPE_BUF) are written whole or not at all. @returns false when it was not written */
  #put(text: string): boolean {
    if (this.#fd === undefined) return false;
    if (text === '') return true;
    try {
      writeSync(this.#fd, text);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') this.#closeFd();
      return false;
    }
  }

  #wait(happening: Happening): void {
    const key = happeningKey(happening);
    this.#waiting.delete(key);
    this.#waiting.set(key, happening);
    this.#conditions.begin('dropped', () => event('warn', `the reader of ${this.path} is too slow, or went: it is told of the last state of each only, later`));
  }

  #closeFd(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
