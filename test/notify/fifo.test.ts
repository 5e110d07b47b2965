/** The FIFO, with a real one. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NotifyFifo } from '../../src/notify/fifo.js';
import type { Notice, NoticeState } from '../../src/notify/notice.js';
import type { LogEvent } from '../../src/supervisor/messages.js';

const notice = (to: NoticeState, name = 'web'): Notice => ({ kind: 'INSTANCE', name, time: 0, from: 'INIT', to, priority: 150, reason: 'a test' });

describe('the FIFO', () => {
  let directory: string;
  let path: string;
  let log: LogEvent[];
  let current: readonly Notice[];
  let fifo: NotifyFifo | undefined;
  const readers: ChildProcess[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-fifo-'));
    path = join(directory, 'notify');
    log = [];
    current = [notice('MASTER'), { ...notice('BACKUP', 'nat'), kind: 'GROUP', priority: 0 }];
    fifo = undefined;
  });
  afterEach(() => {
    fifo?.close();
    for (const reader of readers.splice(0)) reader.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });
  const open = (): NotifyFifo => (fifo = new NotifyFifo(path, () => current, (event) => log.push(event)));
  /** `cat`, and what it has read. */
  const reader = (): { readonly process: ChildProcess; text: string } => {
    const process = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    readers.push(process);
    const read = { process, text: '' };
    process.stdout.on('data', (chunk: Buffer) => (read.text += chunk.toString()));
    return read;
  };
  const standing = 'INSTANCE "web" MASTER 150\nGROUP "nat" BACKUP 0\n';

  it('is made for root alone, and waits for no reader', () => {
    const made = open();
    made.write([notice('BACKUP')]);
    expect(statSync(path).isFIFO()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(log).toEqual([]);
  });

  it('tells each reader how everything stands when it opens it, and then every transition', async () => {
    const made = open();
    const first = reader();
    await vi.waitFor(() => expect(first.text).toBe(standing), 3_000);
    made.write([notice('FAULT')]);
    await vi.waitFor(() => expect(first.text).toBe(`${standing}INSTANCE "web" FAULT 150\n`), 3_000);
    first.process.kill('SIGKILL');
    await new Promise((resolve) => first.process.once('close', resolve));
    // nothing is written meanwhile: that it went must be seen all the same
    await new Promise((resolve) => setTimeout(resolve, 600));
    const second = reader();
    await vi.waitFor(() => expect(second.text).toBe(standing), 3_000);
  });

  it('drops what a slow reader does not take, logs that once with the count, and tells it everything when it reads again', async () => {
    const made = open();
    const slow = reader();
    await vi.waitFor(() => expect(slow.text).toBe(standing), 3_000);
    slow.process.kill('SIGSTOP');
    for (let index = 0; index < 4_000; index++) made.write([notice('BACKUP')]);
    slow.text = '';
    current = [notice('FAULT')];
    slow.process.kill('SIGCONT');
    await vi.waitFor(() => expect(slow.text.endsWith('BACKUP 150\nINSTANCE "web" FAULT 150\n')).toBe(true), 3_000);
    expect(log.map(({ message }) => message)).toEqual([`the reader of ${path} is too slow, or went: transitions are dropped, and counted`, `the reader of ${path} keeps up again and was told how everything stands`]);
    const written = slow.text.split('\n').length - 2;
    expect(log[1]?.fields.dropped).toBe(4_000 - written);
  });

  it('is not made where something else is, which is said once and left alone', async () => {
    writeFileSync(path, 'a file');
    open();
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(log.map(({ message }) => message)).toEqual([`the FIFO ${path} cannot be used: something is there that is no FIFO; it is tried again`]);
    rmSync(path);
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), 3_000);
    await vi.waitFor(() => expect(log).toHaveLength(2), 3_000);
    expect(execFileSync('stat', ['-c', '%F', path], { encoding: 'utf8' })).toBe('fifo\n');
  });
});
