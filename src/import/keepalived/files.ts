/** The importer on a host: reads files, patterns of includes, users, routing tables and settings. */
import { readFileSync, statSync } from 'node:fs';
import { inWords } from '../../control/in-words.js';
import { userIn } from '../../track/user.js';
import { ImportError } from '../conversion.js';
import { globFiles } from './glob.js';
import { importConfiguration, type ImportResult } from './import.js';
import type { Surroundings } from './surroundings.js';

/** What the system said, without the path that it repeats. */
const reasonOf = (error: unknown): string => inWords(error).replace(/, (?:open|read|stat) '.*'$/, '');

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
    throw new ImportError(`${path} cannot be read: ${reasonOf(error)}`);
  }
  return importConfiguration(path, text, hostSurroundings(host));
};
