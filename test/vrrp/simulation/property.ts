/** Runs simulated histories by fast-check: as many as a test asks for, or the one that failed once more. */
import fc from 'fast-check';
import { SimulatedNetwork } from './network.js';
import type { Plan } from './plan.js';

/** `random`, SEED, or SEED,NUMBER of a history that failed */
const wanted = process.env['TANDEM_SIMULATION'] ?? '2026';
/** times as many histories as usual, for a long search */
const times = Number(process.env['TANDEM_SIMULATION_TIMES'] ?? '1');

const storyLines = 150;

/** @param check throws when a history breaks a promise */
export const holdsForAll = (file: string, plans: fc.Arbitrary<Plan>, histories: number, check: (plan: Plan, network: SimulatedNetwork) => void): void => {
  const [seed, path] = wanted === 'random' ? [] : wanted.split(',');
  const result = fc.check(
    fc.property(plans, (plan) => check(plan, new SimulatedNetwork(plan))),
    { numRuns: Math.round(histories * times), ...(seed !== undefined && { seed: Number(seed) }), ...(path !== undefined && { path }) },
  );
  if (!result.failed) return;
  const plan = result.counterexample?.[0];
  // of the history that failed first; its way to the smallest one is found again
  const index = result.counterexamplePath?.split(':')[0] ?? '';
  const again = plan && new SimulatedNetwork(plan, true);
  let broken = String(result.errorInstance);
  if (plan && again) {
    try {
      check(plan, again);
    } catch (error) {
      broken = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(
    [
      `a history broke a promise: ${broken}`,
      `Again: TANDEM_SIMULATION=${result.seed},${index} npm test -- test/vrrp/simulation/${file}`,
      `The smallest such plan (after ${result.numRuns} histories, ${result.numShrinks} times smaller): ${JSON.stringify(plan, (_key, value: unknown) => (value === Infinity ? 'Infinity' : value))}`,
      'Its end:',
      ...(again?.story ?? []).slice(-storyLines),
    ].join('\n'),
  );
};
