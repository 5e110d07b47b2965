/** The flight recorder on a real failover: what was recorded replays to the same transitions. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { decodeRecording } from '../../src/vrrp/recording.js';
import { replay } from '../../src/vrrp/replay.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { onStage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();

describe('the flight recorder', () => {
  it('keeps a takeover after a crash, which replays to the same transitions, and never a password', onStage(async (stage) => {
    const authenticated = { version: 2, advertisementInterval: Seconds(1), authentication: { type: 'pass', password: 's3cretpw' } } as const;
    const a = stage.child(stage.a);
    await a.configure([instance({ priority: 254, ...authenticated })]);
    await a.line(/^web: holding/);
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 250, ...authenticated })]);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    a.kill('SIGKILL');
    const { message } = await b.becomes('MASTER');
    const taken = await b.recording('web');
    expect(taken.cause).toBe(message.replace('web: BACKUP -> MASTER', 'web became MASTER'));
    expect(taken.text).not.toContain('s3cretpw');
    const decisions = replay(decodeRecording(taken.text));
    expect(decisions.filter(({ recorded }) => recorded !== undefined)).toEqual([]);
    const logged = b.lines(/^web: \w+ -> \w+/);
    expect(decisions.flatMap(({ outcome }) => (/^web: \w+ -> /.test(outcome) ? [outcome.split(';')[0]] : []))).toEqual(logged);

    const directory = mkdtempSync(join(tmpdir(), 'tandem-replay-'));
    try {
      writeFileSync(join(directory, 'recording.json'), taken.text);
      const printed = execFileSync(process.execPath, ['dist/bin/tandem.js', 'replay', join(directory, 'recording.json')], { encoding: 'utf8' });
      expect(printed).toMatch(/web: its master down timer has run out\n {2}=> web: BACKUP -> MASTER, no advertisement from 10\.77\.0\.1 for \d/);
      expect(printed).toMatch(/every decision is the recorded one\.\n$/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }));

  it('keeps nothing of a handover that the operator ordered', onStage(async (stage) => {
    const a = stage.child(stage.a);
    await a.configure([instance({ priority: 150 })]);
    await a.recording('web');
    const b = stage.child(stage.b);
    await b.configure([instance({ advertisementInterval: Milliseconds(100) })]);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    expect(await a.operate({ kind: 'failover', instance: 'web', force: true })).toMatchObject({ ok: true });
    await b.recording('web');
    await a.stop();
    expect(a.recordings).toHaveLength(1);
  }));
});
