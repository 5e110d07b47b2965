/** Networks that stay broken: cut in one direction, on one segment, between some. */
import { describe, it } from 'vitest';
import { lastCause, settling } from './bounds.js';
import { broken, interval } from './plans.js';
import { holdsForAll } from './property.js';

const file = 'broken-networks.test.ts';

describe('however the network stays broken', () => {
  for (const isGrouped of [false, true]) {
    it(`nobody flaps${isGrouped ? ' with a sync group' : ''}: some time after the last event there is no transition any more`, { timeout: 300_000 }, () => {
      holdsForAll(file, broken(isGrouped), 1_500, (plan, network) => network.runUntil(lastCause(plan) + settling(plan) + 30 * interval));
    });
  }
});
