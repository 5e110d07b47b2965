/**
 * One daemon, one table, in a network namespace of its own inside the lab kernel: start to full table, reloads, servers that fail.
 * `node table-round.js tandem|keepalived SERVICES SERVERS CHECKED`; prints one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { IpvsClient } from '../../../ipvs/client.js';
import type { ServiceSelector } from '../../../ipvs/service.js';
import type { DaemonName } from '../daemons.js';
import { Advertisements, InsideDaemon } from './daemon.js';
import { checkedPort, portOf, tableConfiguration, type TableSettings, virtualAddress } from './table-configuration.js';

/** milliseconds; everything measured is exact to one step, which is the same for both */
const step = 20;
const limit = 90_000;
/** that long without processor time a reload is over */
const quiet = 1_500;

const [name = 'tandem', services = '', servers = '', checked = '0', interval = '5'] = process.argv.slice(2) as [DaemonName, ...string[]];
const settings: TableSettings = {
  services: Number(services),
  servers: Number(servers),
  ...(Number(checked) > 0 && { checked: { servers: Number(checked), interval: Number(interval), type: 'tcp', shared: 1 } }),
  lastWeight: 1,
};
const wallClock = (): number => performance.timeOrigin + performance.now();
const result: Record<string, number> = {};
const client = await IpvsClient.open();
const last: ServiceSelector = { protocol: 'tcp', address: virtualAddress, port: portOf(settings.services - 1) };

const until = async (what: string, condition: () => Promise<boolean> | boolean): Promise<number> => {
  for (const end = performance.now() + limit; performance.now() < end; await delay(step)) if (await condition()) return performance.now();
  throw new Error(`${name}: not within ${limit} ms: ${what}:\n${daemon.linesSince(0).slice(-10).join('\n')}`);
};
const inTable = (): number => readFileSync('/proc/net/ip_vs', 'latin1').split('\n').filter((line) => line.startsWith('  ->')).length - 1;
const expectInTable = async (count: number): Promise<void> => {
  await until(`${count} destinations, there are ${inTable()}`, async () => (await delay(200), inTable() === count));
};

/** Runs, and tells how long it took and the longest gap between advertisements meanwhile. */
const timed = async (what: string, task: () => Promise<number>): Promise<void> => {
  await delay(1_000);
  const cpu = daemon.cpuSeconds();
  const [from, wall] = [performance.now(), wallClock()];
  const end = await task();
  await delay(300);
  result[what] = end - from;
  result[`${what}_gap`] = advertisements.longestGap(wall, wallClock());
  result[`${what}_cpu`] = 1000 * (daemon.cpuSeconds() - cpu);
};

/** When the daemon last used the processor, a tick for advertisements aside: the end of a reload that changes nothing to be seen. */
const settled = async (): Promise<number> => {
  let busyAt = performance.now();
  let cpu = daemon.cpuSeconds();
  while (performance.now() - busyAt < quiet) {
    await delay(50);
    const now = daemon.cpuSeconds();
    if (now - cpu > 0.021) busyAt = performance.now();
    cpu = now;
  }
  return busyAt;
};

const listener = settings.checked ? createServer((socket) => socket.on('error', () => undefined).end()).listen(checkedPort, '0.0.0.0', 511) : undefined;
const advertisements = new Advertisements();
await delay(500);
const daemon = new InsideDaemon(name, tableConfiguration[name](settings));
try {
  const total = settings.services * settings.servers;
  const full = await until('the last service full', async () => (await client.getDestinations(last)).length === settings.servers);
  await expectInTable(total);
  result['start'] = full - daemon.startedAt;
  result['start_cpu'] = 1000 * daemon.cpuSeconds();
  await until('advertisements', () => advertisements.times.length > 3);
  if (settings.checked) {
    await delay(2_000 * settings.checked.interval + 1_000);
    await timed('fail', async () => {
      listener?.close();
      const out = await until('all failed servers out', async () => (await delay(180), inTable() === total - settings.services));
      return out;
    });
  } else {
    await delay(3_000);
    for (const round of [1, 2]) {
      daemon.write(tableConfiguration[name](settings));
      await timed(`same${round}`, () => {
        const { mark } = daemon;
        daemon.reload();
        return name === 'tandem' ? until('reloaded', () => daemon.linesSince(mark).some((line) => line.includes('configuration reloaded'))) : settled();
      });
      const lastWeight = 1 + round;
      daemon.write(tableConfiguration[name]({ ...settings, lastWeight }));
      await timed(`one${round}`, () => {
        daemon.reload();
        return until('the weight', async () => (await client.getDestinations(last)).some(({ weight }) => weight === lastWeight));
      });
      await expectInTable(total);
      settings satisfies TableSettings;
      Object.assign(settings, { lastWeight });
      await settled();
    }
  }
  const memory = daemon.memory();
  result['memory'] = memory.reduce((sum, each) => sum + each, 0);
  process.stderr.write(`${name} PSS in MB by process: ${memory.map((each) => each.toFixed(1)).join(' ')}\n`);
} finally {
  await daemon.stop();
  advertisements.close();
  client.close();
  listener?.close();
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
