/** The flight recorder and its replay. */
import { describe, expect, it } from 'vitest';
import { type Microseconds, Milliseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { deadline, type Settings } from '../../src/vrrp/machine.js';
import { Recorder } from '../../src/vrrp/recorder.js';
import { decodeRecording, encodeRecording, type Recording } from '../../src/vrrp/recording.js';
import { narrate, replay } from '../../src/vrrp/replay.js';
import { type RouterEvent, type RouterState, stepRouter } from '../../src/vrrp/router.js';

const settings: Settings = { version: 3, priority: 100, advertisementInterval: Seconds(1), preempt: true, preemptDelay: Seconds(0), source: '192.0.2.2', grouped: false };
const wall = Date.parse('2026-11-21T12:00:00.000Z');

/** A router with a recorder, its clock turned by hand. */
class Recorded {
  now = Seconds(1_000);
  readonly recorder = new Recorder();
  private state: RouterState = new Map();

  do(event: RouterEvent): boolean {
    const step = stepRouter(this.state, event, this.now);
    const wanted = this.recorder.record(this.state, event, step, this.now);
    this.state = step.state;
    return wanted;
  }

  start(...instances: readonly (readonly [name: string, group?: string])[]): this {
    for (const [instance, group] of instances) this.do({ type: 'add', instance, group, settings: { ...settings, grouped: group !== undefined } });
    this.do({ type: 'start', resume: new Set() });
    return this;
  }

  hear(instance: string, priority: number): boolean {
    return this.do({ type: 'instance', instance, event: { type: 'advertisement', advertisement: { source: '192.0.2.1', priority, interval: Seconds(1) } } });
  }

  wait(duration: Microseconds): void {
    this.now = plus(this.now, duration);
  }

  expire(instance: string): boolean {
    const member = this.state.get(instance);
    this.now = (member && deadline(member.state)) ?? this.now;
    return this.do({ type: 'instance', instance, event: { type: 'timer' } });
  }

  /** Half a second later. */
  take(): Recording {
    this.wait(Milliseconds(500));
    const recording = this.recorder.take(this.now, wall);
    if (recording === undefined) throw new Error('no recording is due');
    return recording;
  }
}

/** A backup hears its master three times, then nothing. */
const failover = (): Recorded => {
  const router = new Recorded().start(['web']);
  for (let heard = 0; heard < 3; heard++) {
    router.hear('web', 150);
    router.wait(Seconds(1));
  }
  router.expire('web');
  return router;
};

describe('the flight recorder', () => {
  it('wants a recording half a second after a transition that the operator did not order', () => {
    const router = failover();
    const due = plus(router.now, Milliseconds(500));
    expect(router.recorder.due).toBe(due);
    expect(router.recorder.take(router.now, wall)).toBeUndefined();
    router.wait(Milliseconds(500));
    const recording = router.recorder.take(router.now, wall);
    expect(recording).toMatchObject({ unit: 'web', cause: 'web became MASTER, no advertisement from 192.0.2.1 for 3.61 s', clock: { wall, monotonic: due } });
    expect(recording?.inputs.map(({ event }) => event.type)).toEqual(['start', 'instance', 'instance', 'instance', 'instance']);
    expect(router.recorder.due).toBeUndefined();
  });

  it('wants none for what the operator ordered: a start, a handover, a removal', () => {
    const router = failover();
    router.take();
    router.wait(Seconds(60));
    expect(router.do({ type: 'yield', instance: 'web' })).toBe(false);
    expect(router.do({ type: 'remove', instance: 'web' })).toBe(false);
    expect(router.recorder.due).toBeUndefined();
  });

  it('records an instance that flaps once in ten seconds', () => {
    const router = failover();
    router.take();
    const taken = router.now;
    router.wait(Seconds(1));
    expect(router.hear('web', 200)).toBe(true);
    expect(router.hear('web', 0)).toBe(false);
    expect(router.recorder.due).toBe(plus(taken, Seconds(10)));
  });

  it('keeps a bounded number of inputs, and the state before the first of them', () => {
    const router = new Recorded().start(['web']);
    for (let heard = 0; heard < 5_000; heard++) {
      router.hear('web', 150);
      router.wait(Seconds(1));
    }
    router.expire('web');
    const recording = router.take();
    expect(recording.inputs.length).toBeGreaterThan(500);
    expect(recording.inputs.length).toBeLessThanOrEqual(1_024);
    expect(recording.start.get('web')?.state).toMatchObject({ state: 'BACKUP', master: { source: '192.0.2.1' } });
    expect(replay(recording).every(({ recorded }) => recorded === undefined)).toBe(true);
  });

  it('records a sync group as one, and nothing of others', () => {
    const router = new Recorded().start(['outside', 'all'], ['inside', 'all'], ['other']);
    for (const name of ['outside', 'inside', 'other']) router.hear(name, 150);
    router.do({ type: 'fault', instance: 'inside', fault: 'interface', reason: 'interface e1 is down' });
    const recording = router.take();
    expect([recording.unit, [...recording.start.keys()]]).toEqual(['all', ['outside', 'inside']]);
    expect(recording.inputs.map(({ event }) => ('instance' in event ? event.instance : event.type))).toEqual(['start', 'outside', 'inside', 'inside']);
    expect(replay(recording).every(({ recorded }) => recorded === undefined)).toBe(true);
  });

  it('hands out what is wanted at an end at once', () => {
    const router = failover();
    expect(router.recorder.take(router.now, wall, true)).toMatchObject({ unit: 'web' });
    expect(router.recorder.take(router.now, wall, true)).toBeUndefined();
  });
});

describe('a replay', () => {
  it('of a recording read back from its file takes the same decisions, and says why', () => {
    const { lines, differing } = narrate(decodeRecording(encodeRecording(failover().take())));
    expect(differing).toBe(0);
    expect(lines).toEqual([
      'Recording of web, kept because of: web became MASTER, no advertisement from 192.0.2.1 for 3.61 s',
      'At first: web INIT, priority 100',
'2026-11-21T11:59:53.890Z  all are started',
      '  => web: INIT -> BACKUP, started',
      // what an earlier run may have left
      '2026-11-21T11:59:53.890Z  web hears 192.0.2.1 at priority 150',
      '  => web: releases its addresses',
      '2026-11-21T11:59:54.890Z  web hears 192.0.2.1 at priority 150: stays BACKUP, takes over in 3.61 s if nothing follows (2 times, until 11:59:55.890Z)',
      '2026-11-21T11:59:59.500Z  web: its master down timer has run out',
      '  => web: BACKUP -> MASTER, no advertisement from 192.0.2.1 for 3.61 s; advertises priority 100; takes its addresses; announces them',
      '5 inputs within 5.61 s: every decision is the recorded one.',
    ]);
  });

  it('says that a sync group holds back', () => {
    const now = Seconds(1_000);
    const common = { state: 'BACKUP', since: now, reason: 'started', master: undefined, masterInterval: Seconds(1), lastHeard: undefined, preemptAt: undefined, leftover: false } as const;
    const settings = { version: 3, priority: 100, advertisementInterval: Seconds(1), preempt: true, preemptDelay: Seconds(0), source: '192.0.2.2', grouped: true } as const;
    const start: RouterState = new Map([
      ['outside', { state: { ...common, masterDownAt: now, claims: undefined, heldBackUntil: plus(now, Seconds(3)) }, settings, group: 'all', faults: new Map() }],
      ['inside', { state: { ...common, masterDownAt: undefined, claims: 'no advertisement from anyone' }, settings, group: 'all', faults: new Map() }],
    ]);
    const timer = { at: now, event: { type: 'instance', instance: 'outside', event: { type: 'timer' } }, effects: [] } as const;
    const [decision] = replay({ unit: 'all', cause: '', clock: { wall: 0, monotonic: now }, start, inputs: [timer] });
    expect(decision).toMatchObject({ recorded: undefined, outcome: 'could take over (no advertisement from anyone), its sync group all holds back for 3.00 s more' });
  });

  it('says where it decides otherwise than what was recorded', () => {
    const recording = failover().take();
    const tampered = { ...recording, inputs: recording.inputs.map((input, index) => (index === 4 ? { ...input, effects: [] } : input)) };
    const { lines, differing } = narrate(tampered);
    expect(differing).toBe(1);
    expect(lines).toContain('  !! recorded was: nothing');
    expect(lines.at(-1)).toBe('5 inputs within 5.61 s: 1 decision differs from what was recorded.');
  });

  it.each([
    ['nonsense', 'it is not JSON'],
    ['{}', 'it has no "format"'],
    ['{"format":2}', 'its format is 2, this version reads 1'],
    ['{"format":1,"unit":"web"}', 'a part of it is missing or of the wrong kind'],
    ['{"format":1,"unit":"web","cause":"","clock":{"wall":1,"monotonic":1},"start":{"map":[["web",{}]]},"inputs":[]}', 'a part of it is missing or of the wrong kind'],
  ])('refuses %s', (text, what) => {
    expect(() => decodeRecording(text)).toThrow(`this is no recording of tandem's: ${what}`);
  });
});
