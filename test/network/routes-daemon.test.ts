/** The whole daemon in a namespace: routes and rules through status, dry run, reload, a crash of everything, and an orderly stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { request } from '../../src/control/client.js';
import type { Status } from '../../src/control/status.js';
import { ipIn } from './namespaces.js';
import { staged } from './stage.js';

const program = new URL('../../dist/bin/tandemd.js', import.meta.url).pathname;
const context = staged();
const directory = mkdtempSync(join(tmpdir(), 'tandem-routes-'));
const config = join(directory, 'tandem.yaml');
const runtime = join(directory, 'run');

const file = (routes: string) => `vrrp:
  instances:
    - name: web
      interface: e0
      virtual_router_id: 51
      advertisement_interval: 100ms
      virtual_addresses: [10.77.0.100/32]
      virtual_routes: [${routes}]
      virtual_rules: [{ priority: 1000, from: 10.77.0.100, table: 100 }]
static:
  routes: [{ destination: 10.81.0.0/24, via: 10.77.0.254 }]
`;
const both = '{ destination: default, via: 10.77.0.254, source: 10.77.0.100, table: 100 }, { destination: 10.9.0.0/16, via: 10.77.0.254 }';

describe('tandemd', () => {
  const daemons: ChildProcess[] = [];
  afterEach(async () => {
    for (const daemon of daemons) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const exited = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await exited;
    }
    rmSync(directory, { recursive: true });
  });

  const start = () => {
    const daemon = spawn('ip', ['netns', 'exec', context.stage.a.namespace, process.execPath, program, '--config', config, '--runtime-dir', runtime], { stdio: ['ignore', 'pipe', 'inherit'] });
    daemons.push(daemon);
    let log = '';
    daemon.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const exited = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
    return { daemon, exited, says: (pattern: RegExp) => vi.waitFor(() => expect(log).toMatch(pattern), { timeout: 15_000, interval: 20 }) };
  };
  const ours = (): readonly string[] =>
    [...ipIn(context.stage.a, 'route', 'show', 'table', 'all', 'proto', '112').split('\n'), ...ipIn(context.stage.a, 'rule', 'show').split('\n').filter((line) => line.includes('proto 112'))]
      .map((line) => line.replace(/ proto 112/, '').replace(/\s+/g, ' ').trim()).filter((line) => line !== '').sort();
  const fixed = '10.81.0.0/24 via 10.77.0.254 dev e0';
  const byDefault = 'default via 10.77.0.254 dev e0 table 100 src 10.77.0.100';
  const rule = '1000: from 10.77.0.100 lookup 100';
  const status = async (): Promise<Status> => (await request(runtime, { command: 'status' })).status as Status;

  it('keeps its routes and rules through reloads, and after a crash takes them over, or away when the file has changed', async () => {
    writeFileSync(config, file(both), { mode: 0o600 });
    const first = start();
    await first.says(/web: holding 2 routes and 1 rule/);
    expect(ours()).toEqual(['10.9.0.0/16 via 10.77.0.254 dev e0', rule, fixed, byDefault].sort());
    await vi.waitFor(async () => {
      const { instances: [web], static: kept } = await status();
      expect(web?.virtual_routes).toEqual([{ name: 'default via 10.77.0.254 src 10.77.0.100 table 100', held: true }, { name: '10.9.0.0/16 via 10.77.0.254', held: true }]);
      expect(web?.virtual_rules).toEqual([{ name: rule, held: true }]);
      expect(kept).toEqual({ addresses: [], routes: [{ name: '10.81.0.0/24 via 10.77.0.254', held: true }], rules: [] });
    }, { timeout: 15_000, interval: 20 });

    writeFileSync(config, file(both.replace('10.9.0.0/16', '10.10.0.0/16')), { mode: 0o600 });
    const wanted = ['instance web: virtual route 10.9.0.0/16 removed', 'instance web: virtual route 10.10.0.0/16 added'];
    expect(await request(runtime, { command: 'reload', dry_run: true })).toMatchObject({ ok: true, changes: wanted });
    expect(ours()).toContain('10.9.0.0/16 via 10.77.0.254 dev e0');
    expect(await request(runtime, { command: 'reload' })).toMatchObject({ ok: true, changes: wanted });
    const afterReload = ['10.10.0.0/16 via 10.77.0.254 dev e0', rule, fixed, byDefault].sort();
    expect(ours()).toEqual(afterReload);
    await first.says(/reloaded/);
    const record = () => JSON.parse(readFileSync(join(runtime, 'owned.json'), 'utf8')) as { routes: { destination: string }[]; rules: unknown[] };
    await vi.waitFor(() => expect(record().routes.map(({ destination }) => destination).sort()).toEqual(['0.0.0.0/0', '10.10.0.0/16', '10.81.0.0/24']), { timeout: 15_000, interval: 20 });

    // the host's memory runs out: all three processes at once. One that sees its parent go would release what it holds
    const pids = (await status()).processes.map(({ pid }) => pid ?? 0);
    expect(pids.every((pid) => pid > 1)).toBe(true);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await first.exited;
    expect(ours()).toEqual(afterReload);

    writeFileSync(config, file('{ destination: default, via: 10.77.0.254, source: 10.77.0.100, table: 100 }'), { mode: 0o600 });
    const second = start();
    await second.says(/removed 1 route of an earlier configuration: route 10\.10\.0\.0\/16 via 10\.77\.0\.254/);
    await second.says(/web: holding 1 route and 1 rule/);
    expect(ours()).toEqual([rule, fixed, byDefault].sort());
    second.daemon.kill('SIGTERM');
    await second.exited;
    expect(ours()).toEqual([]);
    expect(record()).toMatchObject({ routes: [], rules: [] });
  });
});
