/** How long an election may take: what the intervals of a plan imply. */
import { Milliseconds } from '../../../src/time/microseconds.js';
import { masterDownInterval } from '../../../src/vrrp/timers.js';
import type { Plan } from './plan.js';

/** of a packet on a network that is well */
export const longestDelay: number = Milliseconds(2);
/** of a timer */
export const longestLateness: number = Milliseconds(0.6);
/** clocks that run too slowly, timers that are late, packets on their way */
const slack = Milliseconds(10);

const lowest = 1;

export const longestInterval = ({ routers, disturbances }: Plan): number =>
  Math.max(
    ...routers.flatMap(({ instances }) => Object.values(instances).map(({ settings }) => settings.advertisementInterval)),
    ...disturbances.map((each) => (each.type === 'reload' ? (each.change.advertisementInterval ?? 0) : 0)),
  );

export const longestDown = (plan: Plan): number => {
  const version = Object.values(plan.routers[0]?.instances ?? {})[0]?.settings.version ?? 3;
  return masterDownInterval(version, lowest, longestInterval(plan) as never);
};

const longestPreemptDelay = ({ routers, disturbances }: Plan): number =>
  Math.max(
    ...routers.flatMap(({ instances }) => Object.values(instances).map(({ settings }) => settings.preemptDelay)),
    ...disturbances.map((each) => (each.type === 'reload' ? (each.change.preemptDelay ?? 0) : 0)),
  );

/** The members of the groups are not in one order of strength on all routers, so that each may beat the other. */
export const isMixed = ({ routers, disturbances }: Plan): boolean => {
  const distinct = (values: readonly unknown[]): number => new Set(values).size;
  const oneOrder = routers.every(({ instances }) => distinct(Object.values(instances).map(({ settings }) => `${settings.priority} ${settings.source}`)) === 1);
  return !oneOrder || disturbances.some((each) => each.type === 'weight' && each.instance !== undefined);
};

/**
 * So long after the last thing that happened there is no transition any more: one of lower priority may have to be left behind first
 * (a master down interval), a preemption delay counts from the first advertisement after that, then the better one's master down
 * interval; a sync group may lose once and wait anew; one with mixed priorities may lose more often before it is decided.
 */
export const settling = (plan: Plan): number => 1.001 * (longestPreemptDelay(plan) + (isMixed(plan) ? 16 : 3) * longestDown(plan) + 2 * longestInterval(plan)) + slack;

/** When the last of what a plan holds begins or ends. */
export const lastCause = ({ routers, disturbances }: Plan): number =>
  Math.max(
    ...routers.map(({ startAt }) => startAt),
    ...disturbances.map((each) => {
      const begins = each.type === 'regroup' ? each.at + each.apart * (routers.length - 1) : each.at;
      return each.duration < Infinity ? Math.max(begins, each.at + each.duration) : begins;
    }),
  );
