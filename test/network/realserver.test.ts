/** `tandem realserver` on a host in a namespace: what it makes, that nobody on the segment hears of it, and that everything is as it was afterwards. */
import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { addressesOn, type Host, ipIn } from './namespaces.js';
import { staged } from './stage.js';
import { instance } from './vrrp-child.js';

const program = new URL('../../dist/bin/tandem.js', import.meta.url).pathname;
const asker = new URL('ask-segment.mjs', import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), 'tandem-realserver-'));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const context = staged();

const inside = (host: Host, ...command: string[]): string => execFileSync('ip', ['netns', 'exec', host.namespace, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const outcomeOf = (host: Host, ...command: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } => {
  const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', host.namespace, ...command], { encoding: 'utf8' });
  return { status, stdout, stderr };
};
const realserver = (host: Host, ...args: string[]) => outcomeOf(host, process.execPath, program, 'realserver', ...args, '--state-dir', directory);
/** Who answers the segment, of the address asked for and the host's own. */
const answered = ({ a }: { readonly a: Host }, own: string, address: string): string => inside(a, process.execPath, asker, 'e0', own, address).trim();
const settingNames = ['all', 'lo', 'e0'].flatMap((device) => ['arp_ignore', 'arp_announce'].map((name) => `net.ipv4.conf.${device}.${name}`));
const settingsOf = (host: Host): string => inside(host, 'sysctl', '-n', ...settingNames).trim().replaceAll('\n', ' ');
/** All of a host that may change (not the link-local addresses: whether they are tentative changes by itself). */
const stateOf = (host: Host): string => [ipIn(host, '-4', 'addr'), ipIn(host, '-6', 'addr', 'show', 'dev', 'lo'), inside(host, 'arptables', '-n', '-L'), inside(host, 'sh', '-c', 'grep -rs . /proc/sys/net/ipv4/conf | sort')].join('\n');

for (const method of ['sysctl', 'arptables']) {
  it(`by ${method} a host takes an address, answers no ARP for it, asks in its own name, and is as it was afterwards`, async () => {
    const { stage } = context;
    const { b } = stage;
    ipIn(b, 'addr', 'add', '10.77.0.100/32', 'dev', 'lo');
    expect(answered(stage, '10.77.0.2', '10.77.0.100')).toBe('10.77.0.100 10.77.0.2'); // as the kernel does it by itself
    ipIn(b, 'addr', 'del', '10.77.0.100/32', 'dev', 'lo');
    const before = stateOf(b);

    expect(realserver(b, 'apply', '10.77.0.100', '--arp-method', method)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/add 10\.77\.0\.100\/32 to lo\n$/) });
    expect(settingsOf(b)).toBe(method === 'sysctl' ? '1 2 1 2 1 2' : '0 0 0 0 0 0');
    expect(answered(stage, '10.77.0.2', '10.77.0.100')).toBe('10.77.0.2');

    const capture = await stage.capture(stage.a, 'arp[6:2] = 1 and arp[24:4] = 0x0a4d0001');
    const ping = spawn('ip', ['netns', 'exec', b.namespace, 'ping', '-c', '1', '-w', '1', '-I', '10.77.0.100', '10.77.0.1'], { stdio: 'ignore' });
    const request = await capture.until(({ arps }) => arps[0], 'ARP request of the real server', 15_000);
    expect(request.octets.subarray(28, 32).join('.')).toBe('10.77.0.2');
    ping.kill('SIGKILL');

    const made = stateOf(b);
    expect(realserver(b, 'apply', '10.77.0.100', '--arp-method', method)).toEqual({ status: 0, stderr: '', stdout: 'nothing to do\n' });
    expect(stateOf(b)).toBe(made);
    expect(JSON.parse(realserver(b, 'show', '--json').stdout)).toMatchObject({ complete: true, addresses: [{ address: '10.77.0.100', device: 'lo', bound: true, ours: true }], arp_rules: method === 'sysctl' ? 'not_needed' : 'right' });
    expect(realserver(b, 'remove')).toMatchObject({ status: 0, stderr: '' });
    expect(stateOf(b)).toBe(before);
    expect(realserver(b, 'show')).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing is applied on this host') });
  }, 60_000);
}

it('an IPv6 address on lo is silent by itself, also when the solicitation reaches the host', () => {
  const { stage } = context;
  const { b } = stage;
  ipIn(b, 'addr', 'add', 'fd00:77::2/64', 'dev', 'e0', 'nodad');
  // fd00:78::2 has the same solicited-node group
  expect(realserver(b, 'apply', 'fd00:78::2')).toEqual({ status: 0, stderr: '', stdout: 'add fd00:78::2/128 to lo\n' });
  expect(answered(stage, 'fd00:77::2', 'fd00:78::2')).toBe('fd00:77::2');
  expect(ipIn(b, 'addr', 'show', 'dev', 'lo')).toMatch(/inet6 fd00:78::2\/128 scope global nodad deprecated/);
  expect(realserver(b, 'remove').stdout).toBe('remove fd00:78::2/128 from lo\n');
});

it('what was there before, or was changed by others since, is left as it is, and what another name needs stays', () => {
  const { b } = context.stage;
  ipIn(b, 'addr', 'add', '10.77.0.100/32', 'dev', 'lo');
  inside(b, 'sysctl', '-qw', 'net.ipv4.conf.e0.arp_ignore=2', 'net.ipv4.conf.lo.arp_announce=1');
  expect(realserver(b, 'apply', '10.77.0.100', '10.77.0.101')).toMatchObject({ status: 0 });
  expect(realserver(b, 'apply', '10.77.0.101', '10.77.0.102', '--name', 'mail')).toMatchObject({ status: 0, stdout: 'add 10.77.0.102/32 to lo\n' });
  expect(settingsOf(b)).toBe('1 2 1 2 2 2');
  expect(realserver(b, 'apply', '10.77.0.100')).toMatchObject({ status: 0, stdout: 'nothing to do\n' });
  inside(b, 'sysctl', '-qw', 'net.ipv4.conf.e0.arp_announce=1');
  expect(realserver(b, 'show')).toMatchObject({ status: 1, stdout: expect.stringContaining('net.ipv4.conf.e0.arp_announce = 1  WRONG, should be 2\n') });

  expect(realserver(b, 'remove', '--name', 'mail').stdout).toBe('remove 10.77.0.101/32 from lo\nremove 10.77.0.102/32 from lo\n');
  expect(settingsOf(b)).toBe('1 2 1 2 2 1');
  realserver(b, 'remove');
  expect(settingsOf(b)).toBe('0 0 0 1 2 1');
  expect(ipIn(b, '-4', '-o', 'addr', 'show', 'dev', 'lo')).toContain('10.77.0.100/32');
}, 60_000);

it('an address that is on another interface is refused, and nothing is done', () => {
  const { b } = context.stage;
  ipIn(b, 'addr', 'add', '10.77.0.100/32', 'dev', 'e0');
  const before = stateOf(b);
  expect(realserver(b, 'apply', '10.77.0.101', '10.77.0.100')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('nothing was done:\n  10.77.0.100/32 is on e0 already') });
  expect(stateOf(b)).toBe(before);
});

it('beside a director on the same host neither takes anything from the other', async () => {
  const { stage } = context;
  const { b } = stage;
  expect(realserver(b, 'apply', '10.77.0.100')).toMatchObject({ status: 0 });
  const director = stage.child(b);
  await director.configure([instance()]);
  await director.line(/^web: holding/);
  expect(answered(stage, '10.77.0.2', '10.77.0.100')).toBe('10.77.0.100 10.77.0.2');
  expect(realserver(b, 'apply', '10.77.0.100')).toMatchObject({ status: 1, stderr: expect.stringContaining('10.77.0.100/32 is on e0 already') });
  expect(realserver(b, 'remove', '--dry-run').stdout).toContain('would remove 10.77.0.100/32 from lo\n');
  await director.stop();
  expect(addressesOn(b)).toEqual(['10.77.0.2/24']);
  expect(addressesOn(b, 'lo')).toContain('10.77.0.100/32');
  expect(answered(stage, '10.77.0.2', '10.77.0.100')).toBe('10.77.0.2');
  expect(realserver(b, 'apply', '10.77.0.100')).toEqual({ status: 0, stderr: '', stdout: 'nothing to do\n' });
}, 60_000);

it('after a failure half way remove puts everything back', () => {
  const { b } = context.stage;
  const before = stateOf(b);
  inside(b, 'sysctl', '-qw', 'net.ipv6.conf.lo.disable_ipv6=1');
  expect(realserver(b, 'apply', '10.77.0.100', 'fd00:77::100')).toMatchObject({ status: 1, stdout: expect.stringContaining('add 10.77.0.100/32 to lo\n'), stderr: expect.stringContaining('could not add fd00:77::100/128 to lo: EACCES: IPv6 is switched off there') });
  expect(settingsOf(b)).toBe('1 2 1 2 1 2');
  expect(realserver(b, 'remove')).toMatchObject({ status: 0 });
  inside(b, 'sysctl', '-qw', 'net.ipv6.conf.lo.disable_ipv6=0');
  expect(stateOf(b)).toBe(before);
});

it('without privileges it says which capability is missing, and a dry run says what would be done', () => {
  const { b } = context.stage;
  const without = (...args: string[]) => outcomeOf(b, 'setpriv', '--bounding-set=-net_admin', process.execPath, program, 'realserver', ...args, '--state-dir', directory);
  expect(without('apply', '10.77.0.100')).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('needs the capability CAP_NET_ADMIN') });
  expect(without('apply', '10.77.0.100', '--dry-run')).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^would set net\.ipv4\.conf\.all\.arp_ignore: 0 -> 1\n(.*\n)*would add 10\.77\.0\.100\/32 to lo\n$/) });
});
