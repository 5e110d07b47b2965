/** Two hosts that are directors and web servers at once, by fullnat, with marks that they set themselves, and accept: false. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FileContent } from '../../src/lab/pair.js';
import { WebServer } from '../../src/lab/web-server.js';
import { requireLab } from '../tiers.js';
import { PairUnderTest } from './directors.js';

requireLab();

let pair: PairUnderTest;

const edit = (content: FileContent): FileContent => {
  const vrrp = content['vrrp'] as { readonly instances: readonly FileContent[] };
  const check = { type: 'http', path: '/health', interval: '500ms', timeout: '1s', rise: 1, fall: 2, port: 80 };
  return {
    ...content,
    vrrp: { ...vrrp, instances: vrrp.instances.map((instance) => ({ ...instance, accept: false })) },
    virtual_servers: [
      { name: 'web', fwmark: 7, match: [{ address: '10.0.0.100', ports: [80, 7000] }], scheduler: 'rr', forwarding: 'fullnat', health_check: check, real_servers: [{ address: '10.0.0.1' }, { address: '10.0.0.2' }] },
    ],
  };
};

const get = async (path = '', port = 80): Promise<string> => (await pair.site.run('cli', `curl -sS -m 5 http://${pair.site.vip}:${port}/${path}`)).stdout.trim();
const several = async (count: number, path = ''): Promise<readonly string[]> => {
  const answers: string[] = [];
  for (let index = 0; index < count; index++) answers.push(await get(path, index % 4 < 2 ? 80 : 7000));
  return answers.sort();
};

beforeAll(async () => {
  pair = await PairUnderTest.boot(edit, { realServers: 0 });
  const { site, lab } = pair;
  await lab.must(`
    for name in iptable_mangle iptable_nat xt_mark xt_MASQUERADE; do modprobe $name; done
    mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi # this kernel has the legacy back end only
    for director in d1 d2; do ip netns exec $director sysctl -qw net.ipv4.ip_forward=1; done`);
  for (const { name, address } of site.directors) await new WebServer(site, name, address).set('healthy');
  await pair.start();
  await Promise.all(pair.both.map(({ process }) => process.waitForLine(/real server 10\.0\.0\.2\S* of web is up/, 30_000)));
}, 120_000);
afterAll(() => pair?.lab.stop());

it('the master serves clients itself and by the standby, over both ports, and nothing goes round in circles', async () => {
  expect(await several(8)).toEqual(['d1', 'd1', 'd1', 'd1', 'd2', 'd2', 'd2', 'd2']);
  // the host itself sees the client, the other one the director
  expect(await several(4, 'client')).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.9', '10.0.0.9']);
});

it('what is not marked is dropped by accept: false', async () => {
  expect((await pair.site.run('cli', `timeout 2 bash -c 'exec 3<>/dev/tcp/${pair.site.vip}/9'`)).status).toBe(124);
});

it('when the master dies the other one serves alone', async () => {
  await pair.site.powerOff('d1');
  await pair.d2.process.waitForLine(/web: holding 1 address/, 20_000);
  await pair.d2.process.waitForLine(/real server 10\.0\.0\.1\S* of web is down/, 20_000);
  expect(await several(4)).toEqual(['d2', 'd2', 'd2', 'd2']);
  expect(await get('client')).toBe('10.0.0.9');
});
