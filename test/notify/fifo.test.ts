/** The FIFO, with a real one. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fifoLine, NotifyFifo } from '../../src/notify/fifo.js';
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

  it('tells a slow reader only the last state of each when it reads again, and logs that once with the count', async () => {
    const made = open();
    const slow = reader();
    await vi.waitFor(() => expect(slow.text).toBe(standing), 3_000);
    slow.process.kill('SIGSTOP');
    for (let index = 0; index < 4_000; index++) made.write([notice('BACKUP')]);
    slow.text = '';
    made.write([{ ...notice('BACKUP', 'lan'), to: 'FAULT' }, notice('MASTER'), notice('FAULT')]);
    slow.process.kill('SIGCONT');
    await vi.waitFor(() => expect(slow.text.endsWith('INSTANCE "web" BACKUP 150\nINSTANCE "lan" FAULT 150\nINSTANCE "web" FAULT 150\n')).toBe(true), 3_000);
    expect(log.map(({ message }) => message)).toEqual([`the reader of ${path} is too slow, or went: it is told of the last state of each only, later`, `the reader of ${path} keeps up again and knows how everything stands`]);
    const written = slow.text.split('\n').length - 3;
    expect(log[1]?.fields.late).toBe(4_003 - written);
  });

  it('has lines for health and quorum as keepalived writes them', () => {
    const service = { virtualServer: 'web-http', service: '[192.0.2.10]:tcp:80', time: 0, from: 'UP', to: 'DOWN', reason: 'so' } as const;
    expect(fifoLine({ ...service, kind: 'VIRTUAL_SERVER', name: 'web-http' })).toBe('VS [192.0.2.10]:tcp:80 DOWN\n');
    expect(fifoLine({ ...service, kind: 'REAL_SERVER', name: '192.0.2.22:80', server: '[192.0.2.22]:tcp:80' })).toBe('RS [192.0.2.22]:tcp:80 [192.0.2.10]:tcp:80 DOWN\n');
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
