/** The tiers of the tests: pure ones first, then those that need namespaces, then those in the lab kernel. */
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const slowTiers = ['test/network/**', 'test/lab/**'];
const pureOnly = process.env['TANDEM_TIERS'] === 'pure';
if (pureOnly && process.env['CI'] !== undefined) throw new Error('CI runs every tier: unset TANDEM_TIERS');

/** Tests within a file run in order; files of the lab tier run two at a time, since each lab is one CPU. */
const tier = (name: string, groupOrder: number, include: string, exclude: readonly string[], timeout: number, maxWorkers: number) => ({
  test: {
    name,
    include: [include],
    exclude: [...configDefaults.exclude, ...exclude],
    pool: 'forks' as const,
    maxWorkers,
    sequence: { groupOrder },
    testTimeout: timeout,
    hookTimeout: timeout,
  },
});

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    projects: [
      tier('pure', 0, 'test/**/*.test.ts', slowTiers, 30_000, 2),
      ...(pureOnly
        ? []
        : [
            tier('network', 1, 'test/network/**/*.test.ts', [], 30_000, 1),
            tier('lab', 2, 'test/lab/**/*.test.ts', [], 120_000, 2),
          ]),
    ],
  },
});
