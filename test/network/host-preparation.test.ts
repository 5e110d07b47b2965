/** The whole daemon in a namespace: the marks and settings that services need, over a reload, a crash, and both kinds of stop. (This machine's kernel need not have IPVS.) */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Host } from './namespaces.js';
import { staged } from './stage.js';

const program = new URL('../../dist/bin/tandemd.js', import.meta.url).pathname;
const context = staged();
let directory = '';
let config = '';
let runtime = '';
let clear = async (): Promise<void> => undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-host-'));
  [config, runtime] = [join(directory, 'tandem.yaml'), join(directory, 'run')];
});
afterEach(async () => {
  await clear();
  rmSync(directory, { recursive: true });
});

const inside = (host: Host, ...command: string[]): string => execFileSync('ip', ['netns', 'exec', host.namespace, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const rulesOf = (host: Host): readonly string[] => ['iptables-save', 'ip6tables-save'].flatMap((save) => inside(host, save, '-t', 'mangle').split('\n').filter((line) => line.startsWith('-A')));
const names = ['net.ipv4.ip_forward', 'net.ipv4.conf.e0.forwarding', 'net.ipv4.conf.lo.forwarding', 'net.ipv4.conf.all.send_redirects', 'net.ipv4.conf.e0.send_redirects'];
const settingsOf = (host: Host): string => inside(host, 'sysctl', '-n', ...names).trim().replaceAll('\n', ' ');

const file = (match: string, onStop: string, manage = true, ofSix = ''): string => `vrrp:
  instances:
    - { name: web, interface: e0, virtual_router_id: 51, virtual_addresses: [10.77.0.100] }
system: { manage: ${String(manage)} }
ipvs: { on_stop: ${onStop}, modprobe: [/bin/true] }
virtual_servers:
  - { name: web, fwmark: 7, match: ${match}, forwarding: nat, health_check: none, real_servers: [{ address: 10.77.0.2 }] }
  - { name: six, ${ofSix}fwmark: 7, match: ["[2001:db8:77::100]:80"], forwarding: dr, health_check: none, real_servers: [{ address: "2001:db8:77::2" }] }
`;

const start = async (host: Host) => {
  const child = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, program, '--config', config, '--runtime-dir', runtime], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const daemon = { log: '', child, exited };
  child.stdout.on('data', (chunk: Buffer) => (daemon.log += chunk.toString()));
  clear = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  await vi.waitFor(() => expect(daemon.log).toMatch(/INFO ready/), { timeout: 20_000, interval: 20 });
  return daemon;
};

it('marks and settings are there from the start, follow a reload, are known again after a crash, and go as the table goes', async () => {
  const { a } = context.stage;
  inside(a, 'sysctl', '-qw', 'net.ipv4.ip_forward=0', 'net.ipv4.conf.lo.forwarding=1', 'net.ipv4.conf.all.send_redirects=1', 'net.ipv4.conf.e0.send_redirects=1');
  inside(a, 'iptables', '-t', 'mangle', '-A', 'PREROUTING', '-p', 'icmp', '-j', 'ACCEPT');
  const before = settingsOf(a);
  expect(before).toBe('0 0 1 1 1');
  const chain = (name: string, ports: readonly number[]) => ports.map((port) => `-A ${name} -d 10.77.0.100/32 -p tcp -m tcp --dport ${port} -j MARK --set-xmark 0x7/0xffffffff`);
  const marks = (...ports: readonly number[]) => [
    '-A PREROUTING -j TANDEM-MARK',
    '-A PREROUTING -p icmp -j ACCEPT',
    '-A OUTPUT -j TANDEM-MARK-LOCAL',
    ...chain('TANDEM-MARK', ports),
    ...chain('TANDEM-MARK-LOCAL', ports),
    '-A PREROUTING -j TANDEM-MARK',
    '-A OUTPUT -j TANDEM-MARK-LOCAL',
    ...['TANDEM-MARK', 'TANDEM-MARK-LOCAL'].map((name) => `-A ${name} -d 2001:db8:77::100/128 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x7/0xffffffff`),
  ];

  writeFileSync(config, file('["10.77.0.100:80", "10.77.0.100:443"]', 'keep'), { mode: 0o600 });
  const first = await start(a);
  expect([rulesOf(a), settingsOf(a)]).toEqual([marks(80, 443), '1 1 1 0 0']);
  expect(first.log.indexOf('made the chain TANDEM-MARK ')).toBeLessThan(first.log.indexOf('web: INIT ->'));

  writeFileSync(config, file('["10.77.0.100:80"]', 'keep'), { mode: 0o600 });
  first.child.kill('SIGHUP');
  await vi.waitFor(() => expect(first.log).toMatch(/configuration reloaded/), { timeout: 15_000, interval: 20 });
  expect(rulesOf(a)).toEqual(marks(80));

  first.child.kill('SIGKILL');
  await first.exited;
  const second = await start(a);
  expect(second.log).not.toMatch(/the chain|ip_forward/);
  await clear(); // the table stays, and so do the marks; the addresses are gone, and with them what needs the settings
  expect([rulesOf(a), settingsOf(a)]).toEqual([marks(80), before]);

  writeFileSync(config, file('["10.77.0.100:80"]', 'remove', false), { mode: 0o600 });
  const third = await start(a);
  expect(third.log).not.toMatch(/the chain/);
  expect(third.log.match(/WARN net\.ipv4\.\S+ is \d, and should be/g)).toHaveLength(3);
  await clear();
  expect([rulesOf(a), settingsOf(a)]).toEqual([['-A PREROUTING -p icmp -j ACCEPT'], before]);
  expect(existsSync(join(runtime, 'settings.json'))).toBe(false);

  writeFileSync(config, file('["10.77.0.100:80"]', 'remove', false, 'on_stop: keep, '), { mode: 0o600 });
  await start(a);
  expect(rulesOf(a)).toEqual(marks(80));
  await clear(); // of one that stays
  expect(rulesOf(a)).toEqual(['-A PREROUTING -p icmp -j ACCEPT', ...marks(80).slice(-4)]);
  clear = async () => undefined;
}, 90_000);

it('a real server of NAT over IPv6 on the segment of its clients hears no redirect with system.manage; without, it does, and that is told', async () => {
  const { a, b } = context.stage;
  inside(a, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
  inside(a, 'ip', 'addr', 'add', '2001:db8:77::1/64', 'dev', 'e0', 'nodad');
  inside(b, 'ip', 'addr', 'add', '2001:db8:77::2/64', 'dev', 'e0', 'nodad');
  // of a client on the segment b knows only the way through the director
  inside(b, 'ip', 'route', 'add', '2001:db8:77::9', 'via', '2001:db8:77::1');
  const answer = (): void => void spawnSync('ip', ['netns', 'exec', b.namespace, 'ping', '-6', '-c', '1', '-W', '0.2', '2001:db8:77::9']);
  const heard = (): number => Number(/Icmp6InRedirects\s+(\d+)/.exec(inside(b, 'cat', '/proc/net/snmp6'))?.[1]);
  const dropped = (): number => Number(/^\s*(\d+)\s.*DROP/m.exec(inside(a, 'ip6tables', '-vnL', 'TANDEM-REDIRECT'))?.[1]);
  const content = (manage: boolean): string => `system: { manage: ${String(manage)} }
ipvs: { modprobe: [/bin/true] }
virtual_servers: [{ name: web, address: "2001:db8:77::100", port: 80, forwarding: nat, health_check: none, real_servers: [{ address: "2001:db8:77::2" }] }]
`;
  writeFileSync(config, content(true), { mode: 0o600 });
  const daemon = await start(a);
  await vi.waitFor(() => (answer(), expect(dropped()).toBeGreaterThan(0)), { timeout: 20_000, interval: 100 });
  expect(heard()).toBe(0);
  expect(daemon.log).not.toMatch(/ICMPv6 redirects/);

  writeFileSync(config, content(false), { mode: 0o600 });
  daemon.child.kill('SIGHUP');
  await vi.waitFor(() => expect(daemon.log).toMatch(/configuration reloaded/), { timeout: 15_000, interval: 20 });
  expect(daemon.log).toMatch(/WARN nat \(web\) has its real servers on the segment of the virtual address, e0: ICMPv6 redirects/);
  await vi.waitFor(() => (answer(), expect(heard()).toBeGreaterThan(0)), { timeout: 20_000, interval: 100 });
}, 60_000);
