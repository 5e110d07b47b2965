/** The importer on a host: reads files, patterns of includes, users, routing tables and settings; writes the result. */
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { inWords } from '../../control/in-words.js';
import { userIn } from '../../track/user.js';
import { globFiles } from './glob.js';
import { importConfiguration, type ImportResult } from './import.js';
import type { Surroundings } from './surroundings.js';

/** A file that cannot be read or written. */
export class ImportError extends Error {
  readonly code = 'IMPORT';
  constructor(message: string) {
    super(message);
    this.name = 'ImportError';
  }
}

const largestFile = 16 * 1_048_576;

const readText = (path: string): string => {
  const status = statSync(path);
  if (!status.isFile()) throw new ImportError(status.isDirectory() ? 'it is a directory' : 'it is no regular file');
  if (status.size > largestFile) throw new ImportError('it is larger than 16 MiB');
  return readFileSync(path, 'utf8');
};

const readOrNothing = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // a host without it has nothing to say
  }
};

/** @param host the name that conditional lines are for */
export const hostSurroundings = (host: string): Surroundings => ({
  host,
  readText,
  glob: globFiles,
  hasUser: (name) => userIn(readOrNothing('/etc/passwd'), name) !== undefined,
  routingTable: (name) => {
    const line = readOrNothing('/etc/iproute2/rt_tables').split('\n').map((each) => each.trim().split(/\s+/)).find(([, each]) => each === name);
    const number = Number(line?.[0]);
    return Number.isInteger(number) ? number : undefined;
  },
  ipvsSetting: (name) => readOrNothing(`/proc/sys/net/ipv4/vs/${name}`) || undefined,
  environment: (name) => process.env[name],
});

/** @throws ImportError when the file itself cannot be read */
export const importFile = (path: string, host: string): ImportResult => {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    throw new ImportError(`${path} cannot be read: ${inWords(error)}`);
  }
  return importConfiguration(path, text, hostSurroundings(host));
};

/** @throws ImportError when there is such a file already, or it cannot be written */
export const writeResult = (path: string, text: string, { force, mode }: { readonly force: boolean; readonly mode: number }): void => {
  if (!force && existsSync(path)) throw new ImportError(`${path} is there already: --force overwrites it`);
  const beside = `${path}.${process.pid}.new`;
  try {
    // never readable for others, not even for a moment
    writeFileSync(beside, text, { mode, flag: 'wx' });
    chmodSync(beside, mode);
    renameSync(beside, path);
  } catch (error) {
    throw new ImportError(`${path} cannot be written: ${inWords(error)}`);
  }
};
