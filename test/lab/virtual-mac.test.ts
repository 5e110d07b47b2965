/** A pair with virtual MACs that does not accept packets to its addresses: IPVS serves the clients all the same, over a failover too. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FileContent } from '../../src/lab/pair.js';
import { startRequests, type RequestStream } from '../../src/lab/traffic.js';
import { requireLab } from '../tiers.js';
import { lost, measureSlack, PairUnderTest } from './directors.js';

requireLab();

const virtualMac = '00:00:5e:00:01:33';

let pair: PairUnderTest;
let requests: RequestStream;

const edit = (content: FileContent): FileContent => {
  const vrrp = content['vrrp'] as { readonly instances: readonly FileContent[] };
  return { ...content, vrrp: { ...vrrp, instances: vrrp.instances.map((instance) => ({ ...instance, virtual_mac: true, accept: false })) } };
};

/** How the VIP answers a connection to a port that no service has: `refused`, or `silent`. */
const answerAt = async (port: number): Promise<string> => (await pair.site.run('cli', `timeout 3 bash -c 'exec 3<>/dev/tcp/${pair.site.vip}/${port}'; echo status $?`)).stdout.includes('status 124') ? 'silent' : 'refused';

beforeAll(async () => {
  pair = await PairUnderTest.boot(edit);
  await pair.lab.must('modprobe macvlan');
  // this kernel has the legacy back end only
  await pair.lab.must('mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi');
  await pair.start();
  requests = startRequests(pair.site, { every: 50 });
  for (const { name } of pair.site.realServers) await requests.waitForSuccess(0, name);
});
afterAll(() => pair?.lab.stop());

it('serves at the virtual MAC, and is silent where it has no service', async () => {
  expect(await pair.site.must('cli', `ip neigh show ${pair.site.vip}`)).toContain(virtualMac);
  expect(await pair.site.must('d1', 'ip -o -4 addr show dev vrrp.51')).toContain(` ${pair.site.vip}/32 `);
  expect(await answerAt(9)).toBe('silent');
  expect(await pair.site.must('d1', 'iptables-legacy-save -t filter')).toContain(`-A TANDEM-ACCEPT -d ${pair.site.vip}/32 -j DROP`);
});

it('after the crash of the master the clients keep the address that they know, and are served by the other one', async () => {
  const slack = await measureSlack(pair.lab, requests);
  const from = await pair.lab.now();
  await pair.site.powerOff('d1');
  await pair.d2.process.waitForLine(/web: holding 1 address/, 20_000, from);
  const taken = await pair.lab.now();
  await requests.waitForSuccess(taken + slack);
  const { start } = await requests.waitForSuccess(taken + slack + 2_000);
  expect(lost(requests, taken + slack, start)).toEqual([]);
  expect(await pair.site.must('cli', `ip neigh show ${pair.site.vip}`)).toContain(virtualMac);
  expect(await answerAt(9)).toBe('silent');
  expect(await pair.site.must('d2', 'ip -o -4 addr show dev vrrp.51')).toContain(` ${pair.site.vip}/32 `);
});
