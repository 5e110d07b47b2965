/** How long it takes until the addresses are held again when the master dies or stops. */
import { describe, it } from 'vitest';
import { Milliseconds, type Microseconds } from '../../../src/time/microseconds.js';
import type { Settings } from '../../../src/vrrp/machine.js';
import { masterDownInterval, skewTime } from '../../../src/vrrp/timers.js';
import { lastCause, longestDelay, longestLateness, settling } from './bounds.js';
import type { Host } from './host.js';
import type { SimulatedNetwork } from './network.js';
import { checkOutcome } from './outcome.js';
import type { Disturbance, Plan } from './plan.js';
import { mixedAs, undisturbed } from './plans.js';
import { holdsForAll } from './property.js';

const file = 'takeover.test.ts';
const slack = 2 * (longestDelay + longestLateness);

type Wait = (version: Settings['version'], priority: number, interval: Microseconds) => Microseconds;

/** Of those that are left the first to be ready with all its instances. */
const soonest = (left: readonly Host[], wait: Wait): number =>
  Math.min(...left.map(({ state }) => Math.max(...[...state.values()].map(({ settings }) => wait(settings.version, settings.priority, settings.advertisementInterval)))));

const masterGoes = (plan: Plan, network: SimulatedNetwork, how: Extract<Disturbance, { type: 'crash' | 'stop' }>, wait: Wait): void => {
  network.runUntil(lastCause(plan) + settling(plan) + (plan.seed % Milliseconds(100)));
  // an advertisement that overtakes the resignation would undo it
  network.runUntilQuiet();
  const { now } = network;
  const router = network.masters('outside')[0]?.index ?? 0;
  network.schedule({ ...how, at: now, router });
  network.runUntil(now + 1.001 * soonest(network.hosts.filter(({ index }) => index !== router), wait) + slack);
  checkOutcome(plan, network, { strongest: false });
};

const onlyTwo = (plan: Plan): Plan => ({ ...plan, routers: plan.routers.slice(0, 2) });
const kinds = [
  { title: 'of a single instance', plans: undisturbed(1) },
  { title: 'of a sync group', plans: undisturbed(2) },
  // of three or more the two that are left may beat each other first
  { title: 'of a sync group with mixed priorities on two routers', plans: mixedAs(undisturbed(2)).map(onlyTwo) },
];

describe('another router is master', () => {
  for (const { title, plans } of kinds) {
    it(`a master down interval after the master ${title} died`, { timeout: 120_000 }, () => {
      const crash = { type: 'crash', what: 'host', router: 0, at: 0, duration: Infinity } as const;
      holdsForAll(file, plans, 600, (plan, network) => masterGoes(plan, network, crash, masterDownInterval));
    });

    it(`a skew time after the master ${title} stopped`, { timeout: 120_000 }, () => {
      const stop = { type: 'stop', router: 0, at: 0, duration: Infinity } as const;
      holdsForAll(file, plans, 600, (plan, network) => masterGoes(plan, network, stop, skewTime));
    });
  }
});
