/** Slow start, a server that leaves, flap damping, the panic threshold and the commands of a quorum, with real traffic through a director. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { siteConfiguration, type FileContent } from '../../src/lab/pair.js';
import { between, distribution } from '../../src/lab/summary.js';
import { startRequests, type RequestStream } from '../../src/lab/traffic.js';
import type { WebServerMode } from '../../src/lab/web-server.js';
import { requireLab } from '../tiers.js';
import { editServers, logSince, lost, PairUnderTest, patience, reload } from './directors.js';

requireLab();

const web = 'TCP 10.0.0.100:80';
/** fall or rise x (interval + timeout), and room for one slow CPU */
const settled = { timeout: 15_000 };
const slowStart = 9_000;

let pair: PairUnderTest;
let requests: RequestStream;

const content = (keys: FileContent = {}): FileContent =>
  editServers({ ...siteConfiguration(pair.site, pair.d1.director, { weights: { rs1: 100, rs2: 100, rs3: 100 } }), log: { level: 'debug' } }, (server) => ({
    ...server,
    slow_start: `${slowStart}ms`,
    quorum: { weight: 200, on_up: ['/run/d1-hooks/told', 'up'], on_down: ['/run/d1-hooks/told', 'down'], timeout: '10s' },
    notify: { down: ['/run/d1-hooks/told', 'server-down'] },
    ...keys,
  }));

const set = async (mode: WebServerMode, ...names: readonly string[]): Promise<void> => {
  await Promise.all(names.map((name) => pair.site.realServer(name).set(mode)));
};
const table = async (): Promise<Readonly<Record<string, number>>> => (await pair.weights(pair.d1))[web] ?? {};
/** What the commands wrote: argument, kind, from, to. */
const told = async (): Promise<readonly string[]> => (await pair.lab.must('touch /run/d1-hooks/out; cat /run/d1-hooks/out')).trim().split('\n');
const service = async () => {
  const { virtual_servers: [status] } = await pair.d1.status();
  if (status === undefined) throw new Error('no virtual server');
  return status;
};

beforeAll(async () => {
  pair = await PairUnderTest.boot();
  await pair.lab.must(`mkdir -p /run/d1-hooks; cat >/run/d1-hooks/told <<'END'
#!/bin/sh
echo "$1 $TANDEM_KIND $TANDEM_FROM $TANDEM_TO" >>/run/d1-hooks/out
END
chmod 755 /run/d1-hooks/told`);
  await pair.d1.configure(content());
  pair.d1.start();
  await pair.d1.process.waitForLine(/web: BACKUP -> MASTER/, 30_000);
  requests = startRequests(pair.site, { every: 20, timeout: patience });
  for (const { name } of pair.site.realServers) await requests.waitForSuccess(0, name);
});
afterAll(() => pair?.lab.stop());

it('servers that are up when the daemon starts have their whole weight, and the quorum is told once that it is up', async () => {
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100, rs3: 100 });
  await expect.poll(told, settled).toEqual(['up VIRTUAL_SERVER UNKNOWN UP']);
});

it('a server that is back gets few requests first, and more in steps that a reload does not disturb', async () => {
  await set('failing', 'rs1');
  await expect.poll(table, settled).toEqual({ rs2: 100, rs3: 100 });
  const before = await pair.lab.now();
  await set('healthy', 'rs1');
  const { time: back } = await pair.d1.process.waitForLine(/10\.0\.0\.11:80 of web-80 is back: its weight rises to 100 in 10 steps within 9 s/, settled.timeout, before);
  expect((await service()).real_servers[0]).toMatchObject({ configured_weight: 100, slow_start: { percent: expect.any(Number) as number } });
  await reload(pair.d1, content({ on_failure: 'weight_zero' }));
  const { time: whole } = await pair.d1.process.waitForLine(/10\.0\.0\.11:80 of web-80 has its whole weight again/, slowStart + settled.timeout, before);
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100, rs3: 100 });
  // a busy machine may be late for a step or two, which are one then
  const steps = logSince(pair.d1, before, /IPVS: .*changed 10\.0\.0\.11:80 .*weight/).map((line) => /weight (\d+) -> (\d+)/.exec(line)?.slice(1).map(Number) ?? []);
  expect(steps.length).toBeGreaterThan(3);
  expect(steps.length).toBeLessThanOrEqual(10);
  expect(steps.map(([from = 0]) => from)).toEqual([5, ...steps.slice(0, -1).map(([, to]) => to)]);
  expect(steps.every(([from = 0, to = 0]) => from < to)).toBe(true);
  expect(steps.at(-1)?.[1]).toBe(100);
  expect(whole - back).toBeGreaterThan(slowStart - 500);
  // in the first third of the ramp its weight is at most 30 of 100
  const early = distribution(between(requests.results, back, back + slowStart / 3));
  expect(early['rs1'] ?? 0).toBeLessThan((early['rs2'] ?? 0) / 2);
  await requests.waitForSuccess(whole + 2_000);
  const late = distribution(between(requests.results, whole + 500, whole + 2_000));
  expect(late['rs1'] ?? 0).toBeGreaterThan((late['rs2'] ?? 0) / 2);
  expect(logSince(pair.d1, back - 5_000, /someone else changed/)).toEqual([]);
  expect(await told()).toEqual(['up VIRTUAL_SERVER UNKNOWN UP', 'server-down REAL_SERVER UP DOWN']);
});

it('a healthy server that a reload removes takes nothing new, and goes when its requests have their answers: none is lost', async () => {
  const from = await pair.lab.now();
  const all = content({ slow_start: undefined });
  await reload(pair.d1, editServers(all, (server) => ({ ...server, real_servers: (server['real_servers'] as readonly FileContent[]).slice(0, 2) })));
  expect((await table())['rs3'] ?? 0).toBe(0);
  // unless it had no connection at that moment, or is gone by now
  const { leaving } = (await pair.d1.status()).virtual_servers[0] ?? {};
  if (leaving) expect(leaving).toMatchObject([{ address: '10.0.0.13', port: 80 }]);
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100 });
  expect(logSince(pair.d1, from, /10\.0\.0\.13:80/).length).toBeGreaterThanOrEqual(2);
  await requests.waitForSuccess(await pair.lab.now() + 500);
  expect(lost(requests, from)).toEqual([]);
  await reload(pair.d1, all);
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100, rs3: 100 });
});

it('a server that comes and goes is held down for a time although its check succeeds', async () => {
  const from = await pair.lab.now();
  await reload(pair.d1, content({ slow_start: undefined, damping: { changes: 1, period: '60s', hold: '4s' } }));
  await set('failing', 'rs1');
  await expect.poll(table, settled).toEqual({ rs2: 100, rs3: 100 });
  await set('healthy', 'rs1');
  const held = await pair.d1.process.waitForLine(/WARN real server 10\.0\.0\.11:80 of web-80 is held down for 4 s/, settled.timeout, from);
  await pair.d1.process.waitForLine(/INFO real server 10\.0\.0\.11:80 of web-80 is held down no more/, settled.timeout, from);
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100, rs3: 100 });
  const toldAt = (line: string): number => Date.parse(line.split(' ')[0] ?? '');
  const added = logSince(pair.d1, toldAt(held.text), /added 10\.0\.0\.11:80/);
  expect(added).toHaveLength(1);
  // the hold begins with the decision, a moment before it is told
  expect(toldAt(added[0] ?? '') - toldAt(held.text)).toBeGreaterThan(2_000);
  await reload(pair.d1, content({ slow_start: undefined }));
});

it('commands are run once when the quorum is lost and once when it is back; a restart that changes nothing runs none', async () => {
  const before = (await told()).length;
  await set('failing', 'rs1', 'rs2');
  await expect.poll(async () => (await told()).slice(before).sort(), settled).toEqual(['down VIRTUAL_SERVER UP DOWN', 'server-down REAL_SERVER UP DOWN', 'server-down REAL_SERVER UP DOWN']);
  await set('healthy', 'rs1', 'rs2');
  await expect.poll(async () => (await told()).slice(before + 3), settled).toEqual(['up VIRTUAL_SERVER DOWN UP']);

  const since = await pair.lab.now();
  await pair.lab.must(`kill -TERM ${pair.d1.process.pid}`);
  await pair.d1.process.waitForLine(/stopped$/, 15_000, since);
  await pair.d1.configure(content({ panic: { threshold: '50%' } }));
  pair.d1.start();
  await pair.d1.process.waitForLine(/web: BACKUP -> MASTER/, 30_000);
  await expect.poll(async () => (await service()).real_servers.map(({ healthy }) => healthy), settled).toEqual([true, true, true]);
  expect((await told()).length).toBe(before + 4);
});

it('in panic all servers go on, nothing is lost, and the quorum stays; it ends when enough of them are back', async () => {
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100, rs3: 100 });
  const before = (await told()).length;
  const from = await pair.lab.now();
  await set('failing', 'rs1', 'rs2', 'rs3');
  await expect.poll(async () => (await service()).real_servers.map(({ healthy }) => healthy), settled).toEqual([false, false, false]);
  expect(await service()).toMatchObject({ panic: true, quorum_up: true });
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100, rs3: 100 });
  expect(logSince(pair.d1, from, /WARN web-80: panic: [23] of 3 real servers failed within 60 s, more than 50 %/)).toHaveLength(1);
  const inPanic = await pair.lab.now();
  await requests.waitForSuccess(inPanic + 2_000);
  expect(Object.keys(distribution(between(requests.results, inPanic))).sort()).toEqual(['rs1', 'rs2', 'rs3']);
  await set('healthy', 'rs1', 'rs2');
  await expect.poll(table, settled).toEqual({ rs1: 100, rs2: 100 });
  expect(logSince(pair.d1, from, /WARN web-80: the panic is over: 1 of 3 real servers is down still/)).toHaveLength(1);
  expect(await service()).not.toHaveProperty('panic');
  // one that failed a moment before the threshold was passed may have been out for that long, and its requests cut
  expect(lost(requests, inPanic, inPanic + 2_000)).toEqual([]);
  expect((await told()).slice(before).filter((line) => line.includes('VIRTUAL_SERVER'))).toEqual([]);
});
