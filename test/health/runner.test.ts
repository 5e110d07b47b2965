/** The runner: rhythm, sharing, bounds and reload, with a clock and probes of the test's own. */
import { describe, expect, it } from 'vitest';
import { checkKey, type ActiveCheck } from '../../src/health/check-key.js';
import { HealthRunner } from '../../src/health/runner.js';
import type { HealthState, ProbeResult } from '../../src/health/state.js';
import { Microseconds, Milliseconds, Seconds, plus } from '../../src/time/microseconds.js';
import { tcpCheck } from './checks.js';

const up: ProbeResult = { ok: true, detail: 'connected' };
const impossible: ProbeResult = { ok: false, reason: 'this process has too many open files', isVoid: true };
const down: ProbeResult = { ok: false, reason: 'connection refused' };

interface Flight {
  readonly check: ActiveCheck;
  readonly startedAt: Microseconds;
  readonly stop: AbortSignal;
  readonly end: (result: ProbeResult) => Promise<void>;
}

/** A runner whose time passes only when told to. */
class Bench {
  now = Seconds(1_000);
  readonly flights: Flight[] = [];
  readonly verdicts: { readonly key: string; readonly state: HealthState; readonly previous: HealthState }[] = [];
  readonly voids: string[] = [];
  timers: { readonly at: Microseconds; readonly callback: () => void }[] = [];
  /** ends every probe at once with this, if set */
  answer: ProbeResult | undefined;
  readonly runner: HealthRunner;

  constructor(concurrency = 512) {
    this.runner = new HealthRunner({
      concurrency,
      onResult: (key, state, previous) => this.verdicts.push({ key, state, previous }),
      onVoid: (reason) => this.voids.push(reason),
      now: () => this.now,
      wallClock: () => 1_700_000_000_000,
      setTimer: (callback, delay) => {
        const timer = { at: plus(this.now, delay), callback };
        this.timers.push(timer);
        return () => (this.timers = this.timers.filter((other) => other !== timer));
      },
      random: () => 0.5,
      probe: (check, stop) =>
        new Promise((resolve) => {
          const end = async (result: ProbeResult): Promise<void> => {
            resolve(result);
            await settle();
          };
          this.flights.push({ check, startedAt: this.now, stop, end });
          if (this.answer !== undefined) resolve(this.answer);
        }),
    });
  }

  /** Lets `duration` pass, timer by timer. */
  async pass(duration: Microseconds): Promise<void> {
    const end = plus(this.now, duration);
    for (;;) {
      const [next] = this.timers;
      expect(this.timers.length).toBeLessThanOrEqual(1);
      if (next === undefined || next.at > end) break;
      this.now = next.at;
      this.timers = [];
      next.callback();
      await settle();
    }
    this.now = end;
  }

  starts(address: string): number[] {
    return this.flights.filter(({ check }) => check.address === address).map(({ startedAt }) => (startedAt - Seconds(1_000)) / 1e6);
  }
}

/** Lets what promises have to say be said. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const check = (n: number, options: Partial<ActiveCheck> = {}): ActiveCheck => tcpCheck({ address: `10.0.0.${n}`, ...(options as object) });
const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index} of ${list.length}`);
  return item;
};

describe('the runner', () => {
  it('makes identical checks once', async () => {
    const bench = new Bench();
    bench.answer = up;
    bench.runner.configure([check(1), check(1), check(1)]);
    await bench.pass(Seconds(1));
    expect(bench.flights).toHaveLength(1);
    expect(bench.runner.snapshot().size).toBe(1);
  });

  it('spreads the starts and then keeps the rate without drift, on one timer', async () => {
    const bench = new Bench();
    bench.answer = up;
    bench.runner.configure([check(1), check(2)]);
    await bench.pass(Seconds(600));
    expect(bench.starts('10.0.0.1')).toEqual(Array.from({ length: 301 }, (_, index) => index * 2));
    expect(bench.starts('10.0.0.2')).toEqual(Array.from({ length: 300 }, (_, index) => index * 2 + 1));
  });

  it.each([
    { interval: Seconds(1), within: 0.05 },
    { interval: Seconds(10), within: 0.05 },
    { interval: Milliseconds(300), within: 0.015 },
    { interval: Milliseconds(100), within: 0.01 },
  ])('wakes up once for what is due within $within s where checks are made every $interval us, and keeps the rate', async ({ interval, within }) => {
    const bench = new Bench();
    bench.answer = up;
    bench.runner.configure(Array.from({ length: 500 }, (_, index) => check(index, { interval })));
    let wakes = 0;
    const end = plus(bench.now, Microseconds(2 * interval));
    for (; at(bench.timers, 0).at < end; wakes += 1) await bench.pass(Microseconds(at(bench.timers, 0).at - bench.now));
    const seconds = interval / Seconds(1);
    expect(wakes).toBeLessThanOrEqual((2 * seconds) / within);
    expect(bench.flights.length).toBeGreaterThan(1_000 * (1 - within / seconds));
    for (const [n, start] of bench.starts('10.0.0.250').entries()) {
      expect(start).toBeGreaterThanOrEqual((n + 0.5) * seconds - 0.000_001);
      expect(start).toBeLessThanOrEqual((n + 0.5) * seconds + within + 0.000_001);
    }
  });

  it('looks sooner while the results do not agree with the verdict, and then as ever', async () => {
    const bench = new Bench();
    bench.answer = up;
    bench.runner.configure([check(1, { fastInterval: Milliseconds(500) })]);
    await settle();
    await bench.pass(Seconds(3.9));
    bench.answer = down;
    await bench.pass(Seconds(5));
    // up at once; 4: the first failure, 5: the third, which is the verdict
    expect(bench.starts('10.0.0.1')).toEqual([0, 2, 4, 4.5, 5, 7]);
  });

  it('puts each start off by its jitter, and keeps the rate', async () => {
    const bench = new Bench();
    bench.answer = up;
    bench.runner.configure([check(1, { jitter: Milliseconds(200) })]);
    await settle();
    await bench.pass(Seconds(6.5));
    expect(bench.starts('10.0.0.1')).toEqual([0, 2.1, 4.1, 6.1]);
  });

  it('starts a check that overruns its interval again when it ends, never twice at once', async () => {
    const bench = new Bench();
    bench.runner.configure([check(1)]);
    await bench.pass(Seconds(5));
    expect(bench.flights).toHaveLength(1);
    await at(bench.flights, 0).end(down);
    expect(bench.starts('10.0.0.1')).toEqual([0, 5]);
    await at(bench.flights, 1).end(down);
    await bench.pass(Seconds(2));
    expect(bench.starts('10.0.0.1')).toEqual([0, 5, 7]);
  });

  it('tells the first verdict and each change, and nothing else', async () => {
    const bench = new Bench();
    bench.runner.configure([check(1)]);
    for (const result of [up, up, down, down, down, down, up, up, up]) {
      await bench.pass(Seconds(0));
      await at(bench.flights, bench.flights.length - 1).end(result);
      await bench.pass(Seconds(2));
    }
    expect(bench.verdicts.map(({ state, previous }) => `${previous.verdict} ${state.verdict}`)).toEqual(['unknown up', 'up down', 'down up']);
    expect(at(bench.verdicts, 1)).toMatchObject({ key: checkKey(check(1)), state: { failures: 3, reason: 'connection refused', since: 1_700_000_000_000 } });
  });

  it('keeps state and rhythm of an unchanged check, stops a removed one, and starts a new one at once', async () => {
    const bench = new Bench();
    bench.answer = up;
    bench.runner.configure([check(1), check(2)]);
    await bench.pass(Seconds(2.5));
    bench.runner.configure([check(1), check(3)]);
    await bench.pass(Seconds(4));
    expect(bench.starts('10.0.0.1')).toEqual([0, 2, 4, 6]);
    expect(bench.starts('10.0.0.2')).toEqual([1]);
    expect(bench.starts('10.0.0.3')).toEqual([2.5, 4.5, 6.5]);
    expect(bench.runner.stateOf(checkKey(check(1)))?.successes).toBe(4);
    expect(bench.runner.stateOf(checkKey(check(2)))).toBeUndefined();
    expect(bench.verdicts).toHaveLength(3);
  });

  it('stops the probe in flight of a removed check and ignores its result, even if the check comes back', async () => {
    const bench = new Bench();
    bench.runner.configure([check(1)]);
    bench.runner.configure([]);
    expect(at(bench.flights, 0).stop.aborted).toBe(true);
    bench.runner.configure([check(1)]);
    await at(bench.flights, 0).end(up);
    expect(bench.runner.stateOf(checkKey(check(1)))?.verdict).toBe('unknown');
    expect(bench.verdicts).toHaveLength(0);
    expect(bench.flights).toHaveLength(2);
  });

  it('has no more probes in flight than it may, and none is forgotten', async () => {
    const bench = new Bench(3);
    const checks = Array.from({ length: 10 }, (_, index) => check(index, { interval: Microseconds(10 + index) }));
    bench.runner.configure(checks);
    await bench.pass(Seconds(1));
    expect(bench.flights).toHaveLength(3);
    for (let ended = 0; ended < 40; ended += 1) {
      bench.now = plus(bench.now, Microseconds(100)); // everything is due again
      await at(bench.flights, ended).end(up);
      expect(bench.flights).toHaveLength(ended + 4);
    }
    expect([...bench.runner.snapshot().values()].map(({ verdict }) => verdict)).toEqual(checks.map(() => 'up'));
  });

  it('counts a probe that could not be made neither as a failure nor as a success, and says so', async () => {
    const bench = new Bench();
    const of = check(1, { interval: Seconds(1), fall: 2, rise: 1 });
    bench.runner.configure([of]);
    await bench.pass(Seconds(1));
    await at(bench.flights, 0).end(up);
    for (const [index, result] of [down, impossible, impossible, impossible].entries()) {
      await bench.pass(Seconds(1));
      await at(bench.flights, index + 1).end(result);
    }
    expect(bench.runner.stateOf(checkKey(of))).toMatchObject({ verdict: 'up', failures: 1 });
    expect(bench.voids).toEqual(Array.from({ length: 3 }, () => 'this process has too many open files'));
    await bench.pass(Seconds(1));
    await at(bench.flights, 5).end(down);
    expect(bench.runner.stateOf(checkKey(of))).toMatchObject({ verdict: 'down' });
  });

  it('does not count failures while the host is isolated, nor those of probes that began then, but counts successes', async () => {
    const bench = new Bench();
    const [one, two] = [check(1, { interval: Seconds(1), fall: 1, rise: 1 }), check(2, { interval: Seconds(1), fall: 1, rise: 1 })];
    const verdicts = () => [one, two].map((of) => bench.runner.stateOf(checkKey(of))?.verdict);
    bench.runner.configure([one, two]);
    await bench.pass(Milliseconds(900));
    await at(bench.flights, 0).end(up);
    await at(bench.flights, 1).end(down);
    bench.runner.setIsolated(true);
    await bench.pass(Seconds(1));
    await at(bench.flights, 2).end(down);
    await at(bench.flights, 3).end(up);
    expect(verdicts()).toEqual(['up', 'up']);
    await bench.pass(Seconds(1));
    bench.runner.setIsolated(false);
    await at(bench.flights, 4).end(down);
    expect(verdicts()).toEqual(['up', 'up']);
    await bench.pass(Seconds(1));
    await at(bench.flights, 6).end(down);
    expect(verdicts()[0]).toBe('down');
  });

  it('carries 10,000 checks on one timer', async () => {
    const bench = new Bench();
    bench.answer = up;
    bench.runner.configure(Array.from({ length: 10_000 }, (_, index) => tcpCheck({ port: index + 1 })));
    await bench.pass(Seconds(0));
    expect(bench.timers).toHaveLength(1);
    expect(bench.flights).toHaveLength(1);
  });

  it('ends everything when stopped', async () => {
    const bench = new Bench();
    bench.runner.configure([check(1), check(2)]);
    bench.runner.stop();
    expect(at(bench.flights, 0).stop.aborted).toBe(true);
    expect(bench.timers).toHaveLength(0);
    await at(bench.flights, 0).end(up);
    expect(bench.flights).toHaveLength(1);
  });
});
