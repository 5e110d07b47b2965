/** Full NAT, marks set by the daemon itself, the host's settings, a director that is a real server too: with real traffic, as a client sees it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/lab.js';
import { Tandem, type FileContent } from '../../src/lab/pair.js';
import { buildSite, type Site } from '../../src/lab/topology.js';
import { requireLab } from '../tiers.js';
import { logSince, reload } from './directors.js';

requireLab();

let lab: Lab;
let site: Site;
let tandem: Tandem;

const vip = { ipv4: '10.0.0.100', ipv6: 'fd00::100' } as const;
const inside = { ipv4: '10.1.0.1', ipv6: 'fd01::1' } as const;

const content = (onStop: 'keep' | 'remove', manage: boolean, ...services: readonly FileContent[]): FileContent => ({
  ipvs: { on_stop: onStop, modprobe: ['/sbin/modprobe', '-d', '/run/kernel'] },
  system: { manage },
  virtual_servers: services.map((service, index) => ({ name: `s${index}`, scheduler: 'rr', forwarding: 'fullnat', health_check: 'none', ...service })),
});
const web: FileContent = { address: vip.ipv4, port: 80, real_servers: [{ address: '10.1.0.11' }, { address: '10.1.0.12', port: 7000 }] };
const dns: FileContent = { address: vip.ipv4, port: 53, protocol: 'udp', real_servers: [{ address: '10.1.0.11', port: 5353 }] };
const six: FileContent = { address: vip.ipv6, port: 80, real_servers: [{ address: 'fd01::11', port: 8080 }] };

/** Answers, over TCP and UDP, with the address that it sees. */
const seer = `const tell = (a) => a.replace('::ffff:', '') + '\\n';
require('net').createServer((c) => c.on('error', () => 0).end(tell(c.remoteAddress))).listen(8080, '::');
const u = require('dgram').createSocket('udp6').bind(5353);
u.on('message', (_, { address, port }) => u.send(tell(address), port, address));
console.log('listening');`;

const start = async (): Promise<void> => {
  const since = await lab.now();
  tandem.start();
  await tandem.process.waitForLine(/INFO ready/, 60_000, since);
};
const get = (path = '', address = vip.ipv4, port = 80): Promise<string> => site.must('cli', `curl -sS -m 5 http://${address}:${port}/${path}`).then((text) => text.trim());
const dial = (protocol: 'tcp' | 'udp', address: string, port: number): Promise<string> =>
  site.must('cli', `timeout 5 bash -c 'exec 3<>/dev/${protocol}/${address}/${port}; echo >&3; head -n 1 <&3'`).then((text) => text.trim());
const rules = async (): Promise<readonly string[]> => (await site.must('d1', 'iptables-legacy-save; ip6tables-legacy-save')).split('\n').filter((line) => line.includes('TANDEM'));
const setting = async (...names: readonly string[]): Promise<string> => (await site.must('d1', `sysctl -n ${names.join(' ')}`)).trim().replaceAll('\n', ' ');
const forwarding = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.conf.e1.forwarding', 'net.ipv4.conf.e0.forwarding'] as const;

beforeAll(async () => {
  lab = await Lab.boot();
  site = await buildSite(lab, { forwarding: 'nat', realServers: 2 });
  const names = 'ipv6 iptable_mangle ip6table_mangle iptable_nat ip6table_nat xt_mark xt_MASQUERADE xt_nat';
  await lab.must(`
    for name in ${names}; do modprobe $name; done
    mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi # this kernel has the legacy back end only
    for server in rs1 rs2 sorry; do ip -n $server route del default; done # no way back but to their own network
    ip -n d1 addr add ${vip.ipv4}/32 dev e0; ip -n d1 addr add ${vip.ipv6}/64 dev e0 nodad; ip -n d1 addr add ${inside.ipv6}/64 dev e1 nodad
    ip -n cli addr add fd00::9/64 dev e0 nodad; ip -n rs1 addr add fd01::11/64 dev e0 nodad
    ip netns exec d1 sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.e1.forwarding=1`);
  const server = site.start('rs1', 'seer', `exec node -e "${seer.replaceAll('\n', ' ')}"`);
  tandem = new Tandem(site, site.directors[0]);
  await tandem.configure(content('keep', true, web, dns, six));
  await Promise.all([server.waitForLine(/listening/, 60_000), start()]);
}, 120_000);
afterAll(() => lab?.stop());

describe('fullnat', () => {
  it('brings clients to servers that have no route to them, and these see the director', async () => {
    expect([await get(), await get()].sort()).toEqual(['rs1', 'rs2']);
    expect(await get('client')).toBe(inside.ipv4);
  });

  it('does so over UDP and IPv6, with mapped ports', async () => {
    expect(await dial('udp', vip.ipv4, 53)).toBe(inside.ipv4);
    expect(await dial('tcp', vip.ipv6, 80)).toBe(inside.ipv6);
  });

  it('has one rule for each service in a chain of its own, and netfilter knows the connections', async () => {
    expect((await rules()).filter((line) => line.startsWith('-A'))).toEqual([
      '-A POSTROUTING -j TANDEM-FULLNAT',
      '-A TANDEM-FULLNAT -m ipvs --vproto 6 --vaddr 10.0.0.100 --vport 80 --vmethod MASQ -j MASQUERADE',
      '-A TANDEM-FULLNAT -m ipvs --vproto 17 --vaddr 10.0.0.100 --vport 53 --vmethod MASQ -j MASQUERADE',
      '-A POSTROUTING -j TANDEM-FULLNAT',
      '-A TANDEM-FULLNAT -m ipvs --vproto 6 --vaddr fd00::100 --vport 80 --vmethod MASQ -j MASQUERADE',
    ]);
    expect(await setting('net.ipv4.vs.conntrack')).toBe('1');
    expect((await tandem.status()).virtual_servers[0]?.real_servers[0]?.forwarding).toBe('fullnat');
  });

  it('with system.manage the host forwards', async () => {
    expect(await setting(...forwarding)).toBe('1 1 1 1');
  });
});

describe('when the daemon', () => {
  it('has crashed, clients are served on, and it knows its rules and settings again', async () => {
    const since = await lab.now();
    await lab.must(`kill -KILL -- -${tandem.process.pid ?? 0}`);
    await tandem.process.exited;
    expect([await get(), await get()].sort()).toEqual(['rs1', 'rs2']);
    await start();
    expect(logSince(tandem, since, /the chain|net\.ipv4\.ip_forward/)).toEqual([]);
    expect(await get('client')).toBe(inside.ipv4);
  });
});

describe('a service by a mark that the daemon sets', () => {
  const marked: FileContent = { fwmark: 7, match: [{ address: vip.ipv4, ports: [80, 7000] }], persistence: '60s', real_servers: [{ address: '10.1.0.11' }, { address: '10.1.0.12' }] };

  it('is one service for two ports: a persistent client keeps its server over both', async () => {
    await reload(tandem, content('remove', true, marked));
    const answers = [await get(), await get('', vip.ipv4, 7000), await get(), await get('', vip.ipv4, 7000)];
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^rs[12]$/);
    expect(await get('client', vip.ipv4, 7000)).toBe(inside.ipv4);
    expect((await rules()).filter((line) => line.startsWith('-A'))).toEqual([
      '-A PREROUTING -j TANDEM-MARK',
      '-A OUTPUT -j TANDEM-MARK-LOCAL',
      ...['TANDEM-MARK', 'TANDEM-MARK-LOCAL'].flatMap((chain) => [80, 7000].map((port) => `-A ${chain} -d 10.0.0.100/32 -p tcp -m tcp --dport ${port} -j MARK --set-xmark 0x7/0xffffffff`)),
      '-A POSTROUTING -j TANDEM-FULLNAT',
      '-A TANDEM-FULLNAT -m mark --mark 0x7 -m ipvs --vmethod MASQ -j MASQUERADE',
    ]);
  });

  it('is reached from the director itself too', async () => {
    expect(await site.must('d1', `curl -sS -m 5 http://${vip.ipv4}:7000/`)).toMatch(/^rs[12]\n$/);
  });

  it('takes IPv6, and its rules go when a reload takes them out', async () => {
    await reload(tandem, content('remove', true, { ...six, address: undefined, port: undefined, fwmark: 7, match: ['[fd00::100]:80'] }));
    expect(await dial('tcp', vip.ipv6, 80)).toBe(inside.ipv6);
    expect(await site.must('d1', 'iptables-legacy-save')).not.toMatch(/TANDEM/);
    // IPv4 is not forwarded any more: put back, with what followed it
    expect(await setting(...forwarding)).toBe('0 1 1 0');
  });
});

it('the sorry server is reached by fullnat as well, from an address that is given', async () => {
  await reload(tandem, content('remove', true, { address: vip.ipv4, port: 80, forwarding: { method: 'fullnat', source: '10.1.0.1' }, health_check: { type: 'tcp', port: 9, interval: '100ms', fall: 1 }, real_servers: [{ address: '10.1.0.11' }], sorry_server: { address: '10.1.0.99', port: 7000 } }));
  await expect.poll(() => get().catch(() => ''), { timeout: 15_000 }).toBe('sorry');
  expect(await get('client')).toBe(inside.ipv4);
  expect(await rules()).toContain('-A TANDEM-FULLNAT -m ipvs --vproto 6 --vaddr 10.0.0.100 --vport 80 --vmethod MASQ -j SNAT --to-source 10.1.0.1');
});

describe('a director that is a real server too', () => {
  it.each(['dr', 'tun'])('serves what it schedules to itself by %s, and sees no drift', async (method) => {
    if (method === 'dr') await site.must('d1', 'mkdir -p /run/own; sed s/rs1/own/g /run/rs1/nginx.conf >/run/own/nginx.conf; nginx -p /run/own -c /run/own/nginx.conf -e /run/own/error.log');
    await reload(tandem, content('remove', true, { address: vip.ipv4, port: 80, forwarding: method, real_servers: [{ address: '10.0.0.1' }] }));
    expect(await get()).toBe('own');
    expect(await get('client')).toBe('10.0.0.9');
    // what the reload took out leaves with weight 0 first, and goes seconds later
    await expect.poll(() => site.must('d1', 'ipvsadm -Sn | grep -c -- -a'), { timeout: 45_000 }).toBe('1\n');
    const since = await lab.now();
    await reload(tandem, content('remove', true, { address: vip.ipv4, port: 80, forwarding: method, real_servers: [{ address: '10.0.0.1' }] }));
    expect(logSince(tandem, since, /IPVS: /)).toEqual([]);
  });
});

describe('without system.manage', () => {
  it('what is missing is told once, with the command that cures it', async () => {
    const since = await lab.now();
    for (const weight of [1, 2]) await reload(tandem, content('remove', false, { ...web, weight: undefined, scheduler: 'wrr', real_servers: [{ address: '10.1.0.11', weight }] }));
    expect(logSince(tandem, since, /WARN net/).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'WARN net.ipv4.ip_forward is 0, and should be 1. fullnat (s0) needs it: without it the answers of real servers do not reach the clients; run sysctl -w net.ipv4.ip_forward=1 (and put it into /etc/sysctl.d), or give system: { manage: true }',
    ]);
  });

  it('an orderly stop that removes the table leaves nothing behind', async () => {
    tandem.process.signal('SIGTERM', { group: true });
    await tandem.process.exited;
    expect(await rules()).toEqual([]);
    expect(await site.must('d1', 'ipvsadm -Sn')).toBe('');
    expect(await setting('net.ipv4.vs.conntrack', ...forwarding)).toBe('0 0 0 1 0');
    expect(await lab.must(`ls ${tandem.folder}`)).not.toMatch(/settings/);
  });
});
