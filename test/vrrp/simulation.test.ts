/** Elections among two or three simulated routers, through crashes, stops, pauses, faults, cut and lossy networks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Microseconds, Microseconds as microseconds, Milliseconds, minus, plus, Seconds } from '../../src/time/microseconds.js';
import type { Settings } from '../../src/vrrp/machine.js';
import { masterDownInterval } from '../../src/vrrp/timers.js';
import { type Disturbance, longestDelay, type Plan, type RouterPlan, SimulatedNetwork } from './simulated-network.js';

const interval = Milliseconds(100);
/** every disturbance is over */
const quietAt = Seconds(4);
/**
 * By then an election is over: one of lower priority may have to be left behind first (a master down interval), a preemption delay
 * counts from the first advertisement after that, then the better one's master down interval; a sync group may lose once and wait anew.
 * Version 2 skews by parts of a second whatever its interval (RFC 3768, 5.3.7 and 6.1).
 */
const settledAt = ({ routers, preemptDelay }: PreemptPlan): Microseconds => {
  const settings = routers.flatMap(({ instances }) => Object.values(instances));
  const longest = Math.max(...settings.map(({ version, priority }) => masterDownInterval(version, priority, interval)));
  return plus(plus(quietAt, preemptDelay), microseconds(3 * longest + 2 * interval));
};
const end = (plan: PreemptPlan): Microseconds => plus(settledAt(plan), microseconds(12 * interval));

const time = fc.integer({ min: 0, max: quietAt / 2 }).map(microseconds);
const router = fc.nat(2);
const instance = fc.constantFrom('outside', 'inside');
const disturbance: fc.Arbitrary<Disturbance> = fc.oneof(
  fc.record({ type: fc.constantFrom('crash' as const, 'stop' as const, 'pause' as const), at: time, duration: time, router }),
  fc.record({ type: fc.constant('fault' as const), at: time, duration: time, router, instance }),
  fc.record({ type: fc.constant('cut' as const), at: time, duration: time, from: router, to: router, instance }),
  fc.record({ type: fc.constant('loss' as const), at: time, duration: time }),
);

type PreemptPlan = Plan & { readonly preemptDelay: Microseconds };

/** Every instance of a router has the same priority: opposite ones are another matter, see below. */
const plans: fc.Arbitrary<PreemptPlan> = fc
  .record({
    version: fc.constantFrom(2 as const, 3 as const),
    priorities: fc.array(fc.constantFrom(1, 50, 100, 101, 150, 254), { minLength: 2, maxLength: 3 }),
    starts: fc.array(time, { minLength: 3, maxLength: 3 }),
    preempt: fc.boolean(),
    preemptDelay: fc.constantFrom(Milliseconds(0), Milliseconds(0), Milliseconds(700)),
    names: fc.constantFrom(['outside'], ['outside', 'inside']),
    grouped: fc.boolean(),
    disturbances: fc.array(disturbance, { maxLength: 8 }),
    seed: fc.nat(),
  })
  .map(({ version, priorities, starts, preempt, preemptDelay, names, ...rest }) => {
    const routers = priorities.map((priority, index): RouterPlan => {
      // version 2 skews by parts of a second: in step with the rest only at its own pace
      const settings = { version, priority, advertisementInterval: version === 2 ? Seconds(0.1) : interval, preempt, preemptDelay };
      return { source: `192.0.2.${index + 1}`, startAt: starts[index] ?? microseconds(0), instances: Object.fromEntries(names.map((name) => [name, settings])) };
    });
    return { ...rest, routers, preemptDelay };
  });

describe('once the network is whole and everyone runs', () => {
  it('each virtual router has exactly one master within a bounded time, and keeps it', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const network = new SimulatedNetwork(plan);
        network.runUntil(settledAt(plan));
        const settled = network.instances.map((name) => network.masters(name));
        for (const masters of settled) expect(masters).toHaveLength(1);
        const overlaps = network.overlaps.length;
        network.runUntil(end(plan));
        expect(network.instances.map((name) => network.masters(name))).toEqual(settled);
        expect(network.overlaps).toHaveLength(overlaps);
        // the strongest one rules where it may preempt
        const [winner] = settled[0] ?? [];
        const strongest = Math.max(...plan.routers.map(({ instances }) => instances['outside']?.priority ?? 0));
        const { priority, preempt } = plan.routers[winner ?? 0]?.instances['outside'] as Settings;
        if (preempt) expect(priority).toBe(strongest);
        // and a sync group is in one place
        if (plan.grouped) for (const masters of settled) expect(masters).toEqual([winner]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('two masters hear each other within an interval and a delay', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const network = new SimulatedNetwork(plan);
        network.runUntil(end(plan));
        for (const { began, duration } of network.overlaps) {
          const inQuiet = minus(plus(began, duration), began > quietAt ? began : quietAt);
          expect(inQuiet).toBeLessThanOrEqual(interval + 2 * longestDelay);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a sync group whose members have opposite priorities on the two routers', () => {
  const settings = (priority: number): Omit<Settings, 'source' | 'grouped'> => ({ version: 3, priority, advertisementInterval: interval, preempt: true, preemptDelay: Seconds(0) });

  it('ends up in one place: the delays on the network break the step in which each beats the other', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(0, 1, 10, 100, 350, 1_000), (seed, apart) => {
        const network = new SimulatedNetwork({
          grouped: true,
          disturbances: [],
          seed,
          routers: [
            { source: '192.0.2.1', startAt: Milliseconds(0), instances: { outside: settings(150), inside: settings(100) } },
            { source: '192.0.2.2', startAt: Milliseconds(apart), instances: { outside: settings(100), inside: settings(150) } },
          ],
        });
        network.runUntil(Seconds(10));
        const [outside, inside] = network.instances.map((name) => network.masters(name));
        expect(outside).toHaveLength(1);
        expect(inside).toEqual(outside);
      }),
      { numRuns: 300 },
    );
  });
});
