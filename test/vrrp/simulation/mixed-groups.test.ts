/** Sync groups whose members are in opposite order of strength on their routers: each beats the other somewhere. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { lastCause, settling } from './bounds.js';
import { SimulatedNetwork } from './network.js';
import { checkOutcome } from './outcome.js';
import type { Plan } from './plan.js';
import { grouped, inStep, interval, mixedAs, names } from './plans.js';
import { holdsForAll } from './property.js';

const file = 'mixed-groups.test.ts';

const settles = (plan: Plan, network: SimulatedNetwork): void => {
  const settledAt = lastCause(plan) + settling(plan);
  network.runUntil(settledAt);
  checkOutcome(plan, network, { strongest: false });
  network.runUntil(settledAt + 5 * interval);
};

describe('in perfect step, without any chance', () => {
  it('one of two routers of opposite priorities wins, and keeps it', () => {
    const plan = inStep([{ outside: 150, inside: 100 }, { outside: 100, inside: 150 }], (router, instance) => `192.0.${instance}.${router + 1}`);
    settles(plan, new SimulatedNetwork(plan));
  });

  it('one of two to five routers wins, whatever the priorities and addresses of their two or three members', { timeout: 300_000 }, () => {
    const plans = fc.tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 2, max: 3 })).chain(([routers, members]) =>
      fc
        .tuple(
          fc.array(fc.array(fc.constantFrom(50, 100, 150), { minLength: members, maxLength: members }), { minLength: routers, maxLength: routers }),
          fc.array(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: routers, maxLength: routers }), { minLength: members, maxLength: members }),
        )
        .map(([priorities, numbers]) =>
          inStep(
            priorities.map((each) => Object.fromEntries(each.map((priority, index) => [names[index], priority]))),
            (router, instance) => `192.0.${instance}.${numbers[instance]?.[router] ?? 0}`,
          ),
        ),
    );
    holdsForAll(file, plans, 1_500, settles);
  });
});

describe('through everything that may befall two to five routers and their network', () => {
  it('a group with mixed priorities is in exactly one place in time, and stays there', { timeout: 300_000 }, () => {
    holdsForAll(file, mixedAs(grouped(3)), 1_500, settles);
  });
});
