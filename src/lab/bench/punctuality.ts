/**
 * Advertisements against their schedule while the lvs child makes 1,000 health checks a second, and across reloads. This machine's
 * kernel need not have IPVS: the checks are made all the same. keepalived's checker would not run without IPVS: only its election
 * runs beside it, on the same busy machine.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Segment } from '../namespaces.js';
import { Daemon, type DaemonName, daemonNames, type InstanceSettings, keepalivedConfiguration, tandemConfiguration } from './daemons.js';
import { median, type Measurement, percentile } from './statistics.js';
import { Wire } from './wire.js';

const interval = 100;
const servers = 200;
const checksPerSecond = 1000;
const instanceCount = 10;

const virtualServers = (weight: number): string => `
virtual_servers:
  - name: web
    address: 10.78.0.1
    port: 8001
    forwarding: dr
    health_check: { type: tcp, interval: ${(1000 * servers) / checksPerSecond}ms, timeout: 150ms }
    real_servers:
${Array.from({ length: servers }, (_, index) => `      - { address: 127.0.1.${index + 1}, weight: ${weight} }`).join('\n')}
`;

/** @param round another configuration for each: more or fewer addresses, other weights */
const instancesOf = (round: number): readonly InstanceSettings[] =>
  Array.from({ length: instanceCount }, (_, index) => ({
    name: `i${index + 1}`,
    virtualRouterId: index + 1,
    priority: 100,
    interval,
    virtualAddresses: [`10.78.0.${index + 1}`, ...(round % 2 === 0 ? [] : [`10.78.1.${index + 1}`])],
  }));

const configurationOf = (name: DaemonName, round: number): string =>
  name === 'tandem' ? tandemConfiguration(instancesOf(round), virtualServers(1 + (round % 2))) : keepalivedConfiguration(instancesOf(round));

interface Director {
  readonly name: DaemonName;
  readonly daemon: Daemon;
  readonly wire: Wire;
}

/** Both run, settled and under load, while `measure` does. */
const underLoad = async (measure: (directors: readonly Director[], checks: () => number) => Promise<void>): Promise<void> => {
  const ends: (() => void | Promise<void>)[] = [];
  try {
    const directors: Director[] = [];
    const rates: number[] = [];
    for (const name of daemonNames) {
      const segment = new Segment();
      ends.push(() => segment.remove());
      const host = segment.host('a', '10.77.0.1/24');
      const wire = await Wire.open(segment.host('c', '10.77.0.9/24'));
      ends.push(() => wire.close());
      if (name === 'tandem') {
        const listener = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, fileURLToPath(new URL('./accept.js', import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] });
        createInterface({ input: listener.stdout }).on('line', (line) => rates.push(Number(line)));
        ends.push(() => void listener.kill('SIGKILL'));
      }
      const daemon = new Daemon(name, host.namespace, configurationOf(name, 0));
      ends.push(() => daemon.stop());
      await daemon.entered('MASTER');
      directors.push({ name, daemon, wire });
    }
    await delay(5_000);
    rates.length = 0;
    await measure(directors, () => median(rates));
  } finally {
    for (const end of ends.reverse()) await end();
  }
};

/** The times of each instance's advertisements, in order. */
const times = (wire: Wire): readonly (readonly number[])[] => {
  const byInstance = new Map<number, number[]>();
  for (const { at, virtualRouterId } of wire.advertisements) byInstance.set(virtualRouterId, [...(byInstance.get(virtualRouterId) ?? []), at]);
  return [...byInstance.values()];
};

/** By how much each is later than the earliest one's schedule: one every interval, for ever. */
const deviations = (sent: readonly number[]): readonly number[] => {
  const offsets = sent.map((at, index) => at - index * interval);
  const first = Math.min(...offsets);
  return offsets.map((offset) => offset - first);
};
const gaps = (sent: readonly number[]): readonly number[] => sent.slice(1).map((at, index) => at - (sent[index] ?? at));

/** @param seconds of one run: 100 advertisements in each */
export const measureLateness = async (seconds: number, runs: number): Promise<{ readonly measurements: readonly Measurement[]; readonly detail: string }> => {
  const [schedule, gap] = [{ tandem: [] as number[], keepalived: [] as number[] }, { tandem: [] as number[], keepalived: [] as number[] }];
  let detail = '';
  await underLoad(async (directors, checks) => {
    for (let run = 0; run < runs; run++) {
      for (const { wire } of directors) wire.clear();
      await delay(1000 * seconds);
      for (const { name, wire } of directors) {
        const lists = times(wire);
        schedule[name].push(percentile(lists.flatMap(deviations), 0.999));
        gap[name].push(percentile(lists.flatMap(gaps).map((length) => Math.abs(length - interval)), 0.999));
      }
    }
    detail = `health checks a second: ${checks()}`;
  });
  return {
    measurements: [
      { name: `advertisements every ${interval} ms under ${checksPerSecond} checks a second: 99.9th percentile of lateness against the schedule`, unit: 'ms', ...schedule },
      { name: '... of |gap - interval|', unit: 'ms', ...gap },
    ],
    detail,
  };
};

/** The longest gap between two advertisements of one instance around each reload. */
export const measureReload = async (runs: number): Promise<Measurement> => {
  const found = { tandem: [] as number[], keepalived: [] as number[] };
  await underLoad(async (directors) => {
    for (let run = 1; run <= runs; run++) {
      for (const { name, daemon, wire } of directors) {
        wire.clear();
        await delay(5 * interval);
        daemon.reload(configurationOf(name, run));
        await delay(3_000);
        found[name].push(Math.max(...times(wire).flatMap(gaps)));
      }
    }
  });
  return { name: `longest gap at a reload under load, ${interval} ms advertisements`, unit: 'ms', ...found };
};
