/** Reloads under traffic, orderly stops, and starts after a crash: only what differs is touched, no advertisement is late. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { siteConfiguration, type FileContent, type PairOptions, type Tandem } from '../../src/lab/pair.js';
import { between, summarizeConnection, type RequestResult } from '../../src/lab/summary.js';
import { startConnection, startRequests, type LongConnection, type RequestStream } from '../../src/lab/traffic.js';
import { requireLab } from '../tiers.js';
import { AdvertisementWatch } from './advertisements.js';
import { editServers, logSince, longestGap, lost, measureSlack, PairUnderTest, patience, reload } from './directors.js';

requireLab();

const on80 = 'TCP 10.0.0.100:80';
const on7000 = 'TCP 10.0.0.100:7000';
const stranger = 'TCP 10.0.0.77:80';
/** between requests, in ms */
const every = 50;
const interval = 1_000;
/** of the backup, priority 100 (RFC 9568, 6.1) */
const skewTime = ((256 - 100) * interval) / 256;
const polled = { timeout: 10_000, interval: 300 };

let pair: PairUnderTest;
let requests: RequestStream;
let connection: LongConnection;
let watch: AdvertisementWatch;
let slack: number;
/** ms: how late advertisements are beside operator's commands that change nothing, on this one CPU */
let lateness: number;
/** when the present test began, by the lab's clock */
let begin: number;

interface Options extends PairOptions {
  /** names of real servers that are not in the file */
  readonly without?: readonly string[];
  readonly onStop?: 'keep' | 'remove';
  /** of the service of port 7000 */
  readonly onStopOf7000?: 'keep' | 'remove';
}

function content(tandem: Tandem, { without = [], onStop = 'keep', onStopOf7000, ...options }: Options = {}): FileContent {
  const { site } = pair;
  const gone = without.map((name) => site.realServer(name).address);
  const usual = siteConfiguration(site, tandem.director, options);
  const edited = editServers(usual, (server) => ({
    ...server,
    ...(onStopOf7000 && server['port'] === 7000 ? { on_stop: onStopOf7000 } : {}),
    real_servers: (server['real_servers'] as readonly { readonly address: string }[]).filter(({ address }) => !gone.includes(address)),
  }));
  return { ...edited, ipvs: { ...(usual['ipvs'] as object), on_stop: onStop } };
}

interface OwnedFile {
  readonly addresses: readonly { readonly address: string }[];
  readonly services: readonly { readonly address: string; readonly port: number }[];
}

/** What the record says is ours: addresses, and services' ports. */
async function owned({ folder }: Tandem): Promise<{ readonly addresses: readonly string[]; readonly ports: readonly number[] }> {
  const { addresses, services } = JSON.parse(await pair.lab.must(`cat ${folder}/owned.json`)) as OwnedFile;
  return { addresses: addresses.map(({ address }) => address), ports: services.map(({ port }) => port).sort((a, b) => a - b) };
}

const startUp = async (tandem: Tandem): Promise<void> => {
  tandem.start();
  await tandem.process.waitForLine(/INFO ready/, 30_000);
};

beforeAll(async () => {
  pair = await PairUnderTest.boot();
  await pair.start();
  for (const { director } of pair.both) await pair.site.must(director.name, 'ipvsadm -A -t 10.0.0.77:80 -s wrr; ipvsadm -a -t 10.0.0.77:80 -r 10.0.0.13 -g');
  watch = await AdvertisementWatch.start(pair.site, pair.d2.director, pair.d1.director);
  requests = startRequests(pair.site, { every, timeout: patience });
  connection = startConnection(pair.site);
  await connection.waitForAnswer(0);
  for (const { name } of pair.site.realServers) await requests.waitForSuccess(0, name);
  slack = await measureSlack(pair.lab, requests);
  const from = await pair.lab.now();
  for (let round = 1; round <= 3; round++) {
    await pair.d1.command(`check ${pair.d1.file}`);
    await pair.d1.command('status');
  }
  lateness = Math.max(0, watch.longestGap(from) - interval);
});
afterAll(() => pair?.lab.stop());

beforeEach(async () => {
  begin = await pair.lab.now();
});

/** By how much a program of the lab that has something to do every 50 ms was held up at worst: what the machine itself did in that time. */
function stall(results: readonly RequestResult[], from: number): number {
  const starts = results.filter(({ start }) => start >= from).map(({ start }) => start).sort((a, b) => a - b);
  return Math.max(0, ...starts.slice(1).map((start, index) => start - (starts[index] ?? start) - 50));
}

/** Nothing of what was there is disturbed: no request lost, the long-lived connection goes on, no advertisement late, no transition. */
async function expectUndisturbed(): Promise<void> {
  const now = await pair.lab.now();
  await requests.waitForSuccess(now + 500);
  await connection.waitForAnswer(now);
  await watch.next(now);
  expect(lost(requests, begin)).toEqual([]);
  const { servers, end } = summarizeConnection(connection.events);
  expect({ servers, end }).toEqual({ servers: [expect.any(String)], end: undefined });
  expect(watch.longestGap(begin - interval)).toBeLessThan(1.2 * interval + 2 * lateness + stall(requests.results, begin - interval));
  for (const tandem of pair.both) expect(logSince(tandem, begin, /web: \w+ -> \w+/)).toEqual([]);
}

describe('a file that cannot be used', () => {
  it('is refused whole with every error and its place, exit code 3; the running configuration stays in force', async () => {
    const { config: before } = await pair.d1.status();
    const wrong = stringify(content(pair.d1, { priority: 140 })).replace('priority: 140', 'priority: 999').replace('scheduler: wrr', 'schedular: wrr');
    await pair.d1.configure(wrong);
    const lines = wrong.split('\n');
    const place = (text: string): string => {
      const index = lines.findIndex((line) => line.includes(text));
      return `${pair.d1.file}:${index + 1}:`;
    };
    const { status, stderr } = await pair.d1.command('reload');
    expect(status).toBe(3);
    expect(stderr).toMatch(new RegExp(`${place('999')}\\d+: error`));
    expect(stderr).toMatch(new RegExp(`${place('schedular')}\\d+: error`));
    expect(stderr).toContain('scheduler');
    expect(logSince(pair.d1, begin, /ERROR .*tandem\.yaml is refused, the running configuration stays: 2 errors/)).toHaveLength(1);
    const { config } = await pair.d1.status();
    expect(config).toEqual(before);
    expect(await pair.weights(pair.d1)).toMatchObject({ [on80]: { rs1: 1, rs2: 1, rs3: 1 } });
    await expectUndisturbed();
  });

  it('is refused by SIGHUP too, and told in the log with its place', async () => {
    pair.d1.process.signal('SIGHUP');
    await pair.d1.process.waitForLine(/ERROR .*is refused, the running configuration stays/, 10_000, begin);
    await pair.d1.process.waitForLine(/ERROR .*tandem\.yaml:\d+:\d+.*999/, 10_000, begin);
    await expectUndisturbed();
  });

  it('is refused when it is empty', async () => {
    await pair.d1.configure('');
    const { status, stderr } = await pair.d1.command('reload');
    expect(status).toBe(3);
    expect(stderr).toContain(`${pair.d1.file}:1:1: error: the file is empty`);
    expect(await pair.weights(pair.d1)).toMatchObject({ [on80]: { rs1: 1, rs2: 1, rs3: 1 } });
    expect(await owned(pair.d1)).toEqual({ addresses: ['10.0.0.100'], ports: [80] });
    await expectUndisturbed();
  });
});

it('--dry-run prints the differences and changes nothing', async () => {
  const before = await pair.d1.status();
  await pair.d1.configure(content(pair.d1, { ports: [80, 7000], weights: { rs1: 3 }, without: ['rs2'], priority: 140 }));
  const { status, stdout } = await pair.d1.command('reload --dry-run');
  expect(status).toBe(0);
  expect(stdout.trim().split('\n').sort()).toEqual(
    [
      'instance web: priority 150 -> 140',
      'virtual server web-7000 added',
      'virtual server web-80: real server 10.0.0.12:80 removed',
      'virtual server web-80: real server 10.0.0.11:80: weight 1 -> 3',
    ].sort(),
  );
  const after = await pair.d1.status();
  expect(after.config).toEqual(before.config);
  expect(after.instances[0]?.priority).toBe(150);
  expect(await pair.weights(pair.d1)).toEqual({ [on80]: { rs1: 1, rs2: 1, rs3: 1 }, [stranger]: { rs3: 1 } });
  expect(await owned(pair.d1)).toEqual({ addresses: ['10.0.0.100'], ports: [80] });
  await expectUndisturbed();
});

it('one more service is served; the one that was there keeps its counters and connections', async () => {
  const { [on80]: before = {} } = await pair.counters(pair.d1);
  for (const tandem of pair.both) {
    const { stdout } = await reload(tandem, content(tandem, { ports: [80, 7000] }));
    expect(stdout).toBe('virtual server web-7000 added\nconfiguration reloaded: 1 change\n');
  }
  const added = startRequests(pair.site, { port: 7000, every: 200 });
  for (const { name } of pair.site.realServers) await added.waitForSuccess(0, name);
  await added.stop();
  const { [on80]: after = {} } = await pair.counters(pair.d1);
  for (const { name } of pair.site.realServers) expect(after[name]?.connections).toBeGreaterThan(before[name]?.connections ?? Infinity);
  expect(logSince(pair.d1, begin, /IPVS: /).filter((line) => !line.includes('10.0.0.100:7000/tcp'))).toEqual([]);
  expect(await owned(pair.d1)).toEqual({ addresses: ['10.0.0.100'], ports: [80, 7000] });
  await expectUndisturbed();
});

it('a weight that is changed, by SIGHUP, changes only that weight', async () => {
  const { [on80]: before = {} } = await pair.counters(pair.d1);
  await pair.d1.configure(content(pair.d1, { ports: [80, 7000], weights: { rs1: 3 } }));
  pair.d1.process.signal('SIGHUP');
  await pair.d1.process.waitForLine(/INFO configuration reloaded/, 10_000, begin);
  expect(await pair.weights(pair.d1)).toEqual({ [on80]: { rs1: 3, rs2: 1, rs3: 1 }, [on7000]: { rs1: 3, rs2: 1, rs3: 1 }, [stranger]: { rs3: 1 } });
  const { [on80]: after = {} } = await pair.counters(pair.d1);
  for (const { name } of pair.site.realServers) expect(after[name]?.connections).toBeGreaterThanOrEqual(before[name]?.connections ?? Infinity);
  expect(logSince(pair.d1, begin, /IPVS: .*80\/tcp/)).toEqual([expect.stringMatching(/changed 10\.0\.0\.11:80 weight 1 -> 3/)]);
  await expectUndisturbed();
});

it('a server that is taken out: it gets no new connections, its old ones are reset after a while, those of the others go on', async () => {
  const [held = ''] = summarizeConnection(connection.events).servers;
  const victim = pair.site.realServers.map(({ name }) => name).find((name) => name !== held) ?? '';
  let doomed: LongConnection | undefined;
  while (doomed === undefined) {
    const candidate = startConnection(pair.site);
    const { detail } = await candidate.waitForAnswer(0);
    if (detail === victim) doomed = candidate;
    else await candidate.stop();
  }
  await reload(pair.d1, content(pair.d1, { ports: [80, 7000], without: [victim] }));
  expect((await pair.weights(pair.d1))[on80]).toMatchObject({ [victim]: 0 });
  // half a minute is left to what is on its way (src/health/leaving.ts)
  await doomed.waitFor(({ event }) => event === 'reset', 'a reset', 60_000);
  const now = await pair.lab.now();
  await requests.waitForSuccess(now + 500);
  expect(await pair.weights(pair.d1)).toMatchObject({ [on80]: { [held]: 1 } });
  expect((await pair.weights(pair.d1))[on80]).not.toHaveProperty(victim);
  // at most those that were on their way to it
  const failed = lost(requests, begin);
  expect(failed.length).toBeLessThanOrEqual(2);
  expect(failed.filter(({ outcome }) => outcome !== 'reset')).toEqual([]);
  begin = now;
  await reload(pair.d1, content(pair.d1, { ports: [80, 7000] }));
  await requests.waitForSuccess(now, victim);
  await expectUndisturbed();
});

it('a priority that makes the other one master moves the VIP without an outage, and back', async () => {
  for (const [priority, master, backup] of [[90, pair.d2, pair.d1], [150, pair.d1, pair.d2]] as const) {
    const from = await pair.lab.now();
    await reload(pair.d1, content(pair.d1, { ports: [80, 7000], priority }));
    await master.process.waitForLine(/web: BACKUP -> MASTER/, 10_000, from);
    await backup.process.waitForLine(/web: MASTER -> BACKUP/, 10_000, from);
    await expect.poll(() => Promise.all([master, backup].map((tandem) => pair.holdsVip(tandem))), polled).toEqual([true, false]);
    const { start } = await requests.waitForSuccess((await pair.lab.now()) + 1_000);
    await connection.waitForAnswer(start);
    expect(longestGap(between(requests.results, from, start), every)).toBeLessThan(slack);
  }
  expect(summarizeConnection(connection.events).end).toBeUndefined();
  for (const tandem of pair.both) expect(await owned(tandem)).toEqual({ addresses: ['10.0.0.100'], ports: [80, 7000] });
});

describe('an orderly stop of the master', () => {
  /** The other one takes over after the skew time; addresses are released, a stranger's service stays. */
  async function stop(syncRoles: readonly string[]): Promise<void> {
    const from = await pair.lab.now();
    pair.d1.process.signal('SIGTERM');
    expect(await pair.d1.process.exited).toBe(0);
    const { time } = await pair.d2.process.waitForLine(/web: BACKUP -> MASTER, 10\.0\.0\.1 resigned/, 10_000, from);
    expect(await pair.holdsVip(pair.d1)).toBe(false);
    expect(await pair.syncRoles(pair.d1)).toEqual(syncRoles);
    const { start } = await requests.waitForSuccess(time + 500);
    expect(longestGap(between(requests.results, from, start), every)).toBeLessThan(skewTime + slack);
    await connection.waitForAnswer(start);
    expect(summarizeConnection(connection.events).end).toBeUndefined();
    expect(await pair.weights(pair.d1)).toHaveProperty([stranger]);
    expect(await pair.lab.run('ip netns pids d1').then(({ stdout }) => stdout)).toBe('');
  }

  it('keeps the table and the connection sync by default, but for a service that says otherwise; started again it touches nothing of what stayed', async () => {
    await reload(pair.d1, content(pair.d1, { ports: [80, 7000], onStopOf7000: 'remove' }));
    await stop(['backup', 'master']);
    expect(Object.keys(await pair.weights(pair.d1)).sort()).toEqual([on80, stranger].sort());
    expect(await owned(pair.d1)).toEqual({ addresses: [], ports: [80] });
    await startUp(pair.d1);
    expect(logSince(pair.d1, begin, /IPVS: |connection sync: /).filter((line) => !line.includes(':7000/tcp'))).toEqual([]);
    expect(await owned(pair.d1)).toEqual({ addresses: ['10.0.0.100'], ports: [80, 7000] });
    await pair.d1.process.waitForLine(/web: BACKUP -> MASTER/, 15_000);
  });

  it('removes its own services, and only those, with on_stop: remove', async () => {
    await reload(pair.d1, content(pair.d1, { ports: [80, 7000], onStop: 'remove' }));
    await stop([]);
    expect(Object.keys(await pair.weights(pair.d1))).toEqual([stranger]);
    expect(await owned(pair.d1)).toEqual({ addresses: [], ports: [] });
  });
});

it('a service that the file lost while tandemd was dead is removed at the next start, what is still configured is not touched', async () => {
  await pair.d1.configure(content(pair.d1, { ports: [80, 7000] }));
  await startUp(pair.d1);
  await expect.poll(() => pair.weights(pair.d1), polled).toMatchObject({ [on80]: { rs1: 1, rs2: 1, rs3: 1 }, [on7000]: { rs1: 1, rs2: 1, rs3: 1 } });
  await pair.kill(pair.d1, ['tandemd', 'vrrp', 'lvs']);
  await pair.d1.configure(content(pair.d1, { ports: [80] }));
  const killed = await pair.lab.now();
  await startUp(pair.d1);
  expect(await pair.weights(pair.d1)).toEqual({ [on80]: { rs1: 1, rs2: 1, rs3: 1 }, [stranger]: { rs3: 1 } });
  expect(logSince(pair.d1, killed, /IPVS: /)).toEqual([expect.stringContaining('10.0.0.100:7000/tcp: deleted')]);
  await expect.poll(() => owned(pair.d1), polled).toEqual({ addresses: ['10.0.0.100'], ports: [80] });
});

afterEach(async () => {
  // each test leaves the traffic as it should be
  await requests.waitForSuccess(await pair.lab.now());
});
