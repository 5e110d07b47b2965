/** Where the lines of the log go: a bounded queue in front of a file descriptor that may be slow, full or closed. */
import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs';

/** Octets that may wait for a slow reader. */
const QUEUE_LIMIT = 4 * 1024 * 1024;
/** Octets of one write. */
const CHUNK = 64 * 1024;
const BUSY_RETRY_MS = 50;
const FAILED_RETRY_MS = 1_000;

/** The errors after which nothing can ever be written again. */
const isGone = (code: string | undefined): boolean => code === 'EPIPE' || code === 'EBADF' || code === 'ECONNRESET';
const isBusy = (code: string | undefined): boolean => code === 'EAGAIN' || code === 'EBUSY' || code === 'EINTR';

/**
 * For a pipe or a terminal a descriptor of our own, which never blocks: a thread that hangs in write(2) would keep the process from
 * ending, and O_NONBLOCK on the inherited descriptor would be seen by everyone who shares it. Sockets cannot be opened so, and a file
 * must not be: those who share it share its position too. For them `fd` itself.
 */
export const openWithoutBlocking = (fd: number): number => {
  try {
    const status = fstatSync(fd);
    if (!status.isFIFO() && !status.isCharacterDevice()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
};

/**
 * Writes in order, one write at a time, never throws. (Not pino's own sonic-boom: at exit that tries for ever to write to a full disk,
 * and waits for ever for a reader that does not read.)
 */
export class LogDestination {
  /** lines that were never written, since the queue was full or the reader is gone */
  lost = 0;
  readonly #fd: number;
  readonly #own: boolean;
  #queue: Buffer[] = [];
  #queued = 0;
  #writing = false;
  #soon: NodeJS.Immediate | undefined;
  #gone = false;
  #lostReported = 0;
  #retry: NodeJS.Timeout | undefined;
  #emptied: (() => void)[] = [];

  constructor(
    fd: number,
    private readonly limit = QUEUE_LIMIT,
    /** the line that says how many were lost, written once there is room again */
    private readonly lossLine: (lost: number) => string = (lost) => `${lost} lines of the log were lost\n`,
  ) {
    this.#fd = openWithoutBlocking(fd);
    this.#own = this.#fd !== fd;
  }

  write(line: string): void {
    const octets = Buffer.from(line);
    if (this.#gone || this.#queued + octets.length > this.limit) {
      this.lost++;
      return;
    }
    this.#queue.push(octets);
    this.#queued += octets.length;
    // lines of one turn of the event loop go together
    if (this.#own) this.#soon ??= setImmediate(() => this.#pump());
    else this.#pump();
  }

  /** Waits until all is written, but no longer than `milliseconds`. @returns false when something is left */
  async flush(milliseconds: number): Promise<boolean> {
    this.#pump();
    if (this.#queued === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      this.#emptied.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  close(): void {
    clearTimeout(this.#retry);
    clearImmediate(this.#soon);
    this.#gone = true;
    if (this.#own) closeSync(this.#fd);
  }

  #pump(): void {
    clearImmediate(this.#soon);
    this.#soon = undefined;
    while (!this.#writing && this.#retry === undefined && !this.#gone) {
      const chunk = this.#take();
      if (chunk === undefined) {
        for (const resolve of this.#emptied.splice(0)) resolve();
        return;
      }
      // what never blocks needs no thread to wait in
      if (this.#own) this.#writeNow(chunk);
      else this.#writeInThread(chunk);
    }
  }

  #writeNow(chunk: Buffer): void {
    try {
      this.#written(chunk, writeSync(this.#fd, chunk));
    } catch (error) {
      this.#failed(error as NodeJS.ErrnoException, chunk);
    }
  }

  #writeInThread(chunk: Buffer): void {
    this.#writing = true;
    write(this.#fd, chunk, (error, written) => {
      this.#writing = false;
      if (error !== null) this.#failed(error, chunk);
      else this.#written(chunk, written);
      this.#pump();
    });
  }

  #take(): Buffer | undefined {
    let length = 0;
    let count = 0;
    for (const { length: next } of this.#queue) {
      if (count > 0 && length + next > CHUNK) break;
      length += next;
      count++;
    }
    if (count === 0) return undefined;
    const parts = this.#queue.splice(0, count);
    const [only] = parts;
    return count === 1 ? only : Buffer.concat(parts, length);
  }

  #written(chunk: Buffer, written: number): void {
    this.#queued -= written;
    if (written < chunk.length) this.#queue.unshift(chunk.subarray(written));
    else if (this.lost > this.#lostReported && this.#queued < this.limit / 2) {
      const lost = this.lost - this.#lostReported;
      this.#lostReported = this.lost;
      const line = Buffer.from(this.lossLine(lost));
      this.#queue.push(line);
      this.#queued += line.length;
    }
  }

  #failed(error: NodeJS.ErrnoException, chunk: Buffer): void {
    if (isGone(error.code)) {
      this.#gone = true;
      this.lost += this.#queue.length + 1;
      this.#queue = [];
      this.#queued = 0;
      for (const resolve of this.#emptied.splice(0)) resolve();
      return;
    }
    this.#queue.unshift(chunk);
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined;
        this.#pump();
      },
      isBusy(error.code) ? BUSY_RETRY_MS : FAILED_RETRY_MS,
    );
    this.#retry.unref();
  }
}
