/** What the wire shows of a takeover, both daemons in turn: crash (killed, or the cable pulled), orderly stop, many instances, many addresses. */
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../namespaces.js';
import { type DaemonName, daemonNames, type InstanceSettings } from './daemons.js';
import { DirectorPair, type Loss, type Takeover } from './director-pair.js';
import type { Measurement } from './statistics.js';

type Times = Readonly<Record<DaemonName, number[]>>;

/** Both pairs stand at once; each run takes the master from one, then from the other. */
const inTurn = async (instances: readonly InstanceSettings[], runs: number, measure: (pair: DirectorPair, name: DaemonName) => Promise<void>): Promise<void> => {
  const pairs: { readonly name: DaemonName; readonly pair: DirectorPair }[] = [];
  try {
    for (const name of daemonNames) pairs.push({ name, pair: await DirectorPair.start(name, instances) });
    for (let run = 0; run < runs; run++) {
      for (const { name, pair } of run % 2 === 0 ? pairs : [...pairs].reverse()) await measure(pair, name);
    }
  } finally {
    for (const { pair } of pairs) await pair.stop();
  }
};

const times = (): Times => ({ tandem: [], keepalived: [] });
const last = (instants: readonly number[]): number => Math.max(...instants);
const base: InstanceSettings = { priority: 100, interval: 1000, preempt: false, virtualAddresses: ['10.77.0.100'] };

const words: Readonly<Record<Loss, string>> = { kill: 'daemon killed', cut: 'cable pulled', stop: 'stopped' };

/** From the master's last advertisement to the first gratuitous ARP of the new one. @param interval milliseconds */
export const measureCrash = async (interval: number, loss: 'kill' | 'cut', runs: number): Promise<Measurement> => {
  const found = times();
  await inTurn([{ ...base, interval }], runs, async (pair, name) => {
    const { lastWordAt, announcedAt } = await pair.lose(loss);
    found[name].push(last(announcedAt) - lastWordAt);
  });
  return { name: `crash, ${words[loss]}, ${interval} ms: last advertisement to announced`, unit: 'ms', ...found };
};

/** @param interval milliseconds */
export const measureHandover = async (interval: number, runs: number): Promise<readonly Measurement[]> => {
  const [ordered, resigned] = [times(), times()];
  await inTurn([{ ...base, interval }], runs, async (pair, name) => {
    const { orderedAt, lastWordAt, announcedAt } = await pair.lose('stop');
    ordered[name].push(last(announcedAt) - orderedAt);
    resigned[name].push(last(announcedAt) - lastWordAt);
  });
  return [
    { name: `handover, ${interval} ms: SIGTERM to announced`, unit: 'ms', ...ordered },
    { name: `handover, ${interval} ms: priority 0 to announced`, unit: 'ms', ...resigned },
  ];
};

/** From the master's last advertisement for any instance to the last instance announced. */
export const measureInstances = async (count: number, runs: number): Promise<readonly Measurement[]> => {
  const [all, own] = [times(), times()];
  const instances = Array.from({ length: count }, (_, index) => ({ ...base, name: `i${index + 1}`, virtualRouterId: index + 1, virtualAddresses: [`10.78.0.${index + 1}`] }));
  await inTurn(instances, runs, async (pair, name) => {
    const { lastWordAt, firstWordAt, announcedAt } = await pair.lose('kill');
    all[name].push(last(announcedAt) - lastWordAt);
    own[name].push(last(announcedAt) - firstWordAt);
  });
  return [
    { name: `${count} instances, 1 s, killed: last advertisement to all announced`, unit: 'ms', ...all },
    { name: `${count} instances, 1 s, killed: first taken over to all announced`, unit: 'ms', ...own },
  ];
};

/** When addresses are put on e0 of a host, as `ip monitor` tells. */
class Arrivals {
  private readonly file = join(mkdtempSync(join(tmpdir(), 'tandem-bench-')), 'addresses');
  private readonly monitor;

  constructor(host: Host) {
    this.monitor = spawn('chrt', ['-r', '1', 'ip', '-n', host.namespace, '-o', '-ts', '-rcvbuf', '8388608', 'monitor', 'address'], { stdio: ['ignore', openSync(this.file, 'w'), 'inherit'], env: { ...process.env, TZ: 'UTC' } });
  }

  /** Milliseconds since the epoch. */
  end(): readonly number[] {
    this.monitor.kill('SIGKILL');
    return readFileSync(this.file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [, date, fraction] = /^\[([-\dT:]+)\.(\d{6})\] (?!Deleted)/.exec(line) ?? [];
        return date === undefined ? [] : [Date.parse(`${date}Z`) + Number(fraction) / 1000];
      });
  }
}

/** @param loss `stop`: from priority 0; `kill`: from the last advertisement */
export const measureAddresses = async (count: number, loss: 'stop' | 'kill', runs: number): Promise<readonly Measurement[]> => {
  const [held, announced, ownHeld, ownAnnounced] = [times(), times(), times(), times()];
  const virtualAddresses = Array.from({ length: count }, (_, index) => `10.79.${index >> 8}.${index & 255}`);
  await inTurn([{ ...base, virtualAddresses, garpDelay: 0 }], runs, async (pair, name) => {
    const monitors: Arrivals[] = [];
    const takeover: Takeover = await pair.lose(loss, (survivor) => monitors.push(new Arrivals(survivor)));
    const arrivals = monitors.flatMap((monitor) => monitor.end()).filter((at) => at >= takeover.orderedAt);
    if (arrivals.length !== count) throw new Error(`${name}: ${arrivals.length} addresses were seen to come, not ${count}`);
    held[name].push(last(arrivals) - takeover.lastWordAt);
    announced[name].push(last(takeover.announcedAt) - takeover.lastWordAt);
    ownHeld[name].push(last(arrivals) - takeover.firstWordAt);
    ownAnnounced[name].push(last(takeover.announcedAt) - takeover.firstWordAt);
  });
  const from = loss === 'stop' ? 'priority 0' : 'silence';
  return [
    { name: `${count} addresses, ${words[loss]}: ${from} to last held`, unit: 'ms', ...held },
    { name: `${count} addresses, ${words[loss]}: ${from} to last announced`, unit: 'ms', ...announced },
    { name: `${count} addresses, ${words[loss]}: new master's first advertisement to last held`, unit: 'ms', ...ownHeld },
    { name: `${count} addresses, ${words[loss]}: new master's first advertisement to last announced`, unit: 'ms', ...ownAnnounced },
  ];
};
