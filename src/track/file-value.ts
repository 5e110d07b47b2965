/** The number in a tracked file. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { inWords } from '../control/in-words.js';

export interface FileValue {
  readonly value: number;
  /** after the file's name it makes a sentence */
  readonly detail: string;
}

const longest = 64;

/** A whole number of 32 bits, white space around it; anything else counts as 0. */
export const parseFileValue = (text: string): FileValue => {
  const trimmed = text.trim();
  const value = /^[+-]?\d{1,10}$/.test(trimmed) ? Number(trimmed) : undefined;
  if (value === undefined || value !== (value | 0)) return { value: 0, detail: 'holds no whole number, which counts as 0' };
  return { value: value | 0, detail: `holds ${value | 0}` };
};

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Never rejects: a file that is missing or unreadable counts as 0. */
export const readFileValue = async (path: string): Promise<FileValue> => {
  try {
    // O_NONBLOCK: not to wait for the writer of a pipe
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return { value: 0, detail: 'is no file, which counts as 0' };
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(longest), position: 0 });
      return parseFileValue(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (error) {
    return { value: 0, detail: isMissing(error) ? 'is missing, which counts as 0' : `cannot be read: ${inWords(error)}; counts as 0` };
  }
};
