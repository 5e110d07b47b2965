/** Loads kernel modules by the configured command, for the lvs child, which runs no commands itself. */
import { execFile } from 'node:child_process';
import { childEnvironment } from './environment.js';

const TIMEOUT_MS = 10_000;

const run = (file: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(file, args, { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env: childEnvironment(), maxBuffer: 64 * 1024 }, (error, _stdout, stderr) => {
      if (error === null) resolve(undefined);
      else if (error.killed === true) resolve(`no end after ${TIMEOUT_MS / 1_000} s`);
      else resolve(stderr.trim() !== '' ? stderr.trim() : error.message);
    });
  });

/** Runs `command MODULE` for each, one after the other. @returns what failed, in words; undefined = all loaded */
export const loadModules = async (command: readonly string[], modules: readonly string[]): Promise<string | undefined> => {
  const [file, ...args] = command;
  if (file === undefined) return `no command to load ${modules.join(', ')}`;
  const failures: string[] = [];
  for (const module of modules) {
    const failure = await run(file, [...args, module]);
    if (failure !== undefined) failures.push(`${[...command, module].join(' ')}: ${failure}`);
  }
  return failures.length === 0 ? undefined : failures.join('; ');
};
