/** Someone else changes what is Tandem's in the kernel of a running director: it is put right, and told; what is theirs stays. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { between, longestOutage } from '../../src/lab/summary.js';
import { startRequests, type RequestStream } from '../../src/lab/traffic.js';
import { requireLab } from '../tiers.js';
import { logSince, lost, measureSlack, PairUnderTest, patience } from './directors.js';

requireLab();

const service = 'TCP 10.0.0.100:80';
const stranger = 'TCP 10.0.0.77:80';
const allServers = { [service]: { rs1: 1, rs2: 1, rs3: 1 } };
/** ms: the kernel is compared with what is wanted every so often */
const audit = 30_000;

let pair: PairUnderTest;
let requests: RequestStream;
let slack: number;
let begin: number;

beforeAll(async () => {
  pair = await PairUnderTest.boot();
  await pair.start();
  requests = startRequests(pair.site, { timeout: patience });
  for (const { name } of pair.site.realServers) await requests.waitForSuccess(0, name);
  slack = await measureSlack(pair.lab, requests);
});
afterAll(() => pair?.lab.stop());

beforeEach(async () => {
  begin = await pair.lab.now();
});

it('a VIP deleted on the master is back within a second each time, and the log tells it once', async () => {
  for (let round = 1; round <= 3; round++) {
    const deleted = Number(await pair.site.must('d1', 'ip addr del 10.0.0.100/32 dev e0; date +%s%3N'));
    await expect.poll(() => pair.holdsVip(pair.d1), { interval: 100, timeout: 5_000 }).toBe(true);
    // the first request that starts a second later, and the next ones, are answered
    await requests.waitForSuccess(deleted + 1_500);
    expect(lost(requests, deleted + 1_000)).toEqual([]);
  }
  const [line = '', ...more] = logSince(pair.d1, begin, /WARN web: someone else deleted 10\.0\.0\.100\/32 on e0 while we are MASTER/);
  expect(more).toEqual([]);
  const [putBack = ''] = logSince(pair.d1, begin, /web: put back 1 address, \d+ gratuitous ARPs sent/);
  const at = (text: string): number => Date.parse(text.split(' ')[0] ?? '');
  expect(at(putBack) - at(line)).toBeLessThan(1_000);
  expect(logSince(pair.d2, begin, /web: \w+ -> \w+/)).toEqual([]);
});

it('a destination deleted, a weight edited and a sync daemon stopped are put right at the next audit; a service of someone else is left alone', async () => {
  const changed = Number(
    await pair.site.must(
      'd1',
      `ipvsadm -d -t 10.0.0.100:80 -r 10.0.0.11; ipvsadm -e -t 10.0.0.100:80 -r 10.0.0.12 -g -w 7
       ipvsadm -A -t 10.0.0.77:80 -s wrr; ipvsadm -a -t 10.0.0.77:80 -r 10.0.0.13 -g
       ipvsadm --stop-daemon master; date +%s%3N`,
    ),
  );
  await pair.site.must('d2', 'ipvsadm --stop-daemon backup');
  expect([await pair.syncRoles(pair.d1), await pair.syncRoles(pair.d2)]).toEqual([['backup'], ['master']]);
  const { time } = await pair.d1.process.waitForLine(/WARN someone else changed the IPVS table: 2 changes made to put it right/, audit + slack, changed);
  expect(time - changed).toBeLessThan(audit + slack);
  expect(await pair.weights(pair.d1)).toEqual({ ...allServers, [stranger]: { rs3: 1 } });
  for (const tandem of pair.both) {
    await tandem.process.waitForLine(/WARN connection sync: someone else changed the kernel's sync daemons: put right/, changed + audit + slack - time, changed);
    expect(await pair.syncRoles(tandem)).toEqual(['backup', 'master']);
  }
  // rs1's connections were reset at its deletion: whoever was on the way there
  expect(lost(requests, changed + slack)).toEqual([]);
});

it('ipvsadm -C on both directors: services are back within the audit, and the log says that someone else did it', async () => {
  const before = await pair.lab.now();
  for (const { director } of pair.both) await pair.site.must(director.name, 'ipvsadm -C');
  await Promise.all(pair.both.map((tandem) => pair.lab.now().then((now) => tandem.process.waitForLine(/WARN someone else changed the IPVS table: 4 changes made to put it right/, before + audit + slack - now, before))));
  for (const tandem of pair.both) expect(await pair.weights(tandem)).toEqual(allServers);
  const { start } = await requests.waitForSuccess((await pair.lab.now()) + 1_000);
  expect(longestOutage(between(requests.results, before, start))?.milliseconds).toBeLessThan(audit + slack);
  expect(logSince(pair.d1, before, /web: \w+ -> \w+/)).toEqual([]);
});
