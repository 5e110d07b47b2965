/** The state machine of one instance, transition by transition, with the clauses of RFC 9568 and RFC 3768 that it follows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Microseconds, Milliseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { deadline, type Effect, initialState, type InstanceState, type MachineEvent, type Settings, step } from '../../src/vrrp/machine.js';
import { masterDownInterval, skewTime } from '../../src/vrrp/timers.js';

const defaults: Settings = {
  version: 3,
  priority: 100,
  advertisementInterval: Seconds(1),
  preempt: true,
  preemptDelay: Seconds(0),
  source: '192.0.2.2',
  grouped: false,
};

/** One instance whose clock is turned by hand. */
class Machine {
  now = Seconds(1000);
  settings: Settings;
  state: InstanceState;

  constructor(changes: Partial<Settings> = {}) {
    this.settings = { ...defaults, ...changes };
    this.state = initialState(this.now);
  }

  do(event: MachineEvent): readonly Effect[] {
    const { state, effects } = step(this.state, event, this.settings, this.now);
    this.state = state;
    return effects;
  }

  start(resume = false): readonly Effect[] {
    return this.do({ type: 'start', resume });
  }

  hear(priority: number, { source = '192.0.2.1', interval = this.settings.advertisementInterval } = {}): readonly Effect[] {
    return this.do({ type: 'advertisement', advertisement: { source, priority, interval } });
  }

  wait(duration: Microseconds): void {
    this.now = plus(this.now, duration);
  }

  /** Lets the clock run to the deadline, or `late` beyond it. */
  expire(late = Microseconds(0)): readonly Effect[] {
    const due = deadline(this.state);
    if (due === undefined) throw new Error('no timer runs');
    this.now = plus(due, late);
    return this.do({ type: 'timer' });
  }

  configure(changes: Partial<Settings>): readonly Effect[] {
    const before = this.settings;
    this.settings = { ...before, ...changes };
    return this.do({ type: 'reconfigure', before });
  }

  /** Until the timer, in microseconds. */
  get left(): number | undefined {
    const due = deadline(this.state);
    return due === undefined ? undefined : due - this.now;
  }

  get backup() {
    if (this.state.state !== 'BACKUP') throw new Error(`it is ${this.state.state}`);
    return this.state;
  }
}

const backup = (changes: Partial<Settings> = {}): Machine => {
  const machine = new Machine(changes);
  machine.start();
  return machine;
};
const master = (changes: Partial<Settings> = {}): Machine => {
  const machine = backup(changes);
  machine.expire();
  return machine;
};

/** Effects in short: `INIT>BACKUP`, `advertise 100`, `hold`, ... */
const brief = (effects: readonly Effect[]): readonly string[] =>
  effects.map((effect) => {
    switch (effect.type) {
      case 'transition':
        return `${effect.from}>${effect.to}`;
      case 'advertise':
        return `advertise ${effect.priority}`;
      case 'announce':
        return `announce ${effect.cause}`;
      default:
        return effect.type;
    }
  });
const takeover = (priority = 100) => ['BACKUP>MASTER', `advertise ${priority}`, 'hold', 'announce transition'];

describe('the timers', () => {
  it('of version 3 skew by 256ths of the master interval (RFC 9568, 6.1)', () => {
    expect(skewTime(3, 100, Seconds(1))).toBe(609_375);
    expect(masterDownInterval(3, 100, Seconds(1))).toBe(3_609_375);
    expect(masterDownInterval(3, 254, Milliseconds(10))).toBe(30_078);
    expect(masterDownInterval(3, 1, Seconds(40.95))).toBe(122_850_000 + 40_790_039);
  });

  it('of version 2 skew by 256ths of a second, whatever the interval (RFC 3768, 6.1)', () => {
    expect(skewTime(2, 100, Seconds(5))).toBe(609_375);
    expect(masterDownInterval(2, 100, Seconds(5))).toBe(15_609_375);
  });
});

describe('an instance in INIT', () => {
  it('becomes BACKUP at start and waits for the master down interval (RFC 9568, 6.4.1)', () => {
    const machine = new Machine();
    expect(brief(machine.start())).toEqual(['INIT>BACKUP']);
    expect(machine.left).toBe(3_609_375);
  });

  it('becomes MASTER at once when it owns the addresses: priority 255 (RFC 9568, 6.4.1)', () => {
    const machine = new Machine({ priority: 255 });
    expect(brief(machine.start())).toEqual(['INIT>MASTER', 'advertise 255', 'hold', 'announce transition']);
    expect(machine.left).toBe(1_000_000);
  });

  it('only claims with priority 255 while it is in a sync group', () => {
    const machine = new Machine({ priority: 255, grouped: true });
    expect(brief(machine.start())).toEqual(['INIT>BACKUP']);
    expect(machine.backup.claims).toContain('255');
    expect(machine.left).toBeUndefined();
  });

  it('resumes as MASTER what it was a moment ago', () => {
    const machine = new Machine();
    expect(brief(machine.start(true))).toEqual(['INIT>MASTER', 'advertise 100', 'hold', 'announce transition']);
  });

  it('hears nothing and has no timer', () => {
    const machine = new Machine();
    expect(machine.hear(200)).toEqual([]);
    expect(machine.do({ type: 'timer' })).toEqual([]);
    expect(machine.state.state).toBe('INIT');
    expect(machine.left).toBeUndefined();
  });

  it('releases what an earlier run left when it goes to FAULT', () => {
    expect(brief(new Machine().do({ type: 'fault', reason: 'no carrier' }))).toEqual(['INIT>FAULT', 'release']);
  });
});

describe('a BACKUP', () => {
  it('becomes MASTER when the master down timer fires: advertises first, then takes and announces the addresses (RFC 9568, 6.4.2)', () => {
    const machine = backup();
    expect(brief(machine.expire())).toEqual(takeover());
    expect(machine.left).toBe(1_000_000);
    expect(machine.state.reason).toBe('no advertisement from anyone');
  });

  it('does nothing when a timer comes too early', () => {
    const machine = backup();
    machine.wait(Microseconds(3_609_374));
    expect(machine.do({ type: 'timer' })).toEqual([]);
    expect(machine.state.state).toBe('BACKUP');
  });

  it('restarts its timer for a higher priority, and knows whom it heard (RFC 9568, 6.4.2)', () => {
    const machine = backup();
    machine.wait(Seconds(2));
    machine.hear(150);
    expect(machine.left).toBe(3_609_375);
    expect(machine.backup.master).toEqual({ source: '192.0.2.1', priority: 150 });
    machine.expire();
    expect(machine.state.reason).toBe('no advertisement from 192.0.2.1 for 3.61 s');
  });

  it('restarts its timer for an equal priority, whichever address is higher: no preemption between equals (RFC 9568, 6.4.2)', () => {
    for (const source of ['192.0.2.1', '192.0.2.3']) {
      const machine = backup();
      machine.wait(Seconds(2));
      machine.hear(100, { source });
      expect(machine.left).toBe(3_609_375);
    }
  });

  it('waits only the skew time when the master resigns by priority 0 (RFC 9568, 6.4.2)', () => {
    const machine = backup();
    machine.hear(150);
    machine.wait(Milliseconds(500));
    expect(machine.hear(0)).toEqual([]);
    expect(machine.left).toBe(609_375);
    machine.expire();
    expect(machine.state.reason).toBe('192.0.2.1 resigned');
  });

  it('waits the skew time of the interval that it learnt when the master resigns', () => {
    const machine = backup();
    machine.hear(150, { interval: Milliseconds(100) });
    machine.hear(0, { interval: Milliseconds(100) });
    expect(machine.left).toBe(60_938);
  });

  it('stays BACKUP when another one answers the resignation first', () => {
    const machine = backup();
    machine.hear(150);
    machine.hear(0);
    machine.wait(Milliseconds(300));
    machine.hear(120, { source: '192.0.2.3' });
    expect(machine.left).toBe(3_609_375);
  });

  it('learns the interval of the master in version 3 (RFC 9568, 6.4.2)', () => {
    const machine = backup();
    machine.hear(150, { interval: Seconds(5) });
    expect(machine.left).toBe(15_000_000 + 3_046_875);
    machine.hear(150, { interval: Milliseconds(100) });
    expect(machine.left).toBe(360_938);
  });

  it('learns no interval in version 2 (RFC 3768, 6.4.2)', () => {
    const machine = backup({ version: 2 });
    machine.hear(150, { interval: Seconds(5) });
    expect(machine.left).toBe(3_609_375);
  });

  it('sends at its own interval once it is MASTER, not at the one that it learnt (RFC 9568, 6.4.2)', () => {
    const machine = backup();
    machine.hear(150, { interval: Seconds(5) });
    machine.expire();
    expect(machine.left).toBe(1_000_000);
  });

  it('discards a lower priority, so that it preempts when its timer fires (RFC 9568, 6.4.2)', () => {
    const machine = backup();
    machine.wait(Seconds(2));
    expect(machine.hear(50)).toEqual([]);
    expect(machine.left).toBe(1_609_375);
    expect(brief(machine.expire())).toEqual(takeover());
    expect(machine.state.reason).toBe('preempting 192.0.2.1: its priority is 50, ours 100');
  });

  it('takes a lower priority for its master with preempt: false (RFC 9568, 6.4.2: Preempt_Mode)', () => {
    const machine = backup({ preempt: false });
    machine.wait(Seconds(2));
    machine.hear(50);
    expect(machine.left).toBe(3_609_375);
    expect(machine.backup.master).toEqual({ source: '192.0.2.1', priority: 50 });
    machine.expire();
    expect(machine.state.reason).toBe('no advertisement from 192.0.2.1 for 3.61 s');
  });

  it('resigns, releases or advertises nothing when it is stopped', () => {
    expect(brief(backupThatHeard(150).do({ type: 'stop' }))).toEqual(['BACKUP>INIT']);
  });

  it('goes to FAULT in silence and starts anew when that is over', () => {
    const machine = backup();
    machine.hear(150, { interval: Seconds(5) });
    expect(brief(machine.do({ type: 'fault', reason: 'no carrier' }))).toEqual(['BACKUP>FAULT']);
    expect(machine.left).toBeUndefined();
    machine.wait(Seconds(60));
    expect(brief(machine.do({ type: 'recover', reason: 'carrier' }))).toEqual(['FAULT>BACKUP']);
    expect(machine.left).toBe(3_609_375);
  });

  it('is not moved by what only concerns a master', () => {
    const machine = backup();
    expect(machine.do({ type: 'demote', reason: 'x' })).toEqual([]);
    expect(machine.do({ type: 'stalled', length: Seconds(9) })).toEqual([]);
    expect(machine.do({ type: 'recover', reason: 'x' })).toEqual([]);
    expect(machine.do({ type: 'start', resume: true })).toEqual([]);
    expect(machine.left).toBe(3_609_375);
  });
});

const backupThatHeard = (priority: number, changes: Partial<Settings> = {}): Machine => {
  const machine = backup(changes);
  machine.hear(priority);
  return machine;
};

describe('a BACKUP with addresses of an earlier run', () => {
  it('keeps them until it hears a better master', () => {
    const machine = backup();
    expect(brief(machine.hear(150))).toEqual(['release']);
    expect(machine.hear(150)).toEqual([]);
  });

  it('keeps them beside a master that it will preempt', () => {
    expect(backup().hear(50)).toEqual([]);
  });

  it('releases them beside a weaker master that it will not preempt', () => {
    expect(brief(backup({ preempt: false }).hear(50))).toEqual(['release']);
  });

  it('releases them when it is stopped or fails before it heard anyone', () => {
    expect(brief(backup().do({ type: 'stop' }))).toEqual(['BACKUP>INIT', 'release']);
    expect(brief(backup().do({ type: 'fault', reason: 'no carrier' }))).toEqual(['BACKUP>FAULT', 'release']);
  });

  it('has none after a FAULT: they were released then', () => {
    const machine = new Machine();
    machine.do({ type: 'fault', reason: 'no carrier' });
    machine.do({ type: 'recover', reason: 'carrier' });
    expect(machine.hear(150)).toEqual([]);
  });
});

describe('preempt_delay', () => {
  const delayed = { preemptDelay: Seconds(10) };

  it('leaves a weaker master alone from when it is first heard, then lets the master down timer run out', () => {
    const machine = backup(delayed);
    for (let second = 0; second < 10; second++) {
      machine.hear(50);
      expect(machine.left).toBe(3_609_375);
      machine.wait(Seconds(1));
    }
    machine.hear(50);
    expect(machine.left).toBe(2_609_375);
    expect(brief(machine.expire())).toEqual(takeover());
    expect(machine.state.reason).toBe('preempting 192.0.2.1: its priority is 50, ours 100');
  });

  it('does not hold back a takeover from a master that fell silent', () => {
    const machine = backup(delayed);
    machine.hear(50);
    expect(machine.left).toBe(3_609_375);
    expect(brief(machine.expire())).toEqual(takeover());
    expect(machine.state.reason).toBe('no advertisement from 192.0.2.1 for 3.61 s');
  });

  it('does not hold back a takeover from a master that resigned', () => {
    const machine = backup(delayed);
    machine.hear(50);
    machine.hear(0);
    expect(machine.left).toBe(609_375);
  });

  it('counts again when a better master was heard meanwhile', () => {
    const machine = backup(delayed);
    machine.hear(50);
    machine.wait(Seconds(9));
    machine.hear(150);
    machine.wait(Seconds(2));
    machine.hear(50);
    expect(machine.left).toBe(3_609_375);
  });

  it('counts again when it is configured anew, and not at all when it is taken away', () => {
    const longer = backup(delayed);
    longer.hear(50);
    longer.configure({ preemptDelay: Seconds(60) });
    for (let second = 0; second < 60; second++) {
      longer.hear(50);
      expect(longer.left).toBe(3_609_375);
      longer.wait(Seconds(1));
    }
    longer.hear(50);
    expect(longer.left).toBe(2_609_375);

    const without = backup(delayed);
    without.hear(50);
    without.configure({ preemptDelay: Seconds(0) });
    without.wait(Seconds(1));
    without.hear(50);
    expect(without.left).toBe(2_609_375);
  });
});

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

  it('yields to a higher priority, without resigning (RFC 9568, 6.4.3)', () => {
    const machine = master();
    expect(brief(machine.hear(150, { interval: Milliseconds(500) }))).toEqual(['MASTER>BACKUP', 'release']);
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
      expect(brief(machine.hear(100, { source }))).toEqual(['MASTER>BACKUP', 'release']);
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
    expect(brief(master({ preempt: false }).hear(150))).toEqual(['MASTER>BACKUP', 'release']);
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
          // it never advertises itself while it is not MASTER
          for (const effect of effects) if (effect.type === 'advertise' && effect.priority > 0) expect(after).toBe('MASTER');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
