/** kill -9 of each process of each director, and of all of a director's at once: what clients and operators see. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tandem } from '../../src/lab/pair.js';
import { between, summarizeConnection } from '../../src/lab/summary.js';
import { startConnection, startRequests, type LongConnection, type RequestStream } from '../../src/lab/traffic.js';
import { requireLab } from '../tiers.js';
import { type Counters, logSince, longestGap, lost, measureSlack, PairUnderTest, patience } from './directors.js';

requireLab();

const service = 'TCP 10.0.0.100:80';
const allServers = { [service]: { rs1: 1, rs2: 1, rs3: 1 } };
const stranger = 'TCP 10.0.0.77:80';
/** between requests, in ms */
const every = 100;
/** A child takes 1 to 3 s to start on the lab's one slow CPU: the interval leaves it that much, as 1 s does on a real machine. */
const interval = 2_000;
/** of the backup, priority 100 (RFC 9568, 6.1) */
const skewTime = ((256 - 100) * interval) / 256;
const masterDownInterval = 3 * interval + skewTime;
const polled = { timeout: 15_000, interval: 300 };

let pair: PairUnderTest;
let requests: RequestStream;
let connection: LongConnection;
let slack: number;
/** when the present test began, by the lab's clock */
let begin: number;

const transitions = (tandem: Tandem): readonly string[] => logSince(tandem, begin, /web: \w+ -> \w+/);
const webCounters = async (tandem: Tandem): Promise<Readonly<Record<string, Counters>>> => (await pair.counters(tandem))[service] ?? {};
const total = (counters: Readonly<Record<string, Counters>>): number => Object.values(counters).reduce((sum, { connections }) => sum + connections, 0);

/** All three processes of a director run, none of them with one of these ids. */
const complete = (tandem: Tandem, except: Readonly<Record<string, number>> = {}): Promise<void> =>
  expect
    .poll(async () => {
      const processes = await pair.processes(tandem);
      return Object.values(processes).some((pid) => Object.values(except).includes(pid)) ? [] : Object.keys(processes).sort();
    }, polled)
    .toEqual(['lvs', 'tandemd', 'vrrp']);

/** The VIP is on d1 and on no other, connection sync runs on both, both tables are whole. */
async function inOrder(): Promise<void> {
  await expect.poll(() => Promise.all(pair.both.map((tandem) => pair.holdsVip(tandem))), polled).toEqual([true, false]);
  for (const tandem of pair.both) await expect.poll(() => pair.syncRoles(tandem), polled).toEqual(['backup', 'master']);
  for (const tandem of pair.both) await expect.poll(() => pair.weights(tandem), polled).toMatchObject(allServers);
}

beforeAll(async () => {
  pair = await PairUnderTest.boot((content) => ({
    ...content,
    vrrp: { instances: (content['vrrp'] as { instances: object[] }).instances.map((instance) => ({ ...instance, advertisement_interval: `${interval}ms` })) },
  }));
  await pair.start();
  await pair.site.must('d1', 'ipvsadm -A -t 10.0.0.77:80 -s wrr; ipvsadm -a -t 10.0.0.77:80 -r 10.0.0.13 -g');
  requests = startRequests(pair.site, { every, timeout: patience });
  connection = startConnection(pair.site, { every: 200 });
  await connection.waitForAnswer(0);
  for (const { name } of pair.site.realServers) await requests.waitForSuccess(0, name);
  slack = await measureSlack(pair.lab, requests);
});
afterAll(() => pair?.lab.stop());

beforeEach(async () => {
  begin = await pair.lab.now();
});
afterEach(async () => {
  await connection.waitForAnswer(await pair.lab.now());
  const { servers, end } = summarizeConnection(connection.events);
  expect({ end, servers }).toEqual({ end: undefined, servers: [expect.any(String)] });
});

describe('the vrrp child', () => {
  it('killed on the master: a new one resumes as master; no failover, the VIP stays, no request is lost', async () => {
    const before = await pair.processes(pair.d1);
    const killed = await pair.kill(pair.d1, ['vrrp']);
    const { vrrp = 0 } = before;
    await complete(pair.d1, { vrrp });
    await pair.d1.process.waitForLine(/web: INIT -> MASTER/, 10_000, killed);
    await requests.waitForSuccess(killed + masterDownInterval + 1_000);
    expect(transitions(pair.d2)).toEqual([]);
    expect(transitions(pair.d1)).toEqual([expect.stringContaining('INIT -> MASTER')]);
    expect(lost(requests, begin)).toEqual([]);
    await inOrder();
    // the kernel's sync daemons went on: nothing was to be done
    expect(logSince(pair.d1, begin, /connection sync: /)).toEqual([]);
    expect(logSince(pair.d1, begin, /ERROR vrrp was killed by SIGKILL; it is started again at once/)).toHaveLength(1);
  });

  it('killed on the backup: a new one is backup again, and nobody notices', async () => {
    const { vrrp = 0 } = await pair.processes(pair.d2);
    await pair.kill(pair.d2, ['vrrp']);
    await complete(pair.d2, { vrrp });
    await pair.d2.process.waitForLine(/web: INIT -> BACKUP/, 10_000, begin);
    await requests.waitForSuccess((await pair.lab.now()) + masterDownInterval + 1_000);
    expect([...transitions(pair.d1), ...transitions(pair.d2)]).toEqual([expect.stringContaining('INIT -> BACKUP')]);
    expect(lost(requests, begin)).toEqual([]);
    await inOrder();
  });
});

describe('the lvs child', () => {
  it.each([0, 1] as const)('killed on director %i: the table is not touched, counters and connections go on, verdicts return', async (index) => {
    const tandem = pair.both[index];
    const before = await webCounters(tandem);
    const { lvs = 0 } = await pair.processes(tandem);
    await pair.kill(tandem, ['lvs']);
    expect(await pair.weights(tandem)).toMatchObject(allServers);
    await complete(tandem, { lvs });
    // a failure after the restart is found as ever: verdicts are back
    const [held] = summarizeConnection(connection.events).servers;
    const server = pair.site.realServers.find(({ name }) => name !== held);
    if (server === undefined) throw new Error('only one real server');
    await server.set('failing');
    await expect.poll(async () => (await pair.weights(tandem))[service], polled).not.toHaveProperty(server.name);
    await server.set('healthy');
    for (const each of pair.both) await expect.poll(() => pair.weights(each), polled).toMatchObject(allServers);
    const after = await webCounters(tandem);
    if (index === 0) {
      for (const { name } of pair.site.realServers.filter(({ name }) => name !== server.name)) {
        expect(after[name]?.connections).toBeGreaterThan(before[name]?.connections ?? Infinity);
      }
      expect(await pair.weights(tandem)).toHaveProperty([stranger]);
    }
    expect(logSince(tandem, begin, /IPVS: .*(added|deleted|changed)/).filter((line) => !line.includes(`${server.address}:80`))).toEqual([]);
    // on its way to that server when it was taken out
    expect(lost(requests, begin).length).toBeLessThanOrEqual(2);
    expect([...transitions(pair.d1), ...transitions(pair.d2)]).toEqual([]);
  });

  it('stopped (SIGSTOP) on the master: advertisements go on; the supervisor kills it after its pings, and a new one takes over', async () => {
    const { lvs = 0 } = await pair.processes(pair.d1);
    const stopped = await pair.kill(pair.d1, ['lvs'], 'STOP');
    const { time } = await pair.d1.process.waitForLine(/ERROR lvs does not answer: 20 pings in a row are unanswered, it is killed/, 30_000, stopped);
    expect(time - stopped).toBeGreaterThan(18_000);
    await complete(pair.d1, { lvs });
    await pair.d1.process.waitForLine(/real server 10\.0\.0\.11:80 of web-80 is up/, 15_000, time);
    expect([...transitions(pair.d1), ...transitions(pair.d2)]).toEqual([]);
    expect(lost(requests, begin)).toEqual([]);
    expect(await pair.weights(pair.d1)).toMatchObject(allServers);
  });
});

describe('the supervisor', () => {
  it('killed on the backup: its children end, nobody notices; started again it is backup', async () => {
    await pair.kill(pair.d2, ['tandemd']);
    await expect.poll(() => pair.lab.run('ip netns pids d2').then(({ stdout }) => stdout), polled).toBe('');
    expect(await pair.weights(pair.d2)).toMatchObject(allServers);
    pair.d2.start();
    await pair.d2.process.waitForLine(/INFO ready/, 30_000);
    expect(transitions(pair.d1)).toEqual([]);
    expect(lost(requests, begin)).toEqual([]);
    await inOrder();
  });

  it('killed on the master: its children resign and release, the backup takes over at once, the IPVS table stays; started again it takes over its own', async () => {
    const before = await webCounters(pair.d1);
    const killed = await pair.kill(pair.d1, ['tandemd']);
    const { time } = await pair.d2.process.waitForLine(/web: BACKUP -> MASTER, 10\.0\.0\.1 resigned/, 10_000, killed);
    expect(time - killed).toBeLessThan(skewTime + slack);
    await expect.poll(() => pair.lab.run('ip netns pids d1').then(({ stdout }) => stdout), polled).toBe('');
    expect(await pair.holdsVip(pair.d1)).toBe(false);
    expect(await pair.weights(pair.d1)).toMatchObject({ ...allServers, [stranger]: {} });
    const { start } = await requests.waitForSuccess(time + 500);
    expect(longestGap(between(requests.results, killed, start), every)).toBeLessThan(skewTime + slack);
    await connection.waitForAnswer(time + 500);

    pair.d1.start();
    await pair.d1.process.waitForLine(/web: BACKUP -> MASTER/, 30_000);
    await pair.d1.process.waitForLine(/INFO ready/, 30_000);
    await inOrder();
    expect(Object.keys(await pair.weights(pair.d1)).sort()).toEqual([service, stranger].sort());
    expect(total(await webCounters(pair.d1))).toBeGreaterThanOrEqual(total(before));
    expect(logSince(pair.d1, begin, /IPVS: .*(added|deleted)/)).toEqual([]);
    const back = await pair.lab.now();
    await requests.waitForSuccess(back + 1_000);
    expect(lost(requests, back)).toEqual([]);
  });
});

describe('all three processes at once', () => {
  it('on the backup: nobody notices; started again it takes over what was left', async () => {
    await pair.kill(pair.d2, ['tandemd', 'vrrp', 'lvs']);
    expect(await pair.weights(pair.d2)).toMatchObject(allServers);
    pair.d2.start();
    await pair.d2.process.waitForLine(/INFO ready/, 30_000);
    expect(transitions(pair.d1)).toEqual([]);
    expect(lost(requests, begin)).toEqual([]);
    expect(logSince(pair.d2, begin, /IPVS: .*(added|deleted)/)).toEqual([]);
    await inOrder();
  });

  it('on the master: the backup takes over although the VIP was left behind; started again it takes over what is its own, and nothing of a stranger', async () => {
    const killed = await pair.kill(pair.d1, ['tandemd', 'vrrp', 'lvs']);
    expect(await pair.holdsVip(pair.d1)).toBe(true);
    const { time } = await pair.d2.process.waitForLine(/web: BACKUP -> MASTER/, masterDownInterval + 10_000, killed);
    expect(time - killed).toBeLessThan(masterDownInterval + slack);
    await connection.waitForAnswer(time + 500);
    // until then the kernel of the dead director went on forwarding
    const { start } = await requests.waitForSuccess(time + 500);
    expect(longestGap(between(requests.results, killed, start), every)).toBeLessThan(slack);

    pair.d1.start();
    await pair.d1.process.waitForLine(/INFO ready/, 30_000);
    await inOrder();
    expect(Object.keys(await pair.weights(pair.d1)).sort()).toEqual([service, stranger].sort());
    expect(logSince(pair.d1, begin, /IPVS: .*(added|deleted)/)).toEqual([]);
    const back = await pair.lab.now();
    await requests.waitForSuccess(back + 1_000);
    expect(lost(requests, back)).toEqual([]);
  });
});
