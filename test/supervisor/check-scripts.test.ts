/** The supervisor's runs of health checks' scripts, with real programs; as root they run as nobody. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ScriptHealthCheck } from '../../src/config/model.js';
import type { ScriptEnding } from '../../src/health/script.js';
import { CheckScripts } from '../../src/supervisor/check-scripts.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { scriptCheck } from '../health/checks.js';

let directory = '';
let scripts: CheckScripts;
let endings: { readonly id: number; readonly ending: ScriptEnding }[] = [];
let accepts = true;

const root = process.getuid?.() === 0;
const user = root ? 'nobody' : (process.env['USER'] ?? 'nobody');

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-scripts-'));
  chmodSync(directory, 0o777);
  endings = [];
  accepts = true;
  scripts = new CheckScripts((id, ending) => {
    if (accepts) endings.push({ id, ending });
    return accepts;
  });
});
afterEach(() => {
  scripts.close();
  rmSync(directory, { recursive: true, force: true });
});

const sh = (text: string, options: Partial<ScriptHealthCheck> = {}): ScriptHealthCheck => scriptCheck({ command: ['/bin/sh', '-c', text], user, timeout: Seconds(20), ...options });
const ended = (id: number): Promise<ScriptEnding> => expect.poll(() => endings.find((each) => each.id === id)?.ending, { timeout: 9_000 }).toBeDefined().then(() => endings.find((each) => each.id === id)?.ending ?? { type: 'overdue' });
const isGone = (pid: string): boolean => !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

it('tells the exit status, and the first line of the output where it is asked for', async () => {
  scripts.run(1, sh('exit 7'));
  scripts.run(2, sh('echo 40; echo more', { weightFrom: 'output' }));
  scripts.run(3, scriptCheck({ command: ['/nowhere/at/all'], user }));
  expect(await ended(1)).toEqual({ type: 'exit', status: 7 });
  expect(await ended(2)).toEqual({ type: 'exit', status: 0, output: '40' });
  expect(await ended(3)).toMatchObject({ type: 'not_run', why: expect.stringContaining('/nowhere/at/all') });
});

it('says to the script what it is asked about, and nothing of the daemon', async () => {
  process.env['TANDEM_TEST_SECRET'] = 'x';
  scripts.run(1, sh('echo "$TANDEM_ADDRESS $TANDEM_PORT $TANDEM_VIRTUAL_SERVER $TANDEM_REAL_SERVER $TANDEM_REAL_PORT $(id -un) [$TANDEM_TEST_SECRET]"', {
    weightFrom: 'output', address: '10.0.0.1', port: 8080, virtualServer: 'web', realServer: { address: '10.0.0.2', port: 80 },
  }));
  expect(await ended(1)).toEqual({ type: 'exit', status: 0, output: `10.0.0.1 8080 web 10.0.0.2 80 ${user} []` });
  delete process.env['TANDEM_TEST_SECRET'];
});

it('ends one that takes too long, with all that it started', async () => {
  const pids = join(directory, 'pids');
  scripts.run(1, sh(`sleep 600 & echo $! > ${pids}; echo $$ >> ${pids}; wait`, { timeout: Milliseconds(500) }));
  expect(await ended(1)).toEqual({ type: 'overdue' });
  const [child = '', shell = ''] = readFileSync(pids, 'utf8').trim().split('\n');
  await expect.poll(() => isGone(child) && isGone(shell), { timeout: 9_000 }).toBe(true);
});

it('begins no other run while one that had its time has not ended', async () => {
  // heeds no SIGTERM: SIGKILL comes two seconds later
  const pid = join(directory, 'pid');
  const check = sh(`trap '' TERM; echo $$ > ${pid}; sleep 600 & while :; do wait; done`, { timeout: Milliseconds(300) });
  scripts.run(1, check);
  expect(await ended(1)).toEqual({ type: 'overdue' });
  scripts.run(2, check);
  expect(await ended(2)).toEqual({ type: 'not_run', why: 'an earlier run has not ended yet' });
  await expect.poll(() => isGone(readFileSync(pid, 'utf8').trim()), { timeout: 9_000 }).toBe(true);
});

it('ends what is given up, and says nothing of it', async () => {
  const file = join(directory, 'pid');
  scripts.run(1, sh(`echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 600`));
  await expect.poll(() => existsSync(file), { timeout: 9_000 }).toBe(true);
  scripts.end(1);
  await expect.poll(() => isGone(readFileSync(file, 'utf8').trim()), { timeout: 9_000 }).toBe(true);
  expect(endings).toEqual([]);
});

it('runs sixteen at once and no more; the others have their turn', async () => {
  const go = join(directory, 'go');
  const started = join(directory, 'started');
  for (let id = 1; id <= 40; id++) scripts.run(id, sh(`echo x >> ${started}; while [ ! -e ${go} ]; do sleep 0.05; done`));
  const count = (): number => (existsSync(started) ? readFileSync(started, 'utf8').split('\n').length - 1 : 0);
  await expect.poll(count, { timeout: 9_000 }).toBe(16);
  scripts.end(40); // waits yet
  writeFileSync(go, '');
  await expect.poll(() => endings.length, { timeout: 9_000 }).toBe(39);
  expect(count()).toBe(39);
});

it('tells again what the child could not be told', async () => {
  accepts = false;
  scripts.run(1, sh('exit 0'));
  setTimeout(() => (accepts = true), 700);
  expect(await ended(1)).toEqual({ type: 'exit', status: 0 });
});

it.runIf(root)('runs nothing as root that others can change', async () => {
  const path = join(directory, 'script');
  writeFileSync(path, '#!/bin/sh\nexit 0\n', { mode: 0o777 });
  chmodSync(path, 0o777);
  scripts.run(1, scriptCheck({ command: [path], user: 'root' }));
  expect(await ended(1)).toMatchObject({ type: 'not_run' });
});
