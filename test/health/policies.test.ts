/** What counts of a pool's verdicts: initial, flap damping, panic threshold, slow start; all on a clock of the test's own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decidePool, type KernelDestination } from '../../src/health/pool.js';
import { afterReload, stepPolicies, type PolicyConfiguration, type PolicyDecision, type PolicyMember, type PolicyNotice, type PolicyState } from '../../src/health/policies.js';
import { nextSlowStartStep, SLOW_START_STEPS, slowStartShare, weightByShare } from '../../src/health/slow-start.js';
import type { Verdict } from '../../src/health/state.js';
import { Microseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { realServer, virtualServer } from './checks.js';

const off: PolicyConfiguration = { initial: 'down', damping: undefined, panic: undefined };
const damping = { changes: 3, period: Seconds(60), hold: Seconds(300) };
const panic = { threshold: 50, within: Seconds(60) };
const letters: Readonly<Record<string, Verdict>> = { '+': 'up', '-': 'down', '?': 'unknown' };
const verdictsOf = (text: string): readonly Verdict[] => [...text].map((letter) => letters[letter] ?? 'unknown');
const text = (decision: PolicyDecision): string => decision.counted.map(({ verdict }) => (verdict === 'up' ? '+' : verdict === 'down' ? '-' : '?')).join('');

/** A pool whose table follows what is decided. */
class Pool {
  #state: PolicyState | undefined;
  #serving: readonly boolean[];
  readonly notices: string[] = [];

  constructor(
    readonly configuration: Partial<PolicyConfiguration>,
    readonly servers: { readonly count: number; readonly slowStart?: Microseconds; readonly weight?: number; readonly inTable?: boolean },
  ) {
    this.#serving = Array.from({ length: servers.count }, () => servers.inTable ?? false);
  }

  at(seconds: number, verdicts: string): PolicyDecision {
    const members = verdictsOf(verdicts).map((verdict, index): PolicyMember => ({ verdict, weight: this.servers.weight ?? 100, slowStart: this.servers.slowStart, serving: this.#serving[index] ?? false }));
    const decision = stepPolicies(this.#state, members, { ...off, ...this.configuration }, Seconds(seconds));
    this.#state = decision.state;
    this.#serving = decision.counted.map(({ verdict }, index) => verdict === 'up' || (verdict === 'unknown' && (this.#serving[index] ?? false)));
    this.notices.push(...decision.notices.map((notice) => `${seconds} ${words(notice)}`));
    return decision;
  }
}

const words = (notice: PolicyNotice): string => ('index' in notice ? `${notice.type} ${notice.index}` : `${notice.type} ${notice.failed}/${notice.servers}`);

describe('until its first verdict a server', () => {
  it('has none by default, and counts as up with initial: up', () => {
    expect(text(new Pool({}, { count: 2 }).at(0, '?-'))).toBe('?-');
    const pool = new Pool({ initial: 'up' }, { count: 2 });
    expect(text(pool.at(0, '?-'))).toBe('+-');
    expect(text(pool.at(5, '--'))).toBe('--');
  });
});

describe('slow start', () => {
  const pool = (more: Partial<Pool['servers']> = {}): Pool => new Pool({}, { count: 2, slowStart: Seconds(30), ...more });
  const shares = (decision: PolicyDecision): readonly number[] => decision.counted.map(({ share }) => share);

  it('gives a server that is back a small share, which rises in steps until it is whole', () => {
    const one = pool();
    one.at(0, '++');
    one.at(1, '+-');
    const back = one.at(10, '++');
    expect(shares(back)).toEqual([1, 0.05]);
    expect(back.next).toBe(Seconds(13));
    expect(shares(one.at(13, '++'))).toEqual([1, 0.1]);
    expect(shares(one.at(25, '++'))).toEqual([1, 0.5]);
    const whole = one.at(40, '++');
    expect(shares(whole)).toEqual([1, 1]);
    expect(whole.next).toBeUndefined();
    expect(one.notices).toEqual(['10 slow_start 1', '40 slow_start_over 1']);
  });

  it('is not for what is up when the daemon starts, in the table already or not', () => {
    expect(shares(pool().at(0, '++'))).toEqual([1, 1]);
    const kept = pool({ inTable: true });
    kept.at(0, '??');
    expect(shares(kept.at(1, '++'))).toEqual([1, 1]);
  });

  it('is for a server that comes to a pool which runs', () => {
    const one = pool();
    one.at(0, '+');
    expect(shares(one.at(10, '++'))).toEqual([1, 0.05]);
  });

  it('begins anew when the server fails meanwhile', () => {
    const one = pool();
    one.at(0, '+-');
    one.at(10, '++');
    one.at(30, '+-');
    expect(shares(one.at(31, '++'))).toEqual([1, 0.05]);
    expect(one.notices).toEqual(['10 slow_start 1', '31 slow_start 1']);
  });

  it('begins when the server comes to the table: time in which a quorum is missing does not count', () => {
    const member: PolicyMember = { verdict: 'up', weight: 10, slowStart: Seconds(30), serving: false };
    const down = stepPolicies(undefined, [{ ...member, verdict: 'down' }], off, Seconds(0));
    const up = stepPolicies(down.state, [member], off, Seconds(1));
    const later = stepPolicies(up.state, [member], off, Seconds(100));
    expect(later.counted[0]?.share).toBe(0.05);
    expect(stepPolicies(later.state, [{ ...member, serving: true }], off, Seconds(130)).counted[0]?.share).toBe(1);
  });

  it('goes on over a reload for a server that stays, wherever that stands then, and begins for one that is new', () => {
    const one = pool();
    one.at(0, '+-');
    const ramp = one.at(10, '++');
    expect(shares(ramp)).toEqual([1, 0.05]);
    const [a, b, c] = [{ address: '10.0.0.1', port: 80 }, { address: '10.0.0.2', port: 80 }, { address: '10.0.0.2', port: 81 }];
    const member: PolicyMember = { verdict: 'up', weight: 100, slowStart: Seconds(30), serving: true };
    const after = stepPolicies(afterReload(ramp.state, [a, b], [b, c, a]), [member, { ...member, serving: false }, member], off, Seconds(25));
    expect(shares(after)).toEqual([0.5, 0.05, 1]);
  });

  it('has a bounded number of steps, never falls, and ends at the whole weight, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100_000, max: 3_600_000_000 }), fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 1e9 }), (length, weight, begin) => {
        const [duration, since] = [Microseconds(length), Microseconds(begin)];
        const weights: number[] = [];
        let edits = 0;
        for (let now: Microseconds | undefined = since; now !== undefined; now = nextSlowStartStep(since, duration, now)) {
          const next = weightByShare(weight, slowStartShare(since, duration, now));
          if (weights.length > 0 && weights.at(-1) !== next) edits++;
          weights.push(next);
          expect(weights.length).toBeLessThanOrEqual(SLOW_START_STEPS + 1);
        }
        expect(edits).toBeLessThanOrEqual(SLOW_START_STEPS);
        expect([...weights].sort((a, b) => a - b)).toEqual(weights);
        expect(weights.at(-1)).toBe(weight);
        expect(weights.every((each) => each > 0)).toBe(weight > 0);
        expect(slowStartShare(since, duration, plus(since, duration))).toBe(1);
      }),
    );
  });

  it('lowers the weight in the table, but not for the quorum', () => {
    const config = virtualServer([realServer(11, { weight: 100 }), realServer(12, { weight: 100 })], { quorum: { weight: 200, hysteresis: 0 } });
    const kernel: readonly KernelDestination[] = [{ address: '10.0.0.11', port: 80, weight: 100 }];
    const decision = decidePool(config, ['up', 'up'], kernel, 'up', [1, 0.05]);
    expect(decision.destinations.map(({ weight }) => weight)).toEqual([100, 5]);
    expect(decision.quorum).toBe('up');
  });
});

describe('flap damping', () => {
  it('holds a server down from the change that is one too many, and lets it go when the time is over', () => {
    const pool = new Pool({ damping }, { count: 1 });
    expect(['+', '-', '+', '-'].map((verdict, index) => text(pool.at(index, verdict)))).toEqual(['+', '-', '+', '-']);
    const held = pool.at(4, '+');
    expect(text(held)).toBe('-');
    expect(held.next).toBe(Seconds(304));
    expect(text(pool.at(303, '+'))).toBe('-');
    expect(text(pool.at(304, '+'))).toBe('+');
    expect(pool.notices).toEqual(['4 held 0', '304 released 0']);
  });

  it('does not mind as many changes over a longer time, nor the first verdict', () => {
    const pool = new Pool({ damping }, { count: 1 });
    for (let index = 0; index < 20; index++) expect(text(pool.at(index * 21, index % 2 === 0 ? '+' : '-'))).toBe(index % 2 === 0 ? '+' : '-');
  });

  it('holds longer what goes on', () => {
    const pool = new Pool({ damping }, { count: 1 });
    for (let index = 0; index < 40; index++) pool.at(index * 10, index % 2 === 0 ? '+' : '-');
    expect(text(pool.at(400, '+'))).toBe('-');
    expect(pool.notices).toHaveLength(1);
  });

  it('lets go what is held when a reload removes it', () => {
    const members = (verdict: Verdict): readonly PolicyMember[] => [{ verdict, weight: 1, slowStart: undefined, serving: false }];
    let state: PolicyState | undefined;
    for (const [index, verdict] of verdictsOf('+-+-+').entries()) ({ state } = stepPolicies(state, members(verdict), { ...off, damping }, Seconds(index)));
    expect(stepPolicies(state, members('up'), off, Seconds(6))).toMatchObject({ counted: [{ verdict: 'up' }], notices: [{ type: 'released' }] });
  });

  it('never lets a table change more often than the changes allowed, and one hold, in any period', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ wait: fc.integer({ min: 0, max: 20 }), verdict: fc.constantFrom('+', '-', '?') }), { maxLength: 60 }), (steps) => {
        const pool = new Pool({ damping }, { count: 1 });
        let now = 0;
        let last = '?';
        const times: number[] = [];
        for (const { wait, verdict } of steps) {
          now += wait;
          const counted = text(pool.at(now, verdict));
          if (counted !== last && counted !== '?' && last !== '?') times.push(now);
          last = counted;
        }
        for (const time of times) expect(times.filter((each) => each > time - 60 && each <= time).length).toBeLessThanOrEqual(damping.changes + 2);
      }),
    );
  });
});

describe('the panic threshold', () => {
  it('keeps what fails when more than its share fails at once, also what went a moment before', () => {
    const pool = new Pool({ panic }, { count: 4 });
    pool.at(0, '++++');
    expect(text(pool.at(10, '+--+'))).toBe('+--+');
    expect(text(pool.at(12, '+---'))).toBe('++++');
    expect(text(pool.at(13, '----'))).toBe('++++');
    expect(text(pool.at(1_000, '----'))).toBe('++++');
    expect(text(pool.at(1_001, '+---'))).toBe('++++');
    expect(text(pool.at(1_002, '++--'))).toBe('++--');
    expect(pool.notices).toEqual(['12 panic 3/4', '1002 panic_over 2/4']);
  });

  it('does not mind as many failures that come one after the other, and leaves out what failed long before', () => {
    const pool = new Pool({ panic }, { count: 4 });
    pool.at(0, '++++');
    expect(['-+++', '--++', '---+', '----'].map((verdicts, index) => text(pool.at(100 * (index + 1), verdicts)))).toEqual(['-+++', '--++', '---+', '----']);
    const other = new Pool({ panic }, { count: 4 });
    other.at(0, '++++');
    other.at(10, '-+++');
    expect(text(other.at(500, '----'))).toBe('-+++');
  });

  it('keeps what a restart finds in the table, and nothing that was never up', () => {
    const kept = new Pool({ panic }, { count: 2, inTable: true });
    kept.at(0, '??');
    expect(text(kept.at(1, '--'))).toBe('++');
    const never = new Pool({ panic }, { count: 2 });
    never.at(0, '??');
    expect(text(never.at(1, '--'))).toBe('--');
  });

  it('is asked before the quorum: a pool in panic has one', () => {
    const pool = new Pool({ panic }, { count: 2 });
    pool.at(0, '++');
    const { counted } = pool.at(1, '--');
    const config = virtualServer([realServer(11), realServer(12)], { sorryServer: { address: '10.0.0.99', port: 80, forwarding: 'dr' } });
    const decision = decidePool(config, counted.map(({ verdict }) => verdict), [], 'up');
    expect(decision.quorum).toBe('up');
    expect(decision.sorryActive).toBe(false);
  });

  it('never changes what counts of a server that is not down, and keeps none in while it is off', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.tuple(fc.integer({ min: 0, max: 90 }), fc.string({ unit: fc.constantFrom('+', '-', '?'), minLength: 5, maxLength: 5 })), { maxLength: 30 }), (on, steps) => {
        const pool = new Pool({ panic: on ? panic : undefined }, { count: 5 });
        let now = 0;
        for (const [wait, verdicts] of steps) {
          now += wait;
          const counted = text(pool.at(now, verdicts));
          for (const [index, verdict] of [...verdicts].entries()) if (verdict !== '-' || !on) expect(counted[index]).toBe(verdict);
        }
      }),
    );
  });
});
