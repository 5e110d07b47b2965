/** The state machine of one instance: MASTER, FAULT, sync groups and new configurations, with the clauses of RFC 9568. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Microseconds, Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { deadline, type MachineEvent } from '../../src/vrrp/machine.js';
import { backup, backupThatHeard, brief, Machine, master, takeover } from './machine-by-hand.js';

describe('a MASTER', () => {
  it('advertises whenever its timer fires (RFC 9568, 6.4.3)', () => {
    const machine = master();
    expect(brief(machine.expire())).toEqual(['advertise 100']);
    expect(machine.left).toBe(1_000_000);
  });

  it('does not drift: late timers do not move the ones that follow', () => {
    const machine = master();
    const began = machine.now;
    for (let count = 1; count <= 1000; count++) machine.expire(Milliseconds(count % 7));
    expect(deadline(machine.state)).toBe(began + 1_001 * 1_000_000);
  });

  it('sends no burst to make up for the advertisements that a stall cost', () => {
    const machine = master();
    expect(brief(machine.expire(Seconds(5.5)))).toEqual(['advertise 100']);
    expect(machine.left).toBe(1_000_000);
  });

  it('answers a resignation at once (RFC 9568, 6.4.3)', () => {
    const machine = master();
    machine.wait(Milliseconds(400));
    expect(brief(machine.hear(0))).toEqual(['advertise 100']);
    expect(machine.left).toBe(1_000_000);
    expect(machine.state.state).toBe('MASTER');
  });

  it('yields to a higher priority, without resigning (RFC 9568, 6.4.3), with a last word that makes the winner announce', () => {
    const machine = master();
    expect(brief(machine.hear(150, { interval: Milliseconds(500) }))).toEqual(['advertise 100', 'MASTER>BACKUP', 'release']);
    expect(machine.backup).toMatchObject({ master: { source: '192.0.2.1', priority: 150 }, masterInterval: 500_000, lastHeard: machine.now });
    expect(machine.left).toBe(1_804_688);
    expect(machine.state.reason).toBe('192.0.2.1 advertises priority 150, ours is 100');
  });

  it('keeps its own interval when it yields in version 2', () => {
    const machine = master({ version: 2 });
    machine.hear(150, { interval: Seconds(5) });
    expect(machine.left).toBe(3_609_375);
  });

  it('yields to an equal priority with a higher address, compared as numbers (RFC 9568, 6.4.3)', () => {
    for (const [source, ours] of [['192.0.2.10', '192.0.2.9'], ['192.0.10.1', '192.0.9.255'], ['200.0.0.1', '10.255.255.255'], ['128.0.0.1', '127.255.255.255']] as const) {
      const machine = master({ source: ours });
      expect(brief(machine.hear(100, { source }))).toEqual(['advertise 100', 'MASTER>BACKUP', 'release']);
      expect(machine.state.reason).toBe(`${source} advertises priority 100 and the higher address, ours is 100`);
    }
  });

  it.each([
    ['a lower priority', 50, '192.0.2.9'],
    ['an equal priority with a lower address', 100, '192.0.2.1'],
  ])('answers %s at once and announces the addresses again (RFC 9568, 6.4.3)', (_, priority, source) => {
    const machine = master();
    machine.wait(Milliseconds(400));
    expect(brief(machine.hear(priority, { source }))).toEqual(['advertise 100', 'announce lower_priority']);
    expect(machine.left).toBe(1_000_000);
    expect(machine.state.state).toBe('MASTER');
  });

  it('yields to a higher priority whatever preempt says: that is the affair of a backup', () => {
    expect(brief(master({ preempt: false }).hear(150))).toEqual(['advertise 100', 'MASTER>BACKUP', 'release']);
  });

  it('resigns by priority 0 and releases the addresses when it is stopped (RFC 9568, 6.4.3)', () => {
    const machine = master();
    expect(brief(machine.do({ type: 'stop' }))).toEqual(['MASTER>INIT', 'advertise 0', 'release']);
    expect(machine.left).toBeUndefined();
  });

  it('resigns and releases when it goes to FAULT, and waits as a BACKUP afterwards', () => {
    const machine = master();
    expect(brief(machine.do({ type: 'fault', reason: 'no carrier' }))).toEqual(['MASTER>FAULT', 'advertise 0', 'release']);
    expect(machine.hear(50)).toEqual([]);
    expect(brief(machine.do({ type: 'recover', reason: 'carrier' }))).toEqual(['FAULT>BACKUP']);
    expect(machine.left).toBe(3_609_375);
  });

  it('becomes MASTER at once after a FAULT when it owns the addresses', () => {
    const machine = master({ priority: 255 });
    machine.do({ type: 'fault', reason: 'no carrier' });
    expect(brief(machine.do({ type: 'recover', reason: 'carrier' }))).toEqual(['FAULT>MASTER', 'advertise 255', 'hold', 'announce transition']);
  });

  it('resigns when its sync group loses', () => {
    const machine = master({ grouped: true });
    expect(machine.state.state).toBe('BACKUP'); // it claims
    machine.do({ type: 'promote' });
    expect(brief(machine.do({ type: 'demote', reason: 'the group' }))).toEqual(['MASTER>BACKUP', 'advertise 0', 'release']);
    expect(machine.left).toBe(3_609_375);
  });

  it('announces itself and its addresses again after a stall', () => {
    const machine = master();
    machine.wait(Seconds(9));
    expect(brief(machine.do({ type: 'stalled', length: Seconds(8) }))).toEqual(['advertise 100', 'hold', 'announce stall']);
    expect(machine.left).toBe(1_000_000);
  });
});

describe('a FAULT', () => {
  it('keeps the state and its time, and takes the new reason, when another one follows', () => {
    const machine = master();
    machine.do({ type: 'fault', reason: 'no carrier' });
    const { since } = machine.state;
    machine.wait(Seconds(1));
    expect(machine.do({ type: 'fault', reason: 'no such interface' })).toEqual([]);
    expect(machine.state).toEqual({ state: 'FAULT', since, reason: 'no such interface' });
  });

  it('says and does nothing when it is stopped', () => {
    const machine = master();
    machine.do({ type: 'fault', reason: 'no carrier' });
    expect(brief(machine.do({ type: 'stop' }))).toEqual(['FAULT>INIT']);
  });
});

describe('a member of a sync group', () => {
  it('claims instead of becoming MASTER, and is promoted with the reason of its claim', () => {
    const machine = backup({ grouped: true });
    machine.hear(150);
    expect(machine.expire()).toEqual([]);
    expect(machine.left).toBeUndefined();
    expect(machine.backup.claims).toBe('no advertisement from 192.0.2.1 for 3.61 s');
    expect(brief(machine.do({ type: 'promote' }))).toEqual(takeover());
    expect(machine.state.reason).toBe('no advertisement from 192.0.2.1 for 3.61 s');
  });

  it('claims no more when it hears a better master', () => {
    const machine = backup({ grouped: true });
    machine.expire();
    machine.hear(150);
    expect(machine.backup.claims).toBeUndefined();
    expect(machine.left).toBe(3_609_375);
  });

  it('goes on claiming when it hears a weaker master, or one that resigns', () => {
    const machine = backup({ grouped: true });
    machine.expire();
    machine.hear(50);
    machine.hear(0);
    expect(machine.backup.claims).toBe('no advertisement from anyone');
    expect(machine.left).toBeUndefined();
  });

  it('becomes MASTER by its claim when it leaves the group', () => {
    const machine = backup({ grouped: true });
    machine.expire();
    expect(brief(machine.configure({ grouped: false }))).toEqual(takeover());
  });
});

describe('a new configuration', () => {
  it('is advertised at once by a MASTER, whatever the old interval still asked for', () => {
    const machine = master({ advertisementInterval: Seconds(10) });
    machine.wait(Seconds(1));
    expect(brief(machine.configure({ priority: 200, advertisementInterval: Seconds(1) }))).toEqual(['advertise 200']);
    expect(machine.left).toBe(1_000_000);
  });

  it('moves the timer of a BACKUP by the difference of the skew times', () => {
    const machine = backupThatHeard(150);
    machine.wait(Seconds(1));
    machine.configure({ priority: 140 });
    expect(machine.left).toBe(3_453_125 - 1_000_000);
  });

  it('changes the interval that a BACKUP without a master waits by', () => {
    const machine = backup();
    machine.configure({ advertisementInterval: Milliseconds(100) });
    expect(machine.left).toBe(360_938);
  });

  it('leaves the interval alone that a BACKUP learnt from its master', () => {
    const machine = backup();
    machine.hear(150, { interval: Seconds(2) });
    machine.configure({ advertisementInterval: Milliseconds(100) });
    expect(machine.left).toBe(6_000_000 + 1_218_750);
  });

  it('changes nothing in INIT and FAULT', () => {
    const machine = new Machine();
    expect(machine.configure({ priority: 1 })).toEqual([]);
    machine.do({ type: 'fault', reason: 'x' });
    expect(machine.configure({ priority: 2 })).toEqual([]);
    expect(machine.state.state).toBe('FAULT');
  });
});

describe('any history of one instance', () => {
  const event: fc.Arbitrary<MachineEvent> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('advertisement' as const), advertisement: fc.record({ source: fc.constantFrom('192.0.2.1', '192.0.2.3'), priority: fc.constantFrom(0, 50, 100, 150, 255), interval: fc.constantFrom(10_000, 1_000_000).map(Microseconds) }) }) },
    { weight: 6, arbitrary: fc.constant({ type: 'timer' as const }) },
    fc.record({ type: fc.constant('start' as const), resume: fc.boolean() }),
    fc.constantFrom<MachineEvent>({ type: 'fault', reason: 'f' }, { type: 'recover', reason: 'r' }, { type: 'stop' }, { type: 'stalled', length: Seconds(9) }),
  );
  const settings = fc.record({ version: fc.constantFrom(2 as const, 3 as const), priority: fc.constantFrom(1, 100, 255), preempt: fc.boolean(), preemptDelay: fc.constantFrom(0, 5_000_000).map(Microseconds) });

  it('holds addresses as MASTER and only then, and leaves no MASTER without a timer', () => {
    fc.assert(
      fc.property(settings, fc.array(fc.tuple(event, fc.integer({ min: 0, max: 4_000_000 }))), (changes, history) => {
        const machine = new Machine(changes);
        let holds = false;
        for (const [next, pause] of history) {
          machine.wait(Microseconds(pause));
          const before = machine.state.state;
          const effects = machine.do(next);
          for (const { type } of effects) {
            if (type === 'hold') holds = true;
            if (type === 'release') holds = false;
          }
          const after = machine.state.state;
          expect(holds).toBe(after === 'MASTER');
          expect(effects.filter(({ type }) => type === 'transition')).toHaveLength(before === after ? 0 : 1);
          expect(machine.left !== undefined).toBe(after === 'MASTER' || after === 'BACKUP');
          // it never advertises itself while it is not MASTER, but for the last word of one that yields
          for (const effect of effects) {
            if (effect.type === 'advertise' && effect.priority > 0) expect(effect.parting ? `${before} ${after}` : after).toBe(effect.parting ? 'MASTER BACKUP' : 'MASTER');
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
