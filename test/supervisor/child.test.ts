/** A child process: real forks of a stub. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Child } from '../../src/supervisor/child.js';
import type { FromVrrp, LogEvent, ToVrrp } from '../../src/supervisor/messages.js';

describe('a child', () => {
  let directory: string;
  let events: LogEvent[];
  let messages: FromVrrp[];
  let child: Child<ToVrrp, FromVrrp>;
  const make = (entry = join(directory, 'vrrp.mjs'), pingIntervalMs = 1_000): Child<ToVrrp, FromVrrp> =>
    (child = new Child<ToVrrp, FromVrrp>({
      name: 'vrrp',
      entry,
      report: (event) => events.push(event),
      onMessage: (message) => messages.push(message),
      onExit: () => undefined,
      pingIntervalMs,
    }));
  const readies = (): number => messages.filter(({ type }) => type === 'ready').length;
  const said = (text: string): boolean => events.some(({ message }) => message.includes(text));

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-child-'));
    copyFileSync(new URL('./stub-child.mjs', import.meta.url), join(directory, 'vrrp.mjs'));
    vi.stubEnv('TANDEM_STUB_DIR', directory);
    vi.stubEnv('NOTIFY_SOCKET', '/nowhere');
    events = [];
    messages = [];
  });
  afterEach(() => {
    child.kill();
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true, force: true });
  });

  it('says ready, has its own title, and is told nothing of the service manager', async () => {
    make().start();
    await vi.waitFor(() => expect(readies()).toBe(1), 5_000);
    expect(JSON.parse(readFileSync(join(directory, 'vrrp.jsonl'), 'utf8'))).toMatchObject({ title: 'tandemd: vrrp', environment: [] });
    expect(await child.status(2_000)).toMatchObject({ type: 'status', instances: [] });
  });

  it('is started again at once after kill -9, a second time after 1 s', async () => {
    make().start();
    await vi.waitFor(() => expect(readies()).toBe(1), 5_000);
    const first = child.pid;
    process.kill(first ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(readies()).toBe(2), 5_000);
    expect(child.pid).not.toBe(first);
    const killedAt = performance.now();
    process.kill(child.pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(readies()).toBe(3), 5_000);
    expect(performance.now() - killedAt).toBeGreaterThanOrEqual(1_000);
    expect(child.restarts).toBe(2);
    expect(events.map(({ message }) => message)).toEqual(['vrrp was killed by SIGKILL; it is started again at once', 'vrrp was killed by SIGKILL; it is started again in 1 s']);
  });

  it('that hangs is killed after 20 unanswered pings and started again', async () => {
    vi.stubEnv('TANDEM_STUB_VRRP', 'silent');
    make(undefined, 20).start();
    await vi.waitFor(() => expect(said('vrrp does not answer: 20 pings in a row are unanswered')).toBe(true), 5_000);
    await vi.waitFor(() => expect(child.restarts).toBe(1), 5_000);
    expect(await child.status(50)).toBeUndefined();
  });

  it('that can never be started is reported once', async () => {
    make(join(directory, 'missing.mjs')).start();
    await vi.waitFor(() => expect(child.restarts).toBe(2), 5_000);
    expect(events).toMatchObject([{ level: 'error', message: expect.stringMatching(/^vrrp cannot be started: ENOENT/) as string }]);
    expect(child.send({ type: 'stop', onStop: 'keep' })).toBe(false);
    expect(child.droppedMessages).toBe(1);
  });

  it('has what it prints in the log, line by line', async () => {
    vi.stubEnv('TANDEM_STUB_VRRP', 'print');
    make().start();
    await vi.waitFor(() => expect(events).toHaveLength(3), 5_000);
    expect(events.map(({ level, message, fields }) => `${level} ${message} ${fields.stream}`).sort()).toEqual([
      'error vrrp printed: error stderr',
      'error vrrp printed: to standard output stdout',
      'error vrrp printed: to standard stderr',
    ]);
  });

  it('ends when told to stop, after its last words, and is not started again', async () => {
    make().start();
    await vi.waitFor(() => expect(readies()).toBe(1), 5_000);
    expect(await child.stop(5_000, 'keep')).toBe(true);
    expect(messages.map(({ type }) => type)).toEqual(['ready', 'event', 'stopped']);
    expect(child.pid).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('that does not stop is killed, and counts as not having released', async () => {
    vi.stubEnv('TANDEM_STUB_VRRP', 'stubborn');
    make().start();
    await vi.waitFor(() => expect(readies()).toBe(1), 5_000);
    expect(await child.stop(100, 'keep')).toBe(false);
    expect(said('did not stop within 0.1 s')).toBe(true);
  });
});
