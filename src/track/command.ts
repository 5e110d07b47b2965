/** One run of a tracked script, and what it says. */
import { Command, type Ending } from '../supervisor/command.js';
import { childEnvironment } from '../supervisor/environment.js';
import type { ScriptResult } from './verdict.js';

export interface Run {
  /** At its end or its timeout. Never rejects: what keeps the command from running is a result too. */
  readonly result: Promise<ScriptResult>;
  /** The process has ended; it may never come for one that the kernel does not let go. */
  readonly gone: Promise<unknown>;
  /** Ends it before its time. */
  readonly end: () => void;
}

const resultOf = (ending: Ending): ScriptResult => {
  switch (ending.type) {
    case 'exit':
      return { ok: ending.status === 0, detail: `exit status ${ending.status}` };
    case 'signal':
      return { ok: false, detail: `killed by ${ending.signal}` };
    case 'not_run':
    case 'not_trusted':
      return { ok: false, detail: ending.why };
  }
};

/**
 * @param command the program and its arguments; no shell
 * @param user name of the user that it runs as
 * @param timeout milliseconds
 */
export const runCommand = (command: readonly string[], user: string, timeout: number): Run => {
  const run = new Command({ command, user, timeout, environment: () => childEnvironment() });
  const late = run.overdue.then((): ScriptResult => ({ ok: false, detail: `no end after ${timeout / 1_000} s` }));
  return { result: Promise.race([run.ended.then(resultOf), late]), gone: run.ended, end: () => run.end() };
};
