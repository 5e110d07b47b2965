/** The log on real descriptors: files, a pipe nobody reads, a pipe that is closed, a full disk. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Log } from '../../src/control/log.js';
import type { LogEvent } from '../../src/supervisor/messages.js';

const event = (message: string, fields: LogEvent['fields'] = {}, level: LogEvent['level'] = 'info'): LogEvent => ({ time: Date.parse('2026-11-21T02:24:11.304Z'), level, message, fields });

describe('the log', () => {
  let directory: string;
  let path: string;
  let fd: number;
  let log: Log;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-log-'));
    path = join(directory, 'log');
    fd = openSync(path, 'w');
  });
  afterEach(() => {
    log.close();
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  it('writes text or JSON with the same fields, in the order of the events, with their own time', async () => {
    log = new Log({ level: 'info', format: 'text' }, fd);
    log.write(event('first', { instance: 'web' }));
    log.configure({ level: 'info', format: 'json' });
    log.write(event('second\nline', { instance: 'web', vrid: 51, level: 'own' }, 'warn'));
    expect(await log.flush(1_000)).toBe(true);
    const [text, json] = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(text).toBe('2026-11-21T02:24:11.304Z INFO first instance=web');
    expect(JSON.parse(json ?? '')).toEqual({ level: 'warn', time: '2026-11-21T02:24:11.304Z', message: 'second\nline', instance: 'web', vrid: 51, level_: 'own' });
  });

  it('leaves out what is below its level, which can be changed', async () => {
    log = new Log({ level: 'warn', format: 'text' }, fd);
    log.write(event('no'));
    log.configure({ level: 'debug', format: 'text' });
    log.write(event('yes', {}, 'debug'));
    await log.flush(1_000);
    expect(readFileSync(path, 'utf8')).toBe('2026-11-21T02:24:11.304Z DEBUG yes\n');
  });

  it('counts an event that cannot be written as lost', () => {
    log = new Log({ level: 'info', format: 'text' }, fd);
    log.write({ ...event('when?'), time: Number.NaN });
    expect(log.lost).toBe(1);
  });

  it('shares a file with others who write to it, without anyone overwriting the other', async () => {
    log = new Log({ level: 'info', format: 'text' }, fd);
    log.write(event('ours'));
    await log.flush(1_000);
    writeSync(fd, 'theirs\n');
    log.write(event('ours again'));
    await log.flush(1_000);
    expect(readFileSync(path, 'utf8').replaceAll(/^\S+ INFO /gm, '')).toBe('ours\ntheirs\nours again\n');
  });

  it('on a full disk goes on, and gives up at exit after the limit', async () => {
    log = new Log({ level: 'info', format: 'text' }, openSync('/dev/full', 'w'));
    log.write(event('nowhere to go'));
    expect(await log.flush(100)).toBe(false);
    log.write(event('still alive'));
    expect(log.lost).toBe(0);
  });
});

describe('the log on a pipe', () => {
  let directory: string;
  let reader: ChildProcess | undefined;
  let log: Log;
  let fd: number;
  /** a pipe whose reader reads nothing until told, then everything */
  const pipe = (): string => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-log-'));
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    fd = openSync(path, 'r+');
    return path;
  };
  afterEach(() => {
    log.close();
    reader?.kill('SIGKILL');
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  it('whose reader is slow neither blocks nor grows without bound, and says later how much was lost', async () => {
    const path = pipe();
    log = new Log({ level: 'info', format: 'text' }, fd, 100_000);
    for (let n = 0; n < 10_000; n++) log.write(event(`line ${n}`));
    expect(await log.flush(50)).toBe(false);
    const lost = log.lost;
    expect(lost).toBeGreaterThan(1_000);
    const received: Buffer[] = [];
    reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'ignore'] });
    reader.stdout?.on('data', (chunk: Buffer) => received.push(chunk));
    await vi.waitFor(() => expect(Buffer.concat(received).toString()).toContain(`${lost} lines of the log were lost`), 5_000);
    const lines = Buffer.concat(received).toString().trimEnd().split('\n');
    expect(lines.slice(0, 10_000 - lost).map((line) => line.split(' INFO ')[1])).toEqual(Array.from({ length: 10_000 - lost }, (_, n) => `line ${n}`));
  });

  it('whose reader is gone loses lines, counts them, and never fails', async () => {
    const path = pipe();
    const writer = openSync(path, 'w');
    log = new Log({ level: 'info', format: 'text' }, writer);
    closeSync(fd);
    fd = openSync('/dev/null', 'r');
    closeSync(openSync(path, 'r+'));
    log.write(event('into the void'));
    expect(await log.flush(1_000)).toBe(true);
    log.write(event('again'));
    expect(log.lost).toBe(2);
    closeSync(writer);
  });
});
