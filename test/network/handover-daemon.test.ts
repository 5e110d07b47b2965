/** A handover that the operator orders of a whole tandemd outlasts its vrrp process and the daemon itself, until it is cancelled. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { request } from '../../src/control/client.js';
import type { InstanceStatus, Status } from '../../src/control/status.js';
import { Daemon, run } from '../bin/program.js';
import { staged } from './stage.js';
import { instance } from './vrrp-child.js';

const program = new URL('../../dist/bin/tandemd.js', import.meta.url).pathname;
const command = new URL('../../dist/bin/tandem.js', import.meta.url).pathname;
const runs = staged();

describe('a handover, of a whole daemon', { timeout: 60_000 }, () => {
  let directory: string;
  let daemon: Daemon | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-handover-'));
    const web = '{ name: web, interface: e0, virtual_router_id: 51, priority: 150, advertisement_interval: 100ms, virtual_addresses: [10.77.0.100] }';
    writeFileSync(join(directory, 'tandem.yaml'), `router_id: a\nvrrp: { instances: [${web}] }\n`, { mode: 0o600 });
  });
  afterEach(async () => {
    await daemon?.kill('SIGKILL');
    await vi.waitFor(() => rmSync(directory, { recursive: true, force: true }), { timeout: 2_000, interval: 20 });
  });
  const runtime = (): string => join(directory, 'run');
  const start = (): Daemon => (daemon = new Daemon(spawn('ip', ['netns', 'exec', runs.stage.a.namespace, process.execPath, program, '--config', join(directory, 'tandem.yaml'), '--runtime-dir', runtime()], { stdio: ['ignore', 'pipe', 'pipe'] })));
  const status = async (): Promise<Status> => ((await request(runtime(), { command: 'status' })) as unknown as { status: Status }).status;
  const web = async (): Promise<InstanceStatus> => {
    const [instance] = (await status()).instances;
    if (instance === undefined) throw new Error('the status has no instance');
    return instance;
  };
  /** It has heard b for many times the master down interval, and is what it was. */
  const leavesAlone = async (): Promise<void> => {
    await vi.waitFor(async () => expect((await web()).counters['advertisements_received']).toBeGreaterThan(15), { timeout: 20_000, interval: 50 });
    expect(await web()).toMatchObject({ state: 'BACKUP', yielding: true, master: '10.77.0.2', counters: { to_backup: 1 } });
  };
  const tandem = (...args: readonly string[]): ReturnType<typeof run> => run(command, ['--runtime-dir', runtime(), ...args]);

  it('holds when the vrrp process was killed and when the daemon was stopped and started, and ends when it is cancelled', async () => {
    const b = runs.stage.child(runs.stage.b);
    await b.configure([instance({ priority: 100 })]);
    await b.line(/^web: holding/);
    let running = start();
    await running.says('web: BACKUP -> MASTER');
    expect(await tandem('failover', 'web')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^failover of web: 10\.77\.0\.2 is MASTER after \d+ ms$/m) as string });

    process.kill((await status()).processes.find(({ name }) => name === 'vrrp')?.pid ?? 0, 'SIGKILL');
    await running.says("web: INIT -> BACKUP, started, and the operator's handover still holds");
    await leavesAlone();

    expect(await running.kill('SIGTERM')).toBe(0);
    running = start();
    await running.says('handed over by the operator before this start, and still so: web');
    await leavesAlone();
    expect((await tandem('explain', 'web')).stdout.replaceAll('\n  ', ' ')).toContain('It was handed over by the operator and leaves 10.77.0.2 alone');
    expect((await tandem('counters', 'web', '--reset')).stdout).toMatch(/to backup 1/);
    expect((await web()).counters['to_backup']).toBeUndefined();

    expect(await tandem('failover', 'web', '--cancel')).toMatchObject({ code: 0 });
    await running.says('web: BACKUP -> MASTER, preempting 10.77.0.2');
    expect(await running.kill('SIGTERM')).toBe(0);
    running = start();
    await running.says('web: BACKUP -> MASTER, preempting 10.77.0.2');
  });
});
