/** Runs one notify command: as its user, in a process group of its own, bounded in time, its output handed over line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readLines } from '../supervisor/output-lines.js';
import { type Microseconds, toMilliseconds } from '../time/microseconds.js';
import { whyNotTrusted } from './trusted.js';
import { findUser, type User } from '../track/user.js';
import { inWords } from '../control/in-words.js';

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2_000;
/** How long after its end the last output may still be read; a program that it left behind may hold the pipe for ever. */
const LAST_WORDS_MS = 100;

export interface CommandOptions {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeout: Microseconds;
  readonly user: string;
  readonly onLine: (line: string) => void;
  readonly onSuppressed: (count: number) => void;
}

export interface Outcome {
  /** what went wrong, in words; undefined = it ended with status 0 */
  readonly failure: string | undefined;
  readonly milliseconds: number;
}

/** Signals the process group. What has ended by itself meanwhile needs no signal. */
const signal = ({ pid }: ChildProcess, name: NodeJS.Signals): string | undefined => {
  try {
    if (pid !== undefined) process.kill(-pid, name);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? undefined : inWords(error);
  }
};

export class Command {
  /** resolves when it has ended, however; never rejects */
  readonly ended: Promise<Outcome>;
  #process: ChildProcess | undefined;
  #killed: string | undefined;

  constructor(private readonly options: CommandOptions) {
    const begin = performance.now();
    this.ended = this.#run().then(
      (failure) => ({ failure, milliseconds: performance.now() - begin }),
      (error: unknown) => ({ failure: `cannot be run: ${inWords(error)}`, milliseconds: performance.now() - begin }),
    );
  }

  /** Ends it before its time: SIGTERM to its group, then SIGKILL. */
  end(why: string): void {
    const running = this.#process;
    if (running === undefined || this.#killed !== undefined) return;
    const refused = signal(running, 'SIGTERM');
    this.#killed = `${why} and was ended by SIGTERM${refused === undefined ? '' : ` (${refused})`}`;
    const killer = setTimeout(() => {
      this.#killed = `${why} and was killed`;
      signal(running, 'SIGKILL');
    }, GRACE_MS);
    running.once('exit', () => {
      clearTimeout(killer);
      // what of its group did not hear SIGTERM
      signal(running, 'SIGKILL');
    });
  }

  async #run(): Promise<string | undefined> {
    const { command, environment, timeout, onLine, onSuppressed } = this.options;
    const [file = '', ...args] = command;
    const user = await this.#user();
    if (user.uid === 0) {
      const wrong = whyNotTrusted(file);
      if (wrong !== undefined) return `is not run as root: ${wrong}; let root own it, or name another user`;
    }
    const isOther = user.uid !== process.getuid?.();
    const running = spawn(file, args, {
      // a session of its own, and so a process group: what it starts ends with it
      detached: true,
      cwd: '/',
      env: { ...environment, HOME: user.home, USER: this.options.user, LOGNAME: this.options.user },
      stdio: ['ignore', 'pipe', 'pipe'],
      // with a uid libuv drops the supplementary groups too
      ...(isOther ? { uid: user.uid, gid: user.gid } : {}),
    });
    this.#process = running;
    for (const stream of [running.stdout, running.stderr]) readLines(stream, onLine, onSuppressed);
    const timer = setTimeout(() => this.end(`did not end within ${toMilliseconds(timeout) / 1_000} s`), toMilliseconds(timeout));
    return new Promise((resolve) => {
      const finish = (failure: string | undefined): void => {
        clearTimeout(timer);
        const last = setTimeout(() => resolve(failure), LAST_WORDS_MS);
        running.once('close', () => {
          clearTimeout(last);
          resolve(failure);
        });
      };
      running.on('error', (error) => {
        if (running.pid === undefined) finish(`cannot be run: ${error.message}`);
      });
      running.on('exit', (code, by) => finish(this.#killed ?? (code === 0 ? undefined : by === null ? `ended with status ${code}` : `was ended by ${by}`)));
    });
  }

  /** @throws UserError when there is no such user */
  async #user(): Promise<User> {
    const own = process.getuid?.() ?? 0;
    // not root (a test, a user's trial): nobody else can be become
    return own === 0 ? findUser(this.options.user) : { uid: own, gid: process.getgid?.() ?? own, home: '/' };
  }
}
