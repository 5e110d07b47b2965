/** The `file` check: what the first word of a file says. What it says holds at once; that it cannot be read is a failure like another. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { inWords } from '../control/in-words.js';
import type { FileHealthCheck } from '../config/model.js';
import { isShortage } from '../network/shortage.js';
import { attempt, type Attempt, type Probe } from './attempt.js';
import { weightWord } from './weight-word.js';

const longest = 64;

type Reading = { readonly content: string } | { readonly problem: string };

/** Readings that have not come back: of a server of files that is gone each holds one of the four threads of Node's pool, so there is one for a file. */
const beingRead = new Map<string, Promise<Reading>>();

export const probeFile: Probe<FileHealthCheck> = (check, stop) =>
  attempt(check, stop, (self) => {
    self.stage = `reading ${check.file}`;
    let reading = beingRead.get(check.file);
    if (reading === undefined) {
      reading = read(check.file).finally(() => beingRead.delete(check.file));
      beingRead.set(check.file, reading);
    }
    reading.then((text) => judge(check.file, text, self), self.error);
  });

const judge = (path: string, text: Reading, self: Attempt): void => {
  if ('problem' in text) return self.fail(text.problem);
  const said = weightWord(text.content);
  if (said === undefined) self.fail(`${path} holds ${JSON.stringify(text.content.trim().slice(0, 30))}, which is neither up, down, drain nor a weight`);
  else if (said.ok) self.succeed(`${path} says ${said.words}`, { decisive: true, weight: said.weight });
  else self.order(`${path} says ${said.words}`);
};

const read = async (path: string): Promise<Reading> => {
  try {
    // O_NONBLOCK: not to wait for the writer of a pipe
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return { problem: `${path} is no file` };
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(longest), position: 0 });
      return { content: buffer.toString('utf8', 0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isShortage(error)) throw error;
    return { problem: error instanceof Error && 'code' in error && error.code === 'ENOENT' ? `${path} is missing` : `${path} cannot be read: ${inWords(error)}` };
  }
};
