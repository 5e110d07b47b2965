/** Runs one command as a user, in a process group of its own, with a limit of time: SIGTERM to the group, then SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { childEnvironment } from '../supervisor/environment.js';
import { findUser, type User } from './user.js';
import type { ScriptResult } from './verdict.js';

/** between SIGTERM and SIGKILL */
const graceMilliseconds = 2_000;

export interface Run {
  /** At its end or its timeout. Never rejects: what keeps the command from running is a result too. */
  readonly result: Promise<ScriptResult>;
  /** The process has ended; it may never come for one that the kernel does not let go. */
  readonly gone: Promise<void>;
  /** Ends it before its time. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => void;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

const inWords = (error: unknown, file: string, user: string): string => {
  switch (codeOf(error)) {
    case 'ENOENT':
      return `there is no ${file}, or not what it names in its first line`;
    case 'EACCES':
      return `${user} may not run ${file}`;
    case 'EPERM':
      return `cannot run ${file} as ${user}: CAP_SETUID and CAP_SETGID are needed`;
    default:
      return error instanceof Error ? error.message : String(error);
  }
};

const signalGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: all of the group have ended; EPERM: what is left of it has become another user, which only root may end
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error;
  }
};

/** Ours need not be taken on, which only root could: a supervisor that is not root runs its own user's scripts. */
const credentials = ({ uid, gid }: User): Partial<User> => (uid === process.getuid?.() && gid === process.getgid?.() ? {} : { uid, gid });

/**
 * @param command the program and its arguments; no shell
 * @param user name of the user that it runs as
 * @param timeout milliseconds
 */
export const runCommand = (command: readonly string[], user: string, timeout: number): Run => {
  const [file = '', ...args] = command;
  let child: ChildProcess | undefined;
  let killer: NodeJS.Timeout | undefined;
  let ended = false;
  const end = (signal: 'SIGTERM' | 'SIGKILL'): void => {
    ended = true;
    const target = child;
    if (!target) return;
    signalGroup(target, signal);
    if (signal === 'SIGTERM') killer ??= setTimeout(() => signalGroup(target, 'SIGKILL'), graceMilliseconds);
  };
  let isGone = (): void => undefined;
  const gone = new Promise<void>((resolve) => (isGone = resolve));

  const launch = (found: User): Promise<ScriptResult> =>
    new Promise((resolve, reject) => {
      const process = spawn(file, args, { ...credentials(found), cwd: '/', detached: true, env: childEnvironment(), stdio: 'ignore' });
      child = process;
      const limit = setTimeout(() => {
        end('SIGTERM');
        resolve({ ok: false, detail: `no end after ${timeout / 1_000} s` });
      }, timeout);
      const over = (): void => {
        clearTimeout(limit);
        clearTimeout(killer);
        // what it left running in its group, when it had to be ended
        if (ended) signalGroup(process, 'SIGKILL');
        isGone();
      };
      process.on('error', (error) => {
        if (process.pid !== undefined) return; // not of the start
        over();
        reject(error);
      });
      process.on('exit', (code, signal) => {
        over();
        resolve(signal === null ? { ok: code === 0, detail: `exit status ${code ?? 0}` } : { ok: false, detail: `killed by ${signal}` });
      });
    });

  const run = async (): Promise<ScriptResult> => {
    try {
      const found = await findUser(user);
      if (!ended) return await launch(found);
      isGone();
      return { ok: false, detail: 'was not run' };
    } catch (error) {
      isGone();
      return { ok: false, detail: inWords(error, file, user) };
    }
  };
  return { result: run(), gone, end };
};
