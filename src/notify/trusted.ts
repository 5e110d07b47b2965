/** Whether a program may be run as root: nobody but root can change it, or put another one in its place. */
import { lstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

const writableByOthers = 0o022;
const sticky = 0o1000;

/** What is wrong with one entry of the way to the program; undefined = nothing. */
const distrust = (path: string): string | undefined => {
  const status = lstatSync(path);
  if (status.uid !== 0) return `${path} belongs to the user ${status.uid}, not to root`;
  // the mode of a link means nothing; in a sticky directory others cannot replace what is root's
  if (status.isSymbolicLink() || (status.isDirectory() && (status.mode & sticky) !== 0)) return undefined;
  return (status.mode & writableByOthers) === 0 ? undefined : `${path} can be written by others than root (mode ${(status.mode & 0o7777).toString(8)})`;
};

const lineage = (path: string): readonly string[] => (dirname(path) === path ? [path] : [...lineage(dirname(path)), path]);

/** @param path absolute. @returns what is wrong, in words; undefined = it may be run as root. @throws what the system says of a path that is not there */
export const whyNotTrusted = (path: string): string | undefined => {
  for (const entry of new Set([...lineage(path), ...lineage(realpathSync(path))])) {
    const wrong = distrust(entry);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};
