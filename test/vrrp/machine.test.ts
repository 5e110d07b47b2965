/** The state machine of one instance: INIT and BACKUP, transition by transition, with the clauses of RFC 9568 and RFC 3768. */
import { describe, expect, it } from 'vitest';
import { Microseconds, Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { masterDownInterval, skewTime } from '../../src/vrrp/timers.js';
import { backup, backupThatHeard, brief, Machine, takeover } from './machine-by-hand.js';

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
