/** Large tables and steady checks: Tandem and keepalived in turn in one lab kernel, each in a fresh network namespace. */
import { Lab } from '../lab.js';
import { type DaemonName, daemonNames } from './daemons.js';
import type { Measurement } from './statistics.js';

type Result = Readonly<Record<string, number>>;
type Results = Readonly<Record<DaemonName, Result[]>>;

/** Runs the program in turn for both, in namespaces of their own: what one left in the kernel does not slow the other. */
const inTurn = async (runs: number, program: string, parameters: (name: DaemonName) => string): Promise<Results> => {
  const results: Results = { tandem: [], keepalived: [] };
  const lab = await Lab.boot({ memory: 3072 });
  try {
    await lab.must('for name in dummy ip_vs ip_vs_wrr; do modprobe $name; done');
    for (let run = 0; run < runs; run++) {
      for (const name of run % 2 === 0 ? daemonNames : [...daemonNames].reverse()) {
        const namespace = `${name}${run}`;
        const ip = `ip -n ${namespace}`;
        const output = await lab.must(
          `ip netns add ${namespace}
           ${ip} link set lo up; ${ip} link add e0 type dummy; ${ip} addr add 10.0.0.1/24 dev e0; ${ip} link set e0 multicast on up
           ip netns exec ${namespace} node dist/lab/bench/inside/${program}.js ${parameters(name)} 2>/dev/null
           ip netns del ${namespace}`,
          { timeout: 600_000 },
        );
        results[name].push(JSON.parse(output) as Result);
      }
    }
  } finally {
    await lab.stop();
  }
  return results;
};

const pick = (results: Results, name: string, unit: string, ...keys: readonly string[]): Measurement => {
  const of = (daemon: DaemonName): number[] => results[daemon].flatMap((result) => keys.map((key) => result[key] ?? NaN));
  return { name, unit, tandem: of('tandem'), keepalived: of('keepalived') };
};

export const measureTable = async (services: number, servers: number, runs: number): Promise<readonly Measurement[]> => {
  const what = `${services} services x ${servers} servers`;
  const results = await inTurn(runs, 'table-round', (name) => `${name} ${services} ${servers}`);
  return [
    pick(results, `${what}: start to full table`, 'ms', 'start'),
    pick(results, '... reload, nothing changed', 'ms', 'same1', 'same2'),
    pick(results, '... reload, one server changed', 'ms', 'one1', 'one2'),
    pick(results, '... longest gap between advertisements at reloads, 100 ms', 'ms', 'same1_gap', 'one1_gap', 'same2_gap', 'one2_gap'),
    pick(results, '... PSS of all processes', 'MB', 'memory'),
  ];
};

/** One server of each service has a TCP check every 5 s, and all of these fail at once. */
export const measureFailing = async (services: number, servers: number, runs: number): Promise<readonly Measurement[]> => {
  const results = await inTurn(runs, 'table-round', (name) => `${name} ${services} ${servers} 1 5`);
  return [
    pick(results, `${services} of ${services * servers} servers fail at once: until the last is out`, 'ms', 'fail'),
    pick(results, '... longest gap between advertisements, 100 ms', 'ms', 'fail_gap'),
  ];
};

/** @param rate checks a second that the services ask for */
export const measureChecks = async (type: 'tcp' | 'http', rate: number, shared: number, runs: number): Promise<readonly Measurement[]> => {
  const results = await inTurn(runs, 'checks-round', (name) => `${name} ${type} ${rate} ${shared} 20`);
  const what = `${type}, ${rate} checks a second${shared === 1 ? '' : `, ${shared} services share each server`}`;
  return [pick(results, `${what}: processor time for 1,000`, 's', 'cpu'), pick(results, '... probes made a second', '', 'probes')];
};
