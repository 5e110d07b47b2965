/** Elections of single instances, through everything that may befall routers and their network. */
import { describe, it } from 'vitest';
import { lastCause, settling } from './bounds.js';
import { checkOutcome } from './outcome.js';
import { alone, interval } from './plans.js';
import { holdsForAll } from './property.js';

const file = 'elections.test.ts';

describe('after the last of what befalls two to five routers and their network', () => {
  for (const version of [3, 2] as const) {
    it(`each part of the network has exactly one master in time, the strongest that may preempt, and keeps it (version ${version})`, { timeout: 300_000 }, () => {
      holdsForAll(file, alone(version), 28_000, (plan, network) => {
        const settledAt = lastCause(plan) + settling(plan);
        network.runUntil(settledAt);
        checkOutcome(plan, network, { strongest: true });
        network.runUntil(settledAt + 5 * interval);
      });
    });
  }
});
