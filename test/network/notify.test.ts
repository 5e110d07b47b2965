/** A whole tandemd in a namespace: what its notify commands are told of a real election, a reload, a crash and a stop. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { follow, request } from '../../src/control/client.js';
import type { StreamLine } from '../../src/control/event-stream.js';
import type { Status } from '../../src/control/status.js';
import { Daemon, run } from '../bin/program.js';
import { ipIn } from './namespaces.js';
import { staged } from './stage.js';

const program = new URL('../../dist/bin/tandemd.js', import.meta.url).pathname;
const command = new URL('../../dist/bin/tandem.js', import.meta.url).pathname;
const runs = staged();

describe('notify, of a whole daemon', { timeout: 40_000 }, () => {
  let directory: string;
  let daemon: Daemon | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-notify-'));
    chmodSync(directory, 0o755);
    const script = '#!/bin/sh\n[ "$4" = STOP ] && sleep 1\necho "$2 $3 $4 $5 $TANDEM_FROM" >> "$1"\n';
    writeFileSync(join(directory, 'any.sh'), script, { mode: 0o755 });
  });
  afterEach(async () => {
    await daemon?.kill('SIGKILL');
    await vi.waitFor(() => rmSync(directory, { recursive: true, force: true }), { timeout: 2_000, interval: 20 });
  });
  const configure = (more = ''): void => {
    const notify = (name: string): string => `{ any: [${directory}/any.sh, ${directory}/${name}] }`;
    const instance = (name: string, id: number): string => `{ name: ${name}, interface: e0, virtual_router_id: ${id}, advertisement_interval: 100ms, virtual_addresses: [10.77.0.${id}], notify: ${notify(name)} }`;
    writeFileSync(join(directory, 'tandem.yaml'), `router_id: a\nvrrp:\n  instances:\n    - ${instance('out', 101)}\n    - ${instance('in', 102)}\n  sync_groups: [{ name: nat, instances: [out, in], notify: ${notify('nat')} }]\n${more}`, { mode: 0o600 });
  };
  const told = (name: string): readonly string[] => (existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8').trimEnd().split('\n') : []);
  const eventually = (name: string, lines: readonly string[]): Promise<unknown> => vi.waitFor(() => expect(told(name)).toEqual(lines), { timeout: 10_000, interval: 20 });
  const start = (): Daemon => {
    configure();
    daemon = new Daemon(spawn('ip', ['netns', 'exec', runs.stage.a.namespace, process.execPath, program, '--config', join(directory, 'tandem.yaml'), '--runtime-dir', join(directory, 'run')], { stdio: ['ignore', 'pipe', 'pipe'] }));
    return daemon;
  };

  it('tells instances and their group of every state in order, nothing again after a reload and a crash, and the stop before it exits', async () => {
    const running = start();
    await running.says('starts as');
    const followed: StreamLine[] = [];
    const ended = follow(join(directory, 'run'), { command: 'events', follow: true }, (reply) => followed.push(...((reply.current ?? []) as StreamLine[])), (line) => void followed.push(line as StreamLine));
    await eventually('nat', ['GROUP nat BACKUP 0', 'GROUP nat MASTER 0'].map((line, index) => `${line} ${['INIT', 'BACKUP'][index] ?? ''}`));
    const upToMaster = ['BACKUP 100 INIT', 'MASTER 100 BACKUP'];
    await eventually('out', upToMaster.map((line) => `INSTANCE out ${line}`));
    await eventually('in', upToMaster.map((line) => `INSTANCE in ${line}`));
    const shown = await run(command, ['--runtime-dir', join(directory, 'run'), 'events']);
    expect(shown).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^INSTANCE out is MASTER since \S+, no advertisement from anyone$/m) as string });
    expect(shown.stdout).toMatch(/^\S+ #\d+ GROUP nat: BACKUP -> MASTER, no advertisement from anyone$/m);
    const json = (await run(command, ['--runtime-dir', join(directory, 'run'), 'events', '--json'])).stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as StreamLine).type);
    expect(json).toEqual(['current', 'current', 'current', 'transition', 'transition', 'transition', 'transition', 'transition', 'transition']);
    configure('log: { level: debug }\n');
    expect(await request(join(directory, 'run'), { command: 'reload' })).toMatchObject({ ok: true });
    const { status } = (await request(join(directory, 'run'), { command: 'status' })) as unknown as { status: Status };
    process.kill(status.processes.find(({ name }) => name === 'vrrp')?.pid ?? 0, 'SIGKILL');
    await running.says('it was master a moment ago', 2);

    ipIn(runs.stage.a, 'link', 'set', 'e0', 'down');
    await eventually('nat', ['GROUP nat BACKUP 0 INIT', 'GROUP nat MASTER 0 BACKUP', 'GROUP nat FAULT 0 MASTER']);
    await eventually('out', [...upToMaster, 'FAULT 100 MASTER'].map((line) => `INSTANCE out ${line}`));
    expect(await running.kill('SIGTERM')).toBe(0);
    await ended;
    const events = followed.flatMap((line) => (line.type === 'transition' ? [line] : []));
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + (events[0]?.sequence ?? 0)));
    expect(events.filter(({ name }) => name === 'nat').map(({ to }) => to)).toEqual(expect.arrayContaining(['MASTER', 'FAULT', 'STOP']));
    expect(told('out').at(-1)).toBe('INSTANCE out STOP 100 FAULT');
    expect(told('in').at(-1)).toBe('INSTANCE in STOP 100 FAULT');
    expect(told('nat').at(-1)).toBe('GROUP nat STOP 0 FAULT');
  });
});
