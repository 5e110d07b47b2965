/** The machine's part of `tandem failover`: a master that hands over by the operator's order. */
import { describe, expect, it } from 'vitest';
import { Seconds } from '../../src/time/microseconds.js';
import { initialState, isYielding } from '../../src/vrrp/machine.js';
import { brief, Machine, master, takeover } from './machine-by-hand.js';

const yielded = (changes: Parameters<typeof master>[0] = {}): Machine => {
  const machine = master({ priority: 150, ...changes });
  machine.do({ type: 'yield' });
  return machine;
};

describe('a master that the operator orders to hand over', () => {
  it('resigns by priority 0, releases, and is BACKUP', () => {
    const machine = master({ priority: 150 });
    expect(brief(machine.do({ type: 'yield' }))).toEqual(['MASTER>BACKUP', 'advertise 0', 'release']);
    expect(machine.state).toMatchObject({ state: 'BACKUP', yielding: true, reason: 'the operator ordered a handover' });
  });

  it('does not preempt the master that follows it, though that has a lower priority', () => {
    const machine = yielded();
    for (let interval = 0; interval < 20; interval++) {
      expect(machine.hear(100)).toEqual([]);
      expect(machine.left).toBe(3_414_063);
      machine.wait(Seconds(1));
    }
  });

  it('takes over when that master fails, and yields no more', () => {
    const machine = yielded();
    machine.hear(100);
    expect(brief(machine.expire())).toEqual(takeover(150));
    expect(machine.state.reason).toBe('no advertisement from 192.0.2.1 for 3.41 s');
    expect(isYielding(machine.state)).toBe(false);
  });

  it('leaves that master alone after a restart too, also as the owner of the addresses, and whatever it was a moment ago', () => {
    for (const priority of [150, 255]) {
      const machine = new Machine({ priority });
      machine.state = initialState(machine.now, true);
      expect(brief(machine.start(true))).toEqual(['INIT>BACKUP']);
      expect(machine.state.reason).toBe("started, and the operator's handover still holds");
      for (let interval = 0; interval < 20; interval++) {
        expect(brief(machine.hear(100)).filter((effect) => effect !== 'release')).toEqual([]);
        machine.wait(Seconds(1));
      }
      expect(isYielding(machine.state)).toBe(true);
      expect(brief(machine.expire())).toEqual(takeover(priority));
    }
  });

  it('keeps to it through a fault that is there at the start', () => {
    const machine = new Machine({ priority: 150 });
    machine.state = initialState(machine.now, true);
    machine.do({ type: 'fault', reason: 'eth0 is down' });
    expect(isYielding(machine.state)).toBe(true);
    machine.do({ type: 'recover', reason: 'eth0 is up again' });
    expect(isYielding(machine.state)).toBe(true);
  });

  it('takes over within the skew time when that master resigns', () => {
    const machine = yielded();
    machine.hear(100);
    machine.hear(0);
    expect(machine.left).toBe(414_063);
    expect(brief(machine.expire())).toEqual(takeover(150));
  });

  it('is master again after the master down interval when nobody takes over', () => {
    const machine = yielded();
    expect(machine.left).toBe(3_414_063);
    expect(brief(machine.expire())).toEqual(takeover(150));
    expect(machine.state.reason).toBe('nobody took over after the handover that the operator ordered');
  });

  it('preempts again once the operator takes the order back', () => {
    const machine = yielded();
    machine.hear(100);
    expect(machine.do({ type: 'reclaim' })).toEqual([]);
    expect(isYielding(machine.state)).toBe(false);
    machine.wait(Seconds(1));
    machine.hear(100);
    expect(brief(machine.expire())).toEqual(takeover(150));
    expect(machine.state.reason).toBe('preempting 192.0.2.1: its priority is 100, ours 150');
  });

  it('goes on yielding after a fault, and after a reload', () => {
    const machine = yielded();
    machine.hear(100);
    machine.do({ type: 'fault', reason: 'interface e0 has no carrier' });
    machine.do({ type: 'recover', reason: 'interface e0 is up again' });
    machine.configure({ priority: 200 });
    expect(machine.state).toMatchObject({ state: 'BACKUP', yielding: true });
    machine.hear(100);
    expect(machine.backup.lastHeard).toBe(machine.now);
  });

  it.each([false, true])('as the address owner it does not take the addresses back after a fault (in a sync group: %j)', (grouped) => {
    const machine = new Machine({ priority: 255, grouped });
    machine.start(true);
    machine.do({ type: 'yield' });
    machine.do({ type: 'fault', reason: 'down' });
    expect(brief(machine.do({ type: 'recover', reason: 'up' }))).toEqual(['FAULT>BACKUP']);
    expect(machine.backup.claims).toBeUndefined();
  });

  it('ends with an orderly stop', () => {
    const machine = yielded();
    machine.do({ type: 'stop' });
    machine.start();
    expect(isYielding(machine.state)).toBe(false);
  });
});

it('a backup that is told to hand over does nothing', () => {
  const machine = yielded();
  expect(machine.do({ type: 'yield' })).toEqual([]);
});
