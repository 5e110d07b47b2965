/**
 * A FIFO with a line for each transition, as keepalived writes it: `INSTANCE "web" MASTER 150`. Nothing waits for its reader: what does not
 * fit is dropped and counted. Who opens it, or falls behind, is told how everything stands.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, writeSync } from 'node:fs';
import { Conditions } from '../control/conditions.js';
import { event, type Report } from '../control/event.js';
import { hasError } from '../network/libc.js';
import type { Notice } from './notice.js';
import { inWords } from '../control/in-words.js';

/** How often a reader is looked for, or one that fell behind is tried again. */
const RETRY_MS = 250;

export const fifoLine = ({ kind, name, to, priority }: Notice): string => `${kind} "${name}" ${to} ${priority}\n`;

/** The system's code of an error, e.g. `EPIPE`. */
const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
export class NotifyFifo {
  readonly #conditions: Conditions;
  readonly #timer: NodeJS.Timeout;
  #fd: number | undefined;
  /** the reader has not heard how things stand */
  #behind = true;

  /**
   * @param path made, mode 0600, where there is nothing
   * @param current how things stand, for a reader who comes or fell behind
   */
  constructor(
    private readonly path: string,
    private readonly current: () => readonly Notice[],
    report: Report,
  ) {
    this.#conditions = new Conditions(report);
    this.#timer = setInterval(() => this.#retry(), RETRY_MS);
    this.#retry();
  }

  /** Tells of them now, or never: they are part of what a reader hears who comes later. */
  write(notices: readonly Notice[]): void {
    if (this.#fd === undefined) return;
    for (const notice of notices) if (this.#behind || !this.#put(fifoLine(notice))) this.#drop();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closeFd();
  }

  #retry(): void {
    // its reader went: the next one must hear everything
    if (this.#fd !== undefined && hasError(this.#fd)) this.#closeFd();
    if (this.#fd === undefined && !this.#open()) return;
    if (this.#behind && this.current().every((notice) => this.#put(fifoLine(notice)))) {
      this.#behind = false;
      this.#conditions.end('dropped', (count, duration) => event('info', `the reader of ${this.path} keeps up again and was told how everything stands`, { dropped: count, seconds: Math.round(duration / 1_000) }));
    }
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
      this.#behind = true;
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
    try {
      writeSync(this.#fd, text);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') this.#behind = true;
      else this.#closeFd();
      return false;
    }
  }

  #drop(): void {
    this.#conditions.begin('dropped', () => event('warn', `the reader of ${this.path} is too slow, or went: transitions are dropped, and counted`));
  }

  #closeFd(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
