/** Reading a configuration file: everything wrong with it at once, or the configuration. Never an exception. */
import { type FileHandle, open } from 'node:fs/promises';
import { inWords } from '../control/in-words.js';
import type { Diagnostic } from './diagnostic.js';
import type { LoadResult, ParseOptions, RejectedConfiguration } from './load-result.js';
import { parseQuickly, QuickMemory } from './parse-quickly.js';
import { sha256 } from './sha256.js';

export type { LoadedConfiguration, LoadResult, ParseOptions, RejectedConfiguration } from './load-result.js';

/** More than a thousand services with their servers: what is larger is not ours. */
const largestFile = 16 * 1_048_576;

/** Reads and parses the file. What the system refuses (missing, unreadable, a directory) is a diagnostic too. */
export const loadConfiguration = async (path: string, options: ParseOptions = {}): Promise<LoadResult> => {
  const read = await readBytes(path);
  if (!read.ok) return read;
  const { bytes, mode } = read;
  const decoded = textOf(bytes, path);
  return decoded.ok ? parseText(decoded.text, path, { bytes, mode, ...options }) : decoded;
};

interface ReadFile {
  readonly ok: true;
  readonly bytes: Buffer;
  /** type and permission bits */
  readonly mode: number;
}

interface Text {
  readonly ok: true;
  readonly text: string;
}

/** `memory`: used for the octets where they have room in it. */
export const readBytes = async (path: string, memory?: Buffer): Promise<ReadFile | RejectedConfiguration> => {
  try {
    const file = await open(path, 'r');
    try {
      const status = await file.stat();
      if (status.isDirectory()) return unreadable(path, `${path} is a directory`);
      if (status.isCharacterDevice() || status.isBlockDevice()) return unreadable(path, `${path} is a device`);
      if (status.size > largestFile) return unreadable(path, `${path} is larger than 16 MiB`);
      return { ok: true, bytes: await readInto(file, memory), mode: status.mode };
    } finally {
      await file.close();
    }
  } catch (error) {
    return unreadable(path, `${path} cannot be read: ${reasonOf(error)}`);
  }
};

const readInto = async (file: FileHandle, memory: Buffer | undefined): Promise<Buffer> => {
  if (memory === undefined) return file.readFile();
  let length = 0;
  while (length < memory.length) {
    const { bytesRead } = await file.read(memory, length, memory.length - length);
    if (bytesRead === 0) return memory.subarray(0, length);
    length += bytesRead;
  }
  return Buffer.concat([memory, await file.readFile()]);
};

export const textOf = (bytes: Buffer, path: string): Text | RejectedConfiguration => {
  const text = decode(bytes);
  return typeof text === 'number' ? unreadable(path, `${path} is no text in UTF-8 (byte ${text + 1})`) : { ok: true, text };
};

/** `path` is what messages call it. The parser that knows the place of everything is loaded, and used, only where there is something to say. */
export const parseText = async (text: string, path: string, options: ParseOptions, memory = new QuickMemory()): Promise<LoadResult> => {
  const configuration = parseQuickly(text, path, options, memory);
  if (configuration !== undefined) return { ok: true, configuration, warnings: [], text, sha256: sha256(options.bytes ?? text) };
  const { parseConfiguration } = await import('./parse.js');
  return parseConfiguration(text, path, options);
};

/** The text, or the offset of the first byte that is not UTF-8. */
const decode = (bytes: Buffer): string | number => {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  const again = Buffer.from(text, 'utf8');
  return again.equals(bytes) ? text : bytes.findIndex((byte, index) => byte !== again[index]);
};

const reasons: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'permission denied', EPERM: 'permission denied', ELOOP: 'too many symbolic links', ENOTDIR: 'part of the path is no directory', ENAMETOOLONG: 'the name is too long', EISDIR: 'it is a directory' };
const reasonOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? inWords(error);
};

const fileProblem = (path: string, code: Diagnostic['code'], message: string, remedy: string): Diagnostic => ({ severity: 'error', code, path, line: 1, column: 1, length: 0, message, remedy });

const unreadable = (path: string, message: string): RejectedConfiguration => ({ ok: false, diagnostics: [fileProblem(path, 'unreadable', message, 'give the path of a YAML file that can be read')], text: '' });
