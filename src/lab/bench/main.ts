/** `npm run bench [NAME ...]`: every measurement, or the ones named; keepalived beside Tandem in one run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { nodeEnvironment, nodeOptions } from '../../supervisor/node-options.js';
import { measureAddresses, measureCrash, measureHandover, measureInstances } from './failover.js';
import { measureMemory } from './memory.js';
import { measureLateness, measureReload } from './punctuality.js';
import { measureChecks, measureFailing, measureTable } from './scale.js';
import { measureStartup } from './startup.js';
import { type Measurement, table } from './statistics.js';
import { measureTakeover } from './takeover.js';

const runs = 10;
/** what it prints is the measurement */
const run = async (command: string, parameters: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> => {
  const [status] = (await once(spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...environment } }), 'exit')) as [number | null];
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')}: exit status ${status}`);
};
const one = async (measurement: Promise<Measurement>): Promise<readonly Measurement[]> => [await measurement];

const benches: Readonly<Record<string, () => Promise<readonly Measurement[]>>> = {
  startup: () => one(measureStartup(runs)),
  takeover: async () => [await measureTakeover(100, runs), await measureTakeover(1000, runs)],
  crash: async () => {
    const found: Measurement[] = [];
    for (const interval of [1000, 100, 20, 10]) for (const loss of ['kill', 'cut'] as const) found.push(await measureCrash(interval, loss, runs));
    return found;
  },
  handover: async () => [...(await measureHandover(1000, runs)), ...(await measureHandover(100, 2 * runs))],
  addresses: async () => [...(await measureAddresses(1000, 'stop', runs)), ...(await measureAddresses(1000, 'kill', runs))],
  instances: () => measureInstances(200, runs),
  lateness: async () => {
    const { measurements, detail } = await measureLateness(20, runs);
    process.stdout.write(`${detail}\n`);
    return measurements;
  },
  reload: () => one(measureReload(runs)),
  rates: async () => {
    for (const [type, rate] of [['tcp', 2000], ['http', 1000]] as const) await run('chrt', ['-r', '1', process.execPath, ...nodeOptions.lvs, fileURLToPath(new URL('./rate-round.js', import.meta.url)), type, String(rate), '100000'], nodeEnvironment);
    return [];
  },
  table: async () => [...(await measureTable(1000, 10, 5)), ...(await measureTable(2000, 16, 2))],
  failing: () => measureFailing(1000, 10, 5),
  checks: async () => {
    const found: Measurement[] = [];
    for (const [type, rate] of [['tcp', 200], ['http', 100]] as const) for (const shared of [1, 4]) found.push(...(await measureChecks(type, rate, shared, 2)));
    return found;
  },
  memory: async () => {
    const { measurement, detail } = await measureMemory(40);
    process.stdout.write(`PSS in kB by process:\n${detail}\n`);
    return [measurement];
  },
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no measurement ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const measurements: Measurement[] = [];
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length > 0 && !names.includes(name)) continue;
    process.stderr.write(`bench: ${name}\n`);
    measurements.push(...(await bench()));
  }
  process.stdout.write(`${table(measurements)}\n`);
}
