/** Notify commands that are really run: as root a program of root's in a temporary directory, otherwise as whoever tests. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { InstanceConfiguration, NotifyConfiguration, VrrpConfiguration } from '../../src/config/model.js';
import { Notifier } from '../../src/notify/notifier.js';
import type { Notice, NoticeState } from '../../src/notify/notice.js';
import { whyNotTrusted } from '../../src/notify/trusted.js';
import { findUser } from '../../src/track/user.js';
import type { LogEvent } from '../../src/supervisor/messages.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { instanceOf } from '../config/reading.js';

const isRoot = process.getuid?.() === 0;

describe('notify commands', () => {
  let directory: string;
  let log: LogEvent[];
  let notifier: Notifier;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-notify-'));
    chmodSync(directory, 0o755);
    log = [];
    notifier = new Notifier((event) => log.push(event));
  });
  afterEach(async () => {
    await notifier.finish(0);
    rmSync(directory, { recursive: true });
  });
  const script = (name: string, body: string): string => {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  };
  const configure = (notify: Partial<NotifyConfiguration>): void => {
    const instance: InstanceConfiguration = {
      ...instanceOf(''),
      notify: { master: undefined, backup: undefined, fault: undefined, stop: undefined, any: undefined, timeout: Seconds(30), user: userInfo().username, ...notify },
    };
    const vrrp: VrrpConfiguration = { instances: [instance], syncGroups: [], startupDelay: Seconds(0) };
    notifier.configure({ routerId: 'director-a', vrrp });
  };
  const notice = (to: NoticeState): Notice => ({ kind: 'INSTANCE', name: 'web', time: 0, from: 'INIT', to, priority: 150, reason: 'a "test"', virtualRouterId: 51, interface: 'eth0' });
  const lines = (): readonly string[] => (existsSync(join(directory, 'out')) ? readFileSync(join(directory, 'out'), 'utf8').trimEnd().split('\n') : []);
  const warnings = (): readonly string[] => log.flatMap(({ level, message }) => (level === 'warn' ? [message] : []));
  const said = (pattern: RegExp): Promise<unknown> => vi.waitFor(() => expect(log.map(({ message }) => message)).toContainEqual(expect.stringMatching(pattern)), { timeout: 8_000, interval: 5 });

  it('get arguments and environment, and their output goes to the log line by line', async () => {
    configure({ any: [script('any.sh', `echo "$@ | $TANDEM_FROM $TANDEM_TO $TANDEM_VRID $TANDEM_REASON" > ${directory}/out; echo one; echo two >&2`), 'x'] });
    notifier.notify([notice('MASTER')]);
    await notifier.finish(5_000);
    expect(lines()).toEqual(['x INSTANCE web MASTER 150 | INIT MASTER 51 a "test"']);
    expect(log.map(({ level, message }) => `${level} ${message}`).sort()).toEqual([`info web: ${directory}/any.sh: one`, `info web: ${directory}/any.sh: two`, 'info web: the command for MASTER is done']);
  });

  it('run one after the other; a slow one lets only the last state follow, with the number of those it skipped', async () => {
    configure({ any: [script('slow.sh', `echo "begin $4 $TANDEM_FROM $TANDEM_SKIPPED" >> ${directory}/out; while [ ! -e ${directory}/go ]; do sleep 0.02; done; echo "end $4" >> ${directory}/out`), 'x'] });
    notifier.notify([notice('BACKUP')]);
    await vi.waitFor(() => expect(lines()).toEqual(['begin BACKUP INIT 0']), 5_000);
    notifier.notify([notice('MASTER'), notice('FAULT'), notice('MASTER')]);
    writeFileSync(join(directory, 'go'), '');
    await notifier.finish(5_000);
    expect(lines()).toEqual(['begin BACKUP INIT 0', 'end BACKUP', 'begin MASTER BACKUP 2', 'end MASTER']);
  });

  it('hear the last of a hundred quick transitions last, whatever they missed, each from the state that they heard before', async () => {
    configure({ any: [script('each.sh', `echo "$TANDEM_FROM $4 $TANDEM_SKIPPED" >> ${directory}/out; sleep 0.05`), 'x'] });
    for (let index = 0; index < 100; index++) {
      notifier.notify([notice((['BACKUP', 'MASTER'] as const)[index % 2] ?? 'FAULT')]);
      if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    notifier.notify([notice('FAULT')]);
    await notifier.finish(10_000);
    const heard = lines().map((line) => line.split(' '));
    expect(heard.at(-1)?.[1]).toBe('FAULT');
    expect(heard.map(([from]) => from)).toEqual(['INIT', ...heard.slice(0, -1).map(([, to]) => to)]);
    expect(heard.length + heard.reduce((sum, [, , skipped]) => sum + Number(skipped), 0)).toBe(101);
  });

  it('that take too long are ended with what they started; those that do not hear SIGTERM are killed; the next one runs', async () => {
    const deaf = script('deaf.sh', `trap '' TERM; echo $$ > ${directory}/pid; sleep 60 & wait; sleep 60`);
    configure({ master: [deaf], backup: [script('after.sh', `echo after >> ${directory}/out`)], timeout: Milliseconds(200) });
    notifier.notify([notice('MASTER'), notice('BACKUP')]);
    await said(/deaf.sh, did not end within 0.2 s and was killed$/);
    const group = Number(readFileSync(join(directory, 'pid'), 'utf8'));
    // not zombies, which only wait for init
    await vi.waitFor(() => expect(spawnSync('pgrep', ['--pgroup', String(group), '--runstates', 'R,S,D,T']).status).toBe(1), 2_000);
    await notifier.finish(5_000);
    expect(lines()).toEqual(['after']);
  });

  it('that fail are warned of, with their status or what the system says', async () => {
    configure({ master: [script('fail.sh', 'exit 3')], backup: [join(directory, 'nothing.sh')] });
    notifier.notify([notice('MASTER')]);
    await notifier.finish(5_000);
    notifier.notify([notice('BACKUP')]);
    await notifier.finish(5_000);
    expect(warnings()).toEqual([`web: the command for MASTER, ${directory}/fail.sh, ended with status 3`, expect.stringMatching(/nothing.sh, cannot be run: there is no .*nothing.sh, or not what it names in its first line$/)]);
  });

  it('that print without end fill no log', async () => {
    configure({ master: [script('loud.sh', 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done')] });
    notifier.notify([notice('MASTER')]);
    await notifier.finish(8_000);
    await said(/loud.sh printed 2900 lines more/);
    expect(log.length).toBeLessThan(110);
  });

  it('are ended at a stop: what is not for the stop after half the time, so that the stop command comes to its end', async () => {
    configure({ master: [script('long.sh', 'sleep 60')], stop: [script('stop.sh', `echo stopped > ${directory}/out`)] });
    notifier.notify([notice('MASTER'), notice('STOP')]);
    await notifier.finish(1_000);
    expect(lines()).toEqual(['stopped']);
    expect(warnings()).toEqual(['1 notify command did not end in time for the stop', expect.stringMatching(/long.sh, still ran at the stop and was ended by SIGTERM/)]);
  });

  it('whose program leaves another one behind are done, and that one lives', async () => {
    configure({ master: [script('leave.sh', `(sleep 2; echo late >> ${directory}/out) & echo now >> ${directory}/out`)] });
    notifier.notify([notice('MASTER')]);
    await notifier.finish(1_500);
    expect(lines()).toEqual(['now']);
    expect(warnings()).toEqual([]);
    await vi.waitFor(() => expect(lines()).toEqual(['now', 'late']), 5_000);
  });

  it('are not run by a reload', async () => {
    configure({ master: [script('a.sh', `echo a >> ${directory}/out`)] });
    notifier.notify([notice('MASTER')]);
    await notifier.finish(5_000);
    configure({ master: [script('b.sh', `echo b >> ${directory}/out`)] });
    await notifier.finish(5_000);
    expect(lines()).toEqual(['a']);
  });

  it.runIf(isRoot)('run as the user that is named, with no group of the daemon; one that does not exist is said', async () => {
    const id = script('id.sh', `echo "$(id -u) $(id -G) $USER $HOME"`);
    configure({ master: [id], user: 'nobody' });
    notifier.notify([notice('MASTER')]);
    await notifier.finish(5_000);
    const nobody = await findUser('nobody');
    expect(log[0]?.message).toBe(`web: ${id}: ${nobody.uid} ${nobody.gid} nobody ${nobody.home}`);
    configure({ backup: [id], user: 'no-such-user' });
    notifier.notify([notice('BACKUP')]);
    await notifier.finish(5_000);
    expect(warnings()).toEqual([`web: the command for BACKUP, ${id}, cannot be run: there is no user no-such-user`]);
  });

  it.runIf(isRoot)('of root that another user could change are not run', async () => {
    const open = script('open.sh', `echo run > ${directory}/out`);
    chmodSync(open, 0o777);
    configure({ master: [open] });
    notifier.notify([notice('MASTER')]);
    await notifier.finish(5_000);
    expect(lines()).toEqual([]);
    expect(warnings()).toEqual([`web: the command for MASTER, ${open}, is not run as root: ${open} can be written by others than root (mode 777); let root own it, or name another user`]);
  });

  it.runIf(isRoot)('of root are looked at through every directory and link of their path', () => {
    mkdirSync(join(directory, 'sub'));
    const file = script('sub/x.sh', 'true');
    symlinkSync(file, join(directory, 'link'));
    expect(whyNotTrusted(join(directory, 'link'))).toBeUndefined();
    chownSync(join(directory, 'sub'), 65534, 0);
    expect(whyNotTrusted(join(directory, 'link'))).toBe(`${directory}/sub belongs to the user 65534, not to root`);
    chownSync(join(directory, 'sub'), 0, 0);
    chmodSync(join(directory, 'sub'), 0o775);
    expect(whyNotTrusted(file)).toBe(`${directory}/sub can be written by others than root (mode 775)`);
  });
});
