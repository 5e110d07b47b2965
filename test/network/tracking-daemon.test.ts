/** The whole daemon in a namespace: a script that fails as nobody moves the master's priority, and its absence is told by status. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { request } from '../../src/control/client.js';
import type { InstanceStatus, Status } from '../../src/control/status.js';
import { staged } from './stage.js';

const program = new URL('../../dist/bin/tandemd.js', import.meta.url).pathname;
const context = staged();
const directory = mkdtempSync(join(tmpdir(), 'tandem-tracking-'));
const flag = join(directory, 'flag');
const config = join(directory, 'tandem.yaml');
const runtime = join(directory, 'run');

const file = (fall: number) => `vrrp:
  instances:
    - { name: web, interface: e0, virtual_router_id: 51, priority: 150, advertisement_interval: 100ms, virtual_addresses: [10.77.0.100/32], track: { scripts: [{ name: flag, weight: -20 }, me] } }
scripts:
  - { name: flag, command: [/usr/bin/test, "!", -e, ${flag}], interval: 100ms, timeout: 5s, fall: ${fall} }
  - { name: me, command: [/bin/sh, -c, 'test "$(id -un)" = nobody'], interval: 100ms, timeout: 5s }
`;

describe('tandemd', () => {
  let clear = async (): Promise<void> => undefined;
  afterEach(async () => {
    await clear();
    rmSync(directory, { recursive: true });
  });

  it('runs its scripts as nobody, and their verdicts reach the election, the log and status, and outlive a vrrp child', async () => {
    chmodSync(directory, 0o711); // nobody is to see the flag
    writeFileSync(config, file(2), { mode: 0o600 });
    const daemon = spawn('ip', ['netns', 'exec', context.stage.a.namespace, process.execPath, program, '--config', config, '--runtime-dir', runtime], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
    clear = async () => {
      daemon.kill('SIGTERM');
      await exited;
    };
    let log = '';
    daemon.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const says = (pattern: RegExp) => vi.waitFor(() => expect(log).toMatch(pattern), { timeout: 15_000, interval: 20 });
    const status = async (): Promise<{ readonly instance: InstanceStatus | undefined; readonly whole: Status }> => {
      const whole = (await request(runtime, { command: 'status' })).status as Status;
      return { whole, instance: whole.instances[0] };
    };
    await says(/web: BACKUP -> MASTER/);
    expect((await status()).instance?.trackers.map(({ name, state, contribution }) => [name, state, contribution])).toEqual([['flag', 'up', 0], ['me', 'up', 0]]);

    writeFileSync(flag, '');
    await says(/web: effective priority 150 -> 130, script flag failed: exit status 1 \(2 failures\)/);
    expect((await status()).instance).toMatchObject({ priority: 150, effective_priority: 130, trackers: [{ name: 'flag', state: 'down', weight: -20, contribution: -20 }, { name: 'me' }] });

    // a new vrrp child is told with its configuration: it resumes as master at once, at the lower priority
    const pid = (await status()).whole.processes.find(({ name }) => name === 'vrrp')?.pid ?? 0;
    expect(pid).toBeGreaterThan(1);
    const mark = log.length;
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(log.slice(mark)).toMatch(/-> MASTER/), { timeout: 15_000, interval: 20 });
    expect(log.slice(mark)).not.toMatch(/FAULT/);
    expect((await status()).instance?.effective_priority).toBe(130);

    rmSync(flag);
    await says(/web: effective priority 130 -> 150, script flag succeeded/);
  });
});
