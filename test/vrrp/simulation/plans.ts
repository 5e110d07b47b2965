/** Arbitrary plans: what fast-check draws histories from. */
import fc from 'fast-check';
import { Microseconds as microseconds, Milliseconds, Seconds } from '../../../src/time/microseconds.js';
import type { Disturbance, InstancePlan, Plan, RouterPlan } from './plan.js';

export const interval = Milliseconds(100);
/** every disturbance has begun, and ended if it ends */
const quietAt: number = Seconds(2);

const at = fc.integer({ min: 0, max: quietAt / 2 });
const duration = fc.integer({ min: 0, max: quietAt / 2 });
const lasting = fc.constant(Infinity);
const mostlyPassing = fc.oneof({ weight: 4, arbitrary: duration }, { weight: 1, arbitrary: lasting });
const router = fc.nat(4);
export const names = ['outside', 'inside', 'third'] as const;
const instance = fc.constantFrom('outside', 'inside');
const oneOrAll = fc.constantFrom('outside', 'inside', undefined, undefined);
const drift = fc.integer({ min: -500, max: 500 });
const priority = fc.constantFrom(1, 50, 100, 100, 101, 150, 254);

const kind = <T extends Disturbance['type']>(type: T) => ({ type: fc.constant(type), at, duration });

/** What befalls a router. */
const ofRouters: readonly fc.Arbitrary<Disturbance>[] = [
  fc.record({ ...kind('crash'), router, duration: mostlyPassing, what: fc.constantFrom('child' as const, 'daemon' as const, 'host' as const) }),
  fc.record({ ...kind('stop'), router, duration: mostlyPassing }),
  fc.record({ ...kind('pause'), router, keeps: fc.constantFrom(0, 1, 3, 100) }),
  fc.record({ ...kind('suspend'), router, clock: fc.constantFrom('stops' as const, 'jumps' as const) }),
  fc.record({ ...kind('drift'), router, drift }),
  fc.record({ ...kind('fault'), router, instance, link: fc.boolean(), duration: mostlyPassing }),
  fc.record({ ...kind('weight'), router, instance: fc.constant(undefined), weight: fc.constantFrom(-60, -1, 1, 60) }),
  fc.record({ ...kind('handover'), router, instance, duration: mostlyPassing }),
  fc.record({ ...kind('without'), router, instance }),
];
/** What befalls the network, and passes. */
const ofNetworks: readonly fc.Arbitrary<Disturbance>[] = [
  fc.record({ ...kind('cut'), from: router, to: router, instance: oneOrAll }),
  fc.record({ ...kind('partition'), sides: fc.integer({ min: 1, max: 30 }), instance: oneOrAll }),
  fc.record({ ...kind('loss'), share: fc.constantFrom(0.1, 0.5, 0.9) }),
  fc.record({ ...kind('delay'), longest: fc.constantFrom(20_000, 150_000, 400_000) }),
  fc.record({ ...kind('duplication'), share: fc.constantFrom(0.2, 1) }),
];
const lastingPartition: fc.Arbitrary<Disturbance> = fc.record({ ...kind('partition'), duration: lasting, sides: fc.integer({ min: 1, max: 30 }), instance: fc.constant(undefined) });
/** Reloads; version 2 does not take another's interval. */
const ofSettings = (version: 2 | 3): readonly fc.Arbitrary<Disturbance>[] => [
  fc.record({
    ...kind('reload'),
    router,
    change: fc.oneof(
      fc.record({ priority }),
      fc.record({ preempt: fc.boolean() }),
      fc.record({ preemptDelay: fc.constantFrom(Milliseconds(0), Milliseconds(300)) }),
      ...(version === 3 ? [fc.record({ advertisementInterval: fc.constantFrom(Milliseconds(60), interval) })] : []),
    ),
  }),
  fc.record({ ...kind('regroup'), grouped: fc.boolean(), apart: fc.integer({ min: 0, max: 200_000 }) }),
];

interface Shape {
  readonly instances: number;
  readonly grouped: boolean;
  readonly version: 2 | 3;
  readonly disturbances: readonly fc.Arbitrary<Disturbance>[];
  readonly most: number;
}

const count = fc.constantFrom(2, 2, 2, 3, 3, 4, 5);
const traits = fc.record({ priority, startAt: at, drift, preempt: fc.constantFrom(true, true, false), preemptDelay: fc.constantFrom(0, 0, 0, 300_000) });

/** Every instance of a router has the same priority and address. */
const plansOf = ({ instances, grouped, version, disturbances, most }: Shape): fc.Arbitrary<Plan> =>
  fc
    .record({
      routers: count.chain((length) => fc.array(traits, { minLength: length, maxLength: length })),
      disturbances: fc.array(fc.oneof(...disturbances), { maxLength: most }),
      seed: fc.nat(),
    })
    .map(({ routers, disturbances: drawn, ...rest }) => ({
      ...rest,
      inStep: false,
      // of two that overlap some routers would end with the group and some without
      disturbances: drawn.filter(({ type }, index) => type !== 'regroup' || drawn.findIndex((other) => other.type === 'regroup') === index),
      routers: routers.map(({ priority: its, startAt, drift: drifts, preempt, preemptDelay }, index): RouterPlan => {
        const plan: InstancePlan = {
          // version 2 skews by parts of a second: in step with the rest only at its own pace
          settings: { version, priority: its, advertisementInterval: interval, preempt, preemptDelay: microseconds(preemptDelay), source: `192.0.2.${index + 1}` },
          group: grouped ? 'all' : undefined,
        };
        return { startAt: microseconds(startAt), drift: drifts, instances: Object.fromEntries(names.slice(0, instances).map((name) => [name, plan])) };
      }),
    }));

/** One-way and two-way cuts that stay. */
const lastingCuts: readonly fc.Arbitrary<Disturbance>[] = [
  fc.record({ ...kind('cut'), duration: lasting, from: router, to: router, instance: oneOrAll }),
  fc.record({ ...kind('partition'), duration: lasting, sides: fc.integer({ min: 1, max: 30 }), instance: oneOrAll }),
];
const everything = (version: 2 | 3) => [...ofRouters, ...ofNetworks, ...ofSettings(version), lastingPartition];

export const undisturbed = (instances: number): fc.Arbitrary<Plan> => plansOf({ instances, grouped: true, version: 3, disturbances: ofRouters, most: 0 });
export const broken = (isGrouped: boolean): fc.Arbitrary<Plan> => plansOf({ instances: 2, grouped: isGrouped, version: 3, disturbances: [...lastingCuts, ...ofRouters], most: 6 });
export const alone = (version: 2 | 3): fc.Arbitrary<Plan> => plansOf({ instances: 1, grouped: false, version, disturbances: everything(version), most: 6 });
export const grouped = (version: 2 | 3): fc.Arbitrary<Plan> => plansOf({ instances: 2, grouped: true, version, disturbances: everything(version), most: 6 });

/** Every instance of every router has a priority of its own, and an address that is in any order on any segment. */
export const mixedAs = (plans: fc.Arbitrary<Plan>): fc.Arbitrary<Plan> => fc
  .tuple(plans, fc.array(priority, { minLength: 10, maxLength: 10 }), fc.array(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5 }), { minLength: 2, maxLength: 2 }))
  .map(([plan, priorities, numbers]) => ({
    ...plan,
    routers: plan.routers.map((router, index) => ({
      ...router,
      instances: Object.fromEntries(
        Object.entries(router.instances).map(([name, instance], member): [string, InstancePlan] => [
          name,
          { ...instance, settings: { ...instance.settings, priority: priorities[2 * index + member] ?? 100, source: `192.0.${member}.${numbers[member]?.[index] ?? 0}` } },
        ]),
      ),
    })),
  }));

/** Routers that differ only in the priorities of their instances, at the same instants: nothing but a rule can end their quarrel. */
export const inStep = (priorities: readonly Readonly<Record<string, number>>[], sources: (router: number, instance: number) => string, more: Partial<Pick<Plan, 'disturbances'>> = {}): Plan => ({
  inStep: true,
  seed: 0,
  disturbances: [],
  ...more,
  routers: priorities.map((byName, router): RouterPlan => ({
    startAt: microseconds(0),
    drift: 0,
    instances: Object.fromEntries(
      Object.entries(byName).map(([name, its], index): [string, InstancePlan] => [
        name,
        { group: 'all', settings: { version: 3, priority: its, advertisementInterval: interval, preempt: true, preemptDelay: Seconds(0), source: sources(router, index) } },
      ]),
    ),
  })),
});
