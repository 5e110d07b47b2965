/** Recordings on the disk. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogEvent, RecordingTaken } from '../../src/supervisor/messages.js';
import { Recordings } from '../../src/supervisor/recordings.js';

let directory: string;
let log: LogEvent[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-recordings-'));
  log = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const start = Date.parse('2026-11-21T12:00:00.000Z');
const recording = (index: number, unit = 'web'): RecordingTaken => ({ type: 'recording', unit, cause: 'web became MASTER, x', time: start + index, text: `${index}\n` });
const open = (kept?: number): Recordings => new Recordings(directory, (event) => void log.push(event), kept);

it('are files named by time and instance, and the log says how to see them', async () => {
  await open().write(recording(1, '../a b'));
  const path = join(directory, 'recordings', '2026-11-21T120000.001Z-.._a_b.json');
  expect(readFileSync(path, 'utf8')).toBe('1\n');
  expect(statSync(path).mode & 0o007).toBe(0);
  expect(log.map(({ message }) => message)).toEqual([`what led to 'web became MASTER, x' is recorded: tandem replay ${path}`]);
});

it('are kept to a number, the latest', async () => {
  const recordings = open(3);
  await Promise.all(Array.from({ length: 6 }, (_, index) => recordings.write(recording(index))));
  expect(readdirSync(recordings.directory).sort()).toEqual([3, 4, 5].map((index) => `2026-11-21T120000.00${index}Z-web.json`));
});

it('that cannot be written are told of once, and that they are again', async () => {
  // a file where the directory is to be
  writeFileSync(join(directory, 'recordings'), '');
  const recordings = open();
  for (const index of [1, 2, 3]) await recordings.write(recording(index));
  expect(log.map(({ level }) => level)).toEqual(['warn']);
  expect(log[0]?.message).toMatch(/^a recording of the election cannot be written: E.*; nothing else suffers$/);
  rmSync(join(directory, 'recordings'));
  await recordings.write(recording(4));
  expect(log[1]?.message).toBe('recordings are written again; 3 were not');
  expect(readdirSync(recordings.directory)).toEqual(['2026-11-21T120000.004Z-web.json']);
});
