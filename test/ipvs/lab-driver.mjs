// Runs inside the lab kernel: node lab-driver.mjs DIST STEPS.json carries out the steps with the compiled IPVS code, prints what came of each as JSON.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const [, , dist, file] = process.argv;
const { IpvsClient } = await import(`${dist}/ipvs/client.js`);
const { SyncDaemons } = await import(`${dist}/ipvs/sync-daemon.js`);
const { Sysctls } = await import(`${dist}/ipvs/sysctls.js`);
const { reconcile } = await import(`${dist}/ipvs/reconcile.js`);
const { describe } = await import(`${dist}/ipvs/operation.js`);
const { missingSchedulerModules } = await import(`${dist}/ipvs/scheduler.js`);

let client, daemons;
const sysctls = new Sysctls();
const open = async () => (client ??= await IpvsClient.open());
const openDaemons = async () => (daemons ??= await SyncDaemons.open());

const steps = {
  shell: async (script) => execFileSync('/bin/bash', ['-ec', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64e6 }),
  open: async () => void (await open()),
  async reconcile({ desired, owned }) {
    const ipvs = await open();
    const times = [performance.now()];
    const table = await ipvs.getTable();
    times.push(performance.now());
    const operations = reconcile(desired, table, owned ?? []);
    times.push(performance.now());
    const failures = await ipvs.apply(operations);
    times.push(performance.now());
    return {
      operations: operations.map(describe),
      failures: failures.map(({ operation, code }) => `${describe(operation)}: ${code}`),
      modules: missingSchedulerModules(failures),
      ms: { read: times[1] - times[0], decide: times[2] - times[1], apply: times[3] - times[2] },
    };
  },
  table: async () => (await open()).getTable(),
  timeouts: async (change) => (await (await open()).setTimeouts(change), client.getTimeouts()),
  async daemons(wanted) {
    const sync = await openDaemons();
    const began = performance.now();
    const done = await sync.reconcile(wanted);
    return { done: done.map(({ type, daemon }) => `${type} ${daemon.role}`), running: await sync.running(), ms: performance.now() - began };
  },
  sysctls: (values) => sysctls.apply(values),
  restore: () => sysctls.restore(),
};

const results = [];
for (const [step, argument] of JSON.parse(readFileSync(file, 'utf8'))) {
  try {
    results.push((await steps[step](argument)) ?? null);
  } catch (error) {
    results.push({ error: error.code ?? error.name, message: error.message });
  }
}
console.log(JSON.stringify(results));
client?.close();
daemons?.close();
