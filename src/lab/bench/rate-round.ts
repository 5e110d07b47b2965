/** Tandem's checks alone, against servers on loopback: `node rate-round.js tcp|http CHECKS_A_SECOND CHECKS`; prints rate, processor time and memory. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActiveCheck } from '../../health/check-key.js';
import { probe } from '../../health/probe.js';
import { HealthRunner } from '../../health/runner.js';
import { optimizeFromNow } from '../../supervisor/node-options.js';
import { Seconds } from '../../time/microseconds.js';

const [type = 'tcp', rate = '2000', checks = '100000'] = process.argv.slice(2);
const common = { source: undefined, interval: Seconds(1), timeout: Seconds(1), rise: 1, fall: 1 };
const checkOf = (index: number): ActiveCheck => {
  const address = `127.2.${index >> 8}.${index & 255}`;
  if (type === 'tcp') return { type, address, port: 18081, ...common };
  return { type: 'http', address, port: 18080, ...common, requests: [{ method: 'GET', path: '/', host: undefined, status: [[200, 299]], body: undefined }], serverName: undefined, verify: false, ca: undefined };
};

const servers = fork(fileURLToPath(new URL('./answers.js', import.meta.url)));
await once(servers, 'message');
let made = 0;
let failed = 0;
const runner = new HealthRunner({
  onResult: () => undefined,
  probe: async (check, stop) => {
    const result = await probe(check, stop);
    made++;
    if (!result.ok) failed++;
    return result;
  },
});
// as `lvs` does when its table is in place
await optimizeFromNow();
runner.configure(Array.from({ length: Number(rate) }, (_, index) => checkOf(index)));
const megabytes = (): string => `${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`;
const [cpu, from] = [process.cpuUsage(), performance.now()];
while (made < 5_000) await delay(50);
const early = megabytes();
while (made < Number(checks)) await delay(50);
const { user, system } = process.cpuUsage(cpu);
const seconds = (performance.now() - from) / 1000;
process.stdout.write(`${type}: ${(made / seconds).toFixed(0)} checks a second, ${failed} failed, ${((user + system) / 1e3 / made).toFixed(3)} s of processor time for 1,000; memory ${early} after 5,000 and ${megabytes()} after ${made}\n`);
runner.stop();
servers.kill();
