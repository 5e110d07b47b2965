/** Runs one command as a user, in a process group of its own, with a limit of time: SIGTERM to the group, then SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { inWords } from '../control/in-words.js';
import { isShortage } from '../network/shortage.js';
import { whyNotTrusted } from '../notify/trusted.js';
import { findUser, type User } from '../track/user.js';
import { readLines } from './output-lines.js';

/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 2_000;
/** How long after its end the last output may still be read; a program that it left behind may hold the pipe for ever. */
const LAST_WORDS_MS = 100;

export interface CommandOptions {
  /** the program and its arguments; no shell */
  readonly command: readonly string[];
  /** name of the user that it runs as */
  readonly user: string;
  readonly environment: (user: User) => NodeJS.ProcessEnv;
  /** milliseconds */
  readonly timeout: number;
  /** left out: what it prints is thrown away */
  readonly output?: { readonly onLine: (line: string) => void; readonly onSuppressed: (count: number) => void };
  /** as root only a program is run that nobody but root can change */
  readonly trustedOnly?: boolean;
}

export type Ending =
  | { readonly type: 'exit'; readonly status: number }
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** it did not run; why, in words. `shortage`: of this host */
  | { readonly type: 'not_run'; readonly why: string; readonly shortage?: boolean }
  | { readonly type: 'not_trusted'; readonly why: string };

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

const whyNotRun = (error: unknown, file: string, user: string): string => {
  switch (codeOf(error)) {
    case 'ENOENT':
      return `there is no ${file}, or not what it names in its first line`;
    case 'EACCES':
      return `${user} may not run ${file}`;
    case 'EPERM':
      return `cannot run ${file} as ${user}: CAP_SETUID and CAP_SETGID are needed`;
    default:
      return inWords(error);
  }
};

/** @returns what refused it, in words. What has ended by itself meanwhile needs no signal. */
const signalGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals): string | undefined => {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
    return undefined;
  } catch (error) {
    return codeOf(error) === 'ESRCH' ? undefined : inWords(error);
  }
};

/** Ours need not be taken on, which only root could: a supervisor that is not root runs its own user's programs. */
const credentials = ({ uid, gid }: User): Partial<User> => (uid === process.getuid?.() && gid === process.getgid?.() ? {} : { uid, gid });

/** Those that were told to end and have not: what does not heed SIGTERM before we end ourselves has no more grace. */
const ending = new Set<Command>();
process.on('exit', () => ending.forEach((command) => command.end('SIGKILL')));

export class Command {
  /** When it has ended, and its output was read; never rejects. It may never come for one that the kernel does not let go. */
  readonly ended: Promise<Ending>;
  /** When its time is over. */
  readonly overdue: Promise<void>;
  /** what it was ended by before its time, in words, e.g. `ended by SIGTERM`, `killed` */
  endedBy: string | undefined;
  #isOverdue: () => void = () => undefined;
  #process: ChildProcess | undefined;
  #killer: NodeJS.Timeout | undefined;

  constructor(private readonly options: CommandOptions) {
    const { command, user } = options;
    const [file = '', ...args] = command;
    this.overdue = new Promise((resolve) => (this.#isOverdue = resolve));
    this.ended = this.#run(file, args).catch((error: unknown) => ({ type: 'not_run', why: whyNotRun(error, file, user), ...(isShortage(error) || codeOf(error) === 'EAGAIN' ? { shortage: true } : {}) }));
  }

  /** Ends it before its time: SIGTERM to its group, then SIGKILL; or that at once. */
  end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): void {
    const running = this.#process;
    if (running && running.exitCode === null && running.signalCode === null) ending.add(this);
    const refused = running && signalGroup(running, signal);
    this.endedBy = `${signal === 'SIGTERM' ? 'ended by SIGTERM' : 'killed'}${refused === undefined ? '' : ` (${refused})`}`;
    if (running && signal === 'SIGTERM') this.#killer ??= setTimeout(() => this.end('SIGKILL'), GRACE_MS);
  }

  async #run(file: string, args: readonly string[]): Promise<Ending> {
    const { user: name, environment, timeout, output, trustedOnly = false } = this.options;
    const user = await findUser(name);
    const wrong = trustedOnly && user.uid === 0 ? whyNotTrusted(file) : undefined;
    if (wrong !== undefined) return { type: 'not_trusted', why: `${wrong}; let root own it, or name another user` };
    if (this.endedBy !== undefined) return { type: 'not_run', why: 'was not run' };
    // a session of its own, and so a process group: what it starts ends with it. With a uid libuv drops the supplementary groups too
    const running = spawn(file, args, { ...credentials(user), cwd: '/', detached: true, env: environment(user), stdio: output ? ['ignore', 'pipe', 'pipe'] : 'ignore' });
    this.#process = running;
    if (output) for (const stream of [running.stdout, running.stderr]) if (stream) readLines(stream, output.onLine, output.onSuppressed);
    const limit = setTimeout(() => {
      this.end();
      this.#isOverdue();
    }, timeout);
    return new Promise((resolve, reject) => {
      const over = (): void => {
        ending.delete(this);
        clearTimeout(limit);
        clearTimeout(this.#killer);
      };
      running.on('error', (error) => {
        if (running.pid !== undefined) return; // not of the start
        over();
        reject(error);
      });
      running.on('exit', (status, signal) => {
        over();
        // what of its group did not hear SIGTERM
        if (this.endedBy !== undefined) signalGroup(running, 'SIGKILL');
        const finish = (): void => {
          clearTimeout(last);
          resolve(signal === null ? { type: 'exit', status: status ?? 0 } : { type: 'signal', signal });
        };
        const last = setTimeout(finish, LAST_WORDS_MS);
        running.once('close', finish);
      });
    });
  }
}
