/** Real scripts, files and a look through /proc, as the supervisor does it. Those that become another user need root. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ScriptConfiguration, TrackConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { runCommand } from '../../src/track/command.js';
import { parseFileValue, readFileValue } from '../../src/track/file-value.js';
import { programIn, scanProcesses } from '../../src/track/process-scan.js';
import { TrackSources } from '../../src/track/sources.js';
import type { TrackResult } from '../../src/track/trackers.js';
import { userIn } from '../../src/track/user.js';

const me = userInfo().username;
const isRoot = process.getuid?.() === 0;
let directory = '';
const sources: { close(): void }[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-track-'));
  chmodSync(directory, 0o777);
});
afterEach(() => {
  for (const one of sources.splice(0)) one.close();
  rmSync(directory, { recursive: true });
});

const shell = (text: string): readonly string[] => ['/bin/sh', '-c', text];
const script = (command: readonly string[], changes: Partial<ScriptConfiguration> = {}): ScriptConfiguration => ({
  name: 's',
  command,
  interval: Milliseconds(100),
  timeout: Milliseconds(1_000),
  rise: 1,
  fall: 1,
  user: me,
  init: 'wait',
  ...changes,
});

class Observed {
  results: readonly TrackResult[] = [];
  private wake = (): void => undefined;
  readonly sources = new TrackSources(() => {
    this.results = this.sources.results;
    this.wake();
  });

  constructor() {
    sources.push(this.sources);
  }

  configure(scripts: readonly ScriptConfiguration[], track: Partial<TrackConfiguration> = {}): void {
    const whole: TrackConfiguration = { interfaces: [], scripts: scripts.map(({ name }) => ({ name, weight: undefined })), files: [], processes: [], ...track };
    this.sources.configure({ vrrp: { instances: [], syncGroups: [{ name: 'g', instances: [], track: whole }], startupDelay: Seconds(0) }, scripts });
  }

  async until(wanted: (result: TrackResult) => boolean): Promise<TrackResult> {
    for (;;) {
      const found = this.results.find(wanted);
      if (found) return found;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return programIn(readFileSync(`/proc/${pid}/stat`, 'utf8')) !== undefined;
  } catch {
    return false;
  }
};

describe('a command', () => {
  it('gives its exit status', async () => {
    expect(await runCommand(shell('exit 0'), me, 5_000).result).toEqual({ ok: true, detail: 'exit status 0' });
    expect(await runCommand(shell('exit 7'), me, 5_000).result).toEqual({ ok: false, detail: 'exit status 7' });
    expect(await runCommand(shell('kill -9 $$'), me, 5_000).result).toEqual({ ok: false, detail: 'killed by SIGKILL' });
  });

  it('that is not there, or whose user is not, has failed with words', async () => {
    expect((await runCommand(['/nowhere/x'], me, 5_000).result).detail).toBe('there is no /nowhere/x, or not what it names in its first line');
    expect((await runCommand(shell('exit 0'), 'nobody-of-this-name', 5_000).result).detail).toBe('there is no user nobody-of-this-name');
  });

  it('that takes too long has failed, and its whole group is ended', async () => {
    const pidFile = join(directory, 'pid');
    const run = runCommand(shell(`sleep 60 & echo $! > ${pidFile}; wait`), me, 300);
    expect(await run.result).toEqual({ ok: false, detail: 'no end after 0.3 s' });
    await run.gone;
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(pid).toBeGreaterThan(1);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('that ignores SIGTERM is killed', async () => {
    const run = runCommand(shell("trap '' TERM; while :; do sleep 0.05; done"), me, 200);
    expect((await run.result).ok).toBe(false);
    const before = Date.now();
    await run.gone;
    expect(Date.now() - before).toBeLessThan(4_000);
  });

  it.runIf(isRoot)('runs as its user, with none of the groups of root', async () => {
    const nobody = userIn(readFileSync('/etc/passwd', 'utf8'), 'nobody');
    const file = join(directory, 'id');
    expect((await runCommand(shell(`{ id -u; id -G; } > ${file}`), 'nobody', 5_000).result).ok).toBe(true);
    expect(readFileSync(file, 'utf8').split('\n').slice(0, 2)).toEqual([String(nobody?.uid), String(nobody?.gid)]);
  });
});

describe('tracked scripts', () => {
  it('fail after `fall` failures and come back after `rise` successes', async () => {
    const flag = join(directory, 'flag');
    const observed = new Observed();
    observed.configure([script(['/usr/bin/test', '!', '-e', flag], { rise: 2, fall: 2 })]);
    expect((await observed.until(({ verdict }) => verdict === 'up')).detail).toBe('succeeded (1 success)');
    writeFileSync(flag, '');
    expect((await observed.until(({ verdict }) => verdict === 'down')).detail).toBe('failed: exit status 1 (2 failures)');
    rmSync(flag);
    expect((await observed.until(({ verdict }) => verdict === 'up')).detail).toBe('succeeded (2 successes)');
  });

  it('never run twice at once, however slow', async () => {
    const [lock, broken, runs] = ['lock', 'broken', 'runs'].map((name) => join(directory, name));
    const observed = new Observed();
    observed.configure([script(shell(`mkdir ${lock} || touch ${broken}; echo >> ${runs}; sleep 0.25; rmdir ${lock}`))]);
    await expect.poll(() => (existsSync(runs ?? '') ? readFileSync(runs ?? '', 'utf8').length : 0), { timeout: 5_000 }).toBeGreaterThan(3);
    expect(existsSync(broken ?? '')).toBe(false);
  });

  it('keep their progress over a configuration that defines them in the same way, and begin anew in another', async () => {
    const observed = new Observed();
    const same = script(shell('exit 3'));
    observed.configure([same]);
    await observed.until(({ verdict }) => verdict === 'down');
    observed.configure([{ ...same }]);
    expect(observed.sources.results).toMatchObject([{ key: 'script s', verdict: 'down' }]);
    // another definition: the verdict holds until its first result, which decides
    observed.configure([{ ...same, command: shell('exit 0'), rise: 50 }]);
    expect(observed.sources.results).toMatchObject([{ key: 'script s', verdict: 'down' }]);
    expect((await observed.until(({ verdict }) => verdict === 'up')).detail).toBe('succeeded (1 success)');
    observed.configure([]);
    expect(observed.sources.results).toEqual([]);
  });

  it('that run when they are not wanted any more are ended', async () => {
    const pidFile = join(directory, 'pid');
    const observed = new Observed();
    observed.configure([script(shell(`echo $$ > ${pidFile}; exec sleep 60`), { timeout: Seconds(60) })]);
    await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim()).toMatch(/^\d+$/);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    observed.configure([]);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('forty at once all get their turn', async () => {
    const observed = new Observed();
    observed.configure(Array.from({ length: 40 }, (_, index) => script(shell('sleep 0.05'), { name: `s${index}` })));
    for (let index = 0; index < 40; index++) await observed.until(({ key, verdict }) => key === `script s${index}` && verdict === 'up');
    expect(observed.results).toHaveLength(40);
  });
});

describe('a tracked file', () => {
  it.each([
    ['5\n', 5],
    [' -20 ', -20],
    ['+3', 3],
    ['', 0],
    ['1.5', 0],
    ['12 13', 0],
    ['99999999999', 0],
    ['2147483648', 0],
  ])('that holds %j is %d', (text, value) => {
    expect(parseFileValue(text).value).toBe(value);
  });

  it('that is missing, or a directory, is 0 and says so', async () => {
    expect(await readFileValue(join(directory, 'none'))).toEqual({ value: 0, detail: 'is missing, which counts as 0' });
    expect(await readFileValue(directory)).toEqual({ value: 0, detail: 'is no file, which counts as 0' });
  });

  it('is told again when its number is another', async () => {
    const path = join(directory, 'number');
    writeFileSync(path, '5\n');
    const observed = new Observed();
    observed.configure([], { files: [{ path, weight: 1, interval: Milliseconds(100) }] });
    expect(await observed.until(({ value }) => value === 5)).toMatchObject({ key: `file ${path}`, verdict: 'up', detail: 'holds 5' });
    writeFileSync(path, '-7\n');
    expect((await observed.until(({ value }) => value === -7)).detail).toBe('holds -7');
  });
});

describe('a tracked process', () => {
  it('is named in the second field of /proc/PID/stat, brackets and all, unless it is dead', () => {
    expect(programIn('12 (a) b) S 1 2 3')).toBe('a) b');
    expect(programIn('12 (sh) Z 1 2 3')).toBeUndefined();
    expect(programIn('')).toBeUndefined();
  });

  it('is found by the whole of a long name', async () => {
    mkdirSync(join(directory, '77'));
    writeFileSync(join(directory, '77', 'stat'), '77 (a-very-long-nam) S 1\n');
    writeFileSync(join(directory, '77', 'cmdline'), '/usr/sbin/a-very-long-named\0-f\0');
    const names = ['a-very-long-named', 'a-very-long-name', 'a-very-long-nam'];
    expect([...(await scanProcesses(names, directory))]).toEqual([['a-very-long-named', 1], ['a-very-long-nam', 1]]);
  });

  it('is up while it runs and down when it has ended', async () => {
    const program = join(directory, `tt${process.pid}`);
    copyFileSync('/bin/sleep', program);
    const observed = new Observed();
    const name = `tt${process.pid}`;
    observed.configure([], { processes: [{ name, weight: -20, interval: Milliseconds(100) }] });
    expect((await observed.until(({ verdict }) => verdict === 'down')).detail).toBe('does not run');
    const child = spawn(program, ['60'], { stdio: 'ignore' });
    expect((await observed.until(({ verdict }) => verdict === 'up')).detail).toBe('runs (1 process)');
    child.kill('SIGKILL');
    expect((await observed.until(({ verdict }) => verdict === 'down')).detail).toBe('does not run');
  });
});
