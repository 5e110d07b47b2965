/** The sorry server: in before the last real server goes, out after the first is back, and no client notices the change. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StreamLine } from '../../src/control/event-stream.js';
import { siteConfiguration, type FileContent } from '../../src/lab/pair.js';
import { between, distribution, type RequestResult } from '../../src/lab/summary.js';
import type { Director } from '../../src/lab/topology.js';
import { startRequests, type RequestStream } from '../../src/lab/traffic.js';
import type { WebServerMode } from '../../src/lab/web-server.js';
import { requireLab } from '../tiers.js';
import { editServers, logSince, lost, PairUnderTest, patience, reload } from './directors.js';

requireLab();

const web = 'TCP 10.0.0.100:80';
/** fall or rise x (interval + timeout), and room for one slow CPU */
const settled = { timeout: 20_000 };

let pair: PairUnderTest;
let requests: RequestStream;

const content = (director: Director, weights: Readonly<Record<string, number>>, keys: FileContent): FileContent =>
  editServers(siteConfiguration(pair.site, director, { weights }), (server) => ({ ...server, sorry_server: { address: pair.site.sorryServer.address }, ...keys }));

/** They go on answering requests: only their `/health` changes. */
async function set(mode: WebServerMode, ...names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => pair.site.realServer(name).set(mode)));
}

const table = async (): Promise<Readonly<Record<string, number>>> => (await pair.weights(pair.d1))[web] ?? {};

/** Waits until the table is so; from a moment later on, requests are answered by the servers that have weight, and by no others. */
async function serves(wanted: Readonly<Record<string, number>>): Promise<void> {
  await expect.poll(table, settled).toEqual(wanted);
  const from = await pair.lab.now();
  const { start } = await requests.waitForSuccess(from + 1_000);
  const servers = Object.keys(distribution(between(requests.results, from, start)));
  expect(servers.sort()).toEqual(Object.keys(wanted).filter((name) => wanted[name] !== 0).sort());
}

/**
 * Requests without an answer, but for those that were on their way through a destination while it was deleted: the kernel
 * resets these (expire_nodest_conn), and each deletion may meet one or two of them. A table without a destination refuses instead.
 */
function lostForNoReason(since: number): readonly RequestResult[] {
  const deletions = logSince(pair.d1, since, /: deleted 10\.0\.0\.\d+:80/).map((line) => Date.parse(line.split(' ')[0] ?? ''));
  const cut = ({ start, duration, outcome }: RequestResult): boolean =>
    outcome === 'reset' && deletions.some((time) => start <= time && time <= start + duration + 100);
  const all = lost(requests, since);
  expect(all.length).toBeLessThanOrEqual(2 * deletions.length);
  return all.filter((result) => !cut(result));
}

/** What `tandem events` tells of health since it was good for the first time, and that it agrees with how things stand. */
async function told(): Promise<Readonly<Record<string, string>>> {
  const lines = (await pair.d1.command('events --json')).stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as StreamLine);
  const states = new Map<string, string>();
  const current = new Map<string, string>();
  for (const line of lines) {
    if (line.type === 'missed' || !line.kind.endsWith('SERVER')) continue;
    const key = `${line.kind} ${line.name}`;
    if (line.type === 'current') current.set(key, line.state);
    else if (line.from !== 'UNKNOWN') states.set(key, [...(states.get(key)?.split(' ') ?? []), line.to].join(' '));
  }
  expect(Object.fromEntries(current)).toEqual(Object.fromEntries([...states].map(([key, last]) => [key, last.split(' ').at(-1)])));
  return Object.fromEntries(states);
}

beforeAll(async () => {
  pair = await PairUnderTest.boot();
  for (const tandem of pair.both) await tandem.configure(content(tandem.director, {}, {}));
  await pair.start();
  requests = startRequests(pair.site, { every: 20, timeout: patience });
  for (const { name } of pair.site.realServers) await requests.waitForSuccess(0, name);
});
afterAll(() => pair?.lab.stop());

it('takes over when the last real server goes and leaves when the first is back; nothing is refused, only what was on its way through a deleted destination is cut', async () => {
  const from = await pair.lab.now();
  await set('failing', 'rs1', 'rs2');
  await serves({ rs3: 1 });
  await set('failing', 'rs3');
  await serves({ sorry: 1 });
  expect(logSince(pair.d1, from, /WARN web-80: quorum lost/)).toHaveLength(1);
  // a child that is busy is left out of a status
  await expect.poll(async () => (await pair.d1.status()).virtual_servers[0], settled).toMatchObject({ quorum_up: false, sorry_server_active: true });

  await set('healthy', 'rs2');
  await serves({ rs2: 1 });
  await set('healthy', 'rs1', 'rs3');
  await serves({ rs1: 1, rs2: 1, rs3: 1 });
  expect(lostForNoReason(from)).toEqual([]);
  expect(await told()).toEqual({ 'VIRTUAL_SERVER web-80': 'DOWN UP', ...Object.fromEntries(pair.site.realServers.map(({ address }) => [`REAL_SERVER ${address}:80`, 'DOWN UP'])) });
});

it('all real servers going at once, and back at once, refuses no request either', async () => {
  const from = await pair.lab.now();
  await set('failing', 'rs1', 'rs2', 'rs3');
  await serves({ sorry: 1 });
  await set('healthy', 'rs1', 'rs2', 'rs3');
  await serves({ rs1: 1, rs2: 1, rs3: 1 });
  expect(lostForNoReason(from)).toEqual([]);
});

it('stands among weights of 0 with on_failure: weight_zero', async () => {
  const from = await pair.lab.now();
  for (const tandem of pair.both) await reload(tandem, content(tandem.director, {}, { on_failure: 'weight_zero' }));
  await set('failing', 'rs1', 'rs2', 'rs3');
  await serves({ rs1: 0, rs2: 0, rs3: 0, sorry: 1 });
  await set('healthy', 'rs1', 'rs2', 'rs3');
  await serves({ rs1: 1, rs2: 1, rs3: 1 });
  expect(lostForNoReason(from)).toEqual([]);
});

it('follows the quorum with its hysteresis: lost under 2, reached again at 4', async () => {
  const from = await pair.lab.now();
  for (const tandem of pair.both) await reload(tandem, content(tandem.director, { rs1: 2, rs2: 2, rs3: 1 }, { quorum: { weight: 3, hysteresis: 1 } }));
  await serves({ rs1: 2, rs2: 2, rs3: 1 });
  await set('failing', 'rs1', 'rs3');
  await serves({ rs2: 2 });
  await set('healthy', 'rs3');
  await serves({ rs2: 2, rs3: 1 });
  await set('failing', 'rs2');
  await serves({ sorry: 1 });
  await set('healthy', 'rs2');
  // rs2 is up, weight 3: what would have been enough to stay is not enough to come back
  await pair.d1.process.waitForLine(/10\.0\.0\.12:80 of web-80 is up/, settled.timeout, await pair.lab.now() - 500);
  await serves({ sorry: 1 });
  await set('healthy', 'rs1');
  await serves({ rs1: 2, rs2: 2, rs3: 1 });
  expect(lostForNoReason(from)).toEqual([]);
});

it('with a check of its own is not put in while it fails, takes over once it is back, and with on_recovery: weight_zero stays without weight', async () => {
  const check = { type: 'http', path: '/health', interval: '1s', timeout: '1s', rise: 1, fall: 1 };
  const from = await pair.lab.now();
  await pair.site.sorryServer.set('failing');
  await reload(pair.d1, content(pair.d1.director, {}, { sorry_server: { address: pair.site.sorryServer.address, health_check: check, on_recovery: 'weight_zero' } }));
  await pair.d1.process.waitForLine(/WARN sorry server 10\.0\.0\.99:80 of web-80 is down: HTTP status 500/, settled.timeout, from);
  await set('failing', 'rs1', 'rs2', 'rs3');
  await expect.poll(table, settled).toEqual({});
  await pair.d1.process.waitForLine(/WARN web-80: quorum lost, .*, the sorry server 10\.0\.0\.99:80 is down too/, settled.timeout, from);
  await pair.site.sorryServer.set('healthy');
  await serves({ sorry: 1 });
  await set('healthy', 'rs1', 'rs2', 'rs3');
  await serves({ rs1: 1, rs2: 1, rs3: 1, sorry: 0 });
});
