/** Health checks against real web servers that fail in the ways in which web servers fail, as clients feel it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthCheck, siteConfiguration, type FileContent } from '../../src/lab/pair.js';
import { between, distribution, summarizeConnection } from '../../src/lab/summary.js';
import type { Director } from '../../src/lab/topology.js';
import { startConnection, startRequests, type RequestStream } from '../../src/lab/traffic.js';
import type { WebServer, WebServerMode } from '../../src/lab/web-server.js';
import { requireLab } from '../tiers.js';
import { readAccessLog, switchOnAccessLog } from './access-log.js';
import { editServers, logSince, lost, measureSlack, PairUnderTest, patience, reload } from './directors.js';

requireLab();

const web80 = 'TCP 10.0.0.100:80';
const web7000 = 'TCP 10.0.0.100:7000';
const second = 1_000;
/** What the rules allow, in ms. */
const outWithin = healthCheck.fall * (healthCheck.interval + healthCheck.timeout) * second;
const backWithin = healthCheck.rise * (healthCheck.interval + healthCheck.timeout) * second;

let pair: PairUnderTest;
let requests: RequestStream;
let slack: number;

/** Port 80 by rs1 and rs2. Port 7000 by the same, checked on port 80 with the same check, with on_failure: weight_zero. */
const content = (director: Director, rs3: { readonly on80?: boolean; readonly on7000?: boolean } = {}): FileContent =>
  editServers(siteConfiguration(pair.site, director, { ports: [80, 7000] }), (server) => {
    const [first, other, third] = server['real_servers'] as readonly FileContent[];
    const check = server['health_check'] as FileContent;
    if (server['port'] === 80) return { ...server, real_servers: rs3.on80 ? [first, other, third] : [first, other] };
    return {
      ...server,
      on_failure: 'weight_zero',
      health_check: { ...check, port: 80 },
      real_servers: rs3.on7000 ? [first, other, { ...third, health_check: 'none' }] : [first, other],
    };
  });

beforeAll(async () => {
  pair = await PairUnderTest.boot();
  for (const tandem of pair.both) await tandem.configure(content(tandem.director));
  await pair.start();
  requests = startRequests(pair.site, { timeout: patience });
  for (const name of ['rs1', 'rs2']) await requests.waitForSuccess(0, name);
  slack = await measureSlack(pair.lab, requests);
});
afterAll(() => pair?.lab.stop());

it('a check that two services share is made once by each director', async () => {
  const server = pair.site.realServer('rs1');
  await switchOnAccessLog(pair.site, server);
  const { start: from } = await requests.waitForSuccess((await pair.lab.now()) + second, 'rs1');
  await requests.waitForSuccess(from + 6 * second);
  const checks = (await readAccessLog(pair.site, server)).filter(({ path, time }) => path === '/health' && time >= from);
  for (const { director } of pair.both) {
    const times = checks.filter(({ client }) => client === director.address).map(({ time }) => time);
    const perSecond = ((times.length - 1) * second) / ((times.at(-1) ?? 0) - (times[0] ?? 0));
    expect(perSecond).toBeGreaterThan(0.8);
    expect(perSecond).toBeLessThan(1.2);
  }
});

describe.each<{ readonly mode: WebServerMode; readonly does: string; readonly reason: RegExp }>([
  { mode: 'failing', does: 'answers 500', reason: /HTTP status 500, expected 200-299 \(2 failures\)/ },
  { mode: 'hanging', does: 'accepts but never answers', reason: /\(2 failures\)/ },
  { mode: 'refusing', does: 'refuses connections', reason: /refused.*\(2 failures\)/ },
  { mode: 'dropping', does: 'drops packets', reason: /\(2 failures\)/ },
])('a web server that $does', ({ mode, reason }) => {
  let server: WebServer;

  it('is given no more requests within fall x (interval + timeout)', async () => {
    server = pair.site.realServer('rs1');
    const before = await pair.lab.now();
    await server.set(mode);
    const limit = (await pair.lab.now()) + outWithin + slack;
    await requests.waitForSuccess(limit + second);
    const after = between(requests.results, limit);
    expect(after.filter(({ outcome, server: by }) => outcome !== 'ok' || by === 'rs1')).toEqual([]);
    expect(logSince(pair.d1, before, /10\.0\.0\.11:80 of web-80 is down/)).toEqual([expect.stringMatching(reason)]);
    // one that still serves what it is asked costs nobody a request
    if (mode === 'failing') expect(lost(requests, before)).toEqual([]);
  });

  it('is back after rise successes', async () => {
    const before = await pair.lab.now();
    await server.set('healthy');
    const healthy = await pair.lab.now();
    const { start } = await requests.waitForSuccess(before, 'rs1');
    expect(start - healthy).toBeLessThan(backWithin + slack);
    expect(logSince(pair.d1, before, /10\.0\.0\.11:80 of web-80 is up/)).toEqual([expect.stringMatching(/\(2 successes\)/)]);
    await requests.waitForSuccess(start + second);
    expect(lost(requests, start)).toEqual([]);
  });
});

it('on_failure: weight_zero leaves the server in the table with weight 0, and its long-lived connection alive', async () => {
  const connection = startConnection(pair.site, { port: 7000 });
  const { detail: name } = await connection.waitForAnswer(0);
  const server = pair.site.realServer(name);
  const other = name === 'rs1' ? 'rs2' : 'rs1';
  await server.set('failing');
  await expect.poll(() => pair.weights(pair.d1), { timeout: outWithin + slack + second }).toEqual({ [web80]: { [other]: 1 }, [web7000]: { [name]: 0, [other]: 1 } });

  const stream = startRequests(pair.site, { port: 7000, every: 100, timeout: patience });
  const { start: from } = await stream.waitForSuccess(0);
  const { time } = await connection.waitForAnswer(from + 2 * second);
  expect(Object.keys(distribution(await stream.stop()))).toEqual([other]);
  const { servers, longestSilence, end } = summarizeConnection(connection.events);
  expect({ servers, end }).toEqual({ servers: [name], end: undefined });
  expect(longestSilence).toBeLessThan(slack);

  await server.set('healthy');
  await expect.poll(() => pair.weights(pair.d1), { timeout: backWithin + slack + second }).toEqual({ [web80]: { rs1: 1, rs2: 1 }, [web7000]: { rs1: 1, rs2: 1 } });
  await connection.waitForAnswer(time + second);
  expect(summarizeConnection(connection.events).end).toBeUndefined();
  await connection.stop();
});

it('a server that a reload adds gets no request before its first success', async () => {
  const server = pair.site.realServer('rs3');
  await switchOnAccessLog(pair.site, server);
  await server.set('failing');
  const before = await pair.lab.now();
  for (const tandem of pair.both) await reload(tandem, content(tandem.director, { on80: true }));
  await pair.d1.process.waitForLine(/10\.0\.0\.13:80 of web-80 is down/, outWithin + slack, before);
  await requests.waitForSuccess((await pair.lab.now()) + second);
  expect(await pair.weights(pair.d1)).toMatchObject({ [web80]: { rs1: 1, rs2: 1 } });

  await server.set('healthy');
  await requests.waitForSuccess(before, 'rs3');
  const accesses = await readAccessLog(pair.site, server);
  const firstRequest = accesses.find(({ path }) => path === '/')?.time ?? Infinity;
  const firstSuccess = accesses.find(({ client, path, status }) => client === pair.d1.director.address && path === '/health' && status === 200)?.time ?? Infinity;
  expect(accesses.filter(({ status }) => status === 500).length).toBeGreaterThanOrEqual(healthCheck.fall);
  expect(firstSuccess).toBeLessThan(firstRequest);
  expect(lost(requests, before)).toEqual([]);
});

it('a server with health_check: none is taken as healthy, whatever it answers', async () => {
  for (const tandem of pair.both) await reload(tandem, content(tandem.director, { on80: true, on7000: true }));
  const stream = startRequests(pair.site, { port: 7000, every: 100, timeout: patience });
  await stream.waitForSuccess(0, 'rs3');
  const before = await pair.lab.now();
  await pair.site.realServer('rs3').set('failing');
  await pair.d1.process.waitForLine(/10\.0\.0\.13:80 of web-80 is down/, outWithin + slack, before);
  await stream.waitForSuccess(await pair.lab.now(), 'rs3');
  expect((await stream.stop()).filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  expect(await pair.weights(pair.d1)).toEqual({ [web80]: { rs1: 1, rs2: 1 }, [web7000]: { rs1: 1, rs2: 1, rs3: 1 } });
  const { virtual_servers: servers } = await pair.d1.status();
  const shown = servers.map(({ name, real_servers: realServers }) => [name, realServers.map(({ healthy, weight, check }) => [healthy, weight, check === 'none'])]);
  expect(shown).toEqual([
    ['web-80', [[true, 1, false], [true, 1, false], [false, null, false]]],
    ['web-7000', [[true, 1, false], [true, 1, false], [true, 1, true]]],
  ]);
});
