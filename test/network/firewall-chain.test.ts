/** Chains of our own in the real firewall of a namespace, by both back ends; and accept: false, as a client sees it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BackEnd, FirewallChain } from '../../src/network/firewall-chain.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { type Host, ipIn } from './namespaces.js';
import { onStage, staged } from './stage.js';

requireNetworkNamespaces();

const compiled = new URL('../../dist/network/firewall-chain.js', import.meta.url).href;
const inside = (host: Host, ...command: string[]): string => execFileSync('ip', ['netns', 'exec', host.namespace, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** Does it in a process of the host; what came of it, or the error's code and message. */
const firewall = (host: Host, backEnd: BackEnd, action: 'ensure' | 'remove', chain: FirewallChain, environment: NodeJS.ProcessEnv = process.env): string => {
  const program = `import(${JSON.stringify(compiled)}).then(({ Firewall }) => new Firewall(${JSON.stringify(backEnd)}).${action}(${JSON.stringify(chain)})).then(console.log, (error) => console.log(error.code, error.message));`;
  return spawnSync('/usr/sbin/ip', ['netns', 'exec', host.namespace, process.execPath, '-e', program], { encoding: 'utf8', env: environment }).stdout.trim();
};

const rules = { ipv4: ['-i lo -j RETURN', '-p icmp -m icmp --icmp-type 3 -j RETURN', '-d 10.77.0.100/32 -p tcp -m tcp --dport 80 -j RETURN', '-d 10.77.0.100/32 -p tcp -j RETURN', '-d 10.77.0.100/32 -j DROP'], ipv6: ['-p ipv6-icmp -m icmp6 --icmpv6-type 135 -j RETURN', '-d 2001:db8::1/128 -p udp -m udp --dport 53 -j RETURN', '-d 2001:db8::1/128 -j DROP'] } as const;

describe.each(['-nft', '-legacy'] as const)('a chain of our own by iptables%s', (backEnd) => {
  it.each(['ipv4', 'ipv6'] as const)('%s is made beside what is there, known again, put right, and removed without a trace', (family) =>
    onStage(async ({ a }) => {
      const iptables = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}${backEnd}`;
      const chain: FirewallChain = { family, table: 'filter', hook: 'INPUT', name: 'TANDEM-TEST', position: 'first', rules: rules[family] };
      inside(a, iptables, '-A', 'INPUT', '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT');
      const listed = (): readonly string[] => inside(a, iptables, '-S').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const before = listed();

      expect(firewall(a, backEnd, 'ensure', chain)).toBe('made');
      const after = listed();
      expect(after).toEqual([...before.slice(0, 3), '-N TANDEM-TEST', '-A INPUT -j TANDEM-TEST', ...before.slice(3), ...chain.rules.map((rule) => `-A TANDEM-TEST ${rule}`)]);
      expect(firewall(a, backEnd, 'ensure', chain)).toBe('unchanged');

      inside(a, iptables, '-D', 'INPUT', '-j', 'TANDEM-TEST');
      inside(a, iptables, '-F', 'TANDEM-TEST');
      expect(firewall(a, backEnd, 'ensure', chain)).toBe('put_right');
      expect(listed()).toEqual(after);
      inside(a, iptables, '-A', 'INPUT', '-j', 'TANDEM-TEST');
      expect(firewall(a, backEnd, 'ensure', { ...chain, rules: chain.rules.slice(1) })).toBe('put_right');
      expect(listed().filter((line) => line === '-A INPUT -j TANDEM-TEST')).toHaveLength(1);
      expect(firewall(a, backEnd, 'ensure', { ...chain, rules: ['-j NOWHERE'] })).toMatch(/^REFUSED ip6?tables/);
      expect(listed()).toContain(`-A TANDEM-TEST ${chain.rules.at(-1) ?? ''}`); // whole or not at all

      expect(firewall(a, backEnd, 'remove', chain)).toBe('removed');
      expect(firewall(a, backEnd, 'remove', chain)).toBe('unchanged');
      expect(listed()).toEqual(before);
    })());

  it('stands in any table and hook, behind what is there when so wanted', onStage(async ({ a }) => {
    const chain: FirewallChain = { family: 'ipv4', table: 'nat', hook: 'POSTROUTING', name: 'TANDEM-SNAT', position: 'last', rules: ['-s 10.77.0.0/24 -j MASQUERADE'] };
    inside(a, `iptables${backEnd}`, '-t', 'nat', '-A', 'POSTROUTING', '-j', 'RETURN');
    expect(firewall(a, backEnd, 'ensure', chain)).toBe('made');
    expect(firewall(a, backEnd, 'ensure', chain)).toBe('unchanged');
    expect(inside(a, `iptables${backEnd}`, '-t', 'nat', '-S', 'POSTROUTING').trim().split('\n').slice(1)).toEqual(['-A POSTROUTING -j RETURN', '-A POSTROUTING -j TANDEM-SNAT']);
    expect(firewall(a, backEnd, 'remove', chain)).toBe('removed');
  }));
});

describe('without iptables', () => {
  it('the error names the package', onStage(async ({ a }) => {
    const chain: FirewallChain = { family: 'ipv6', table: 'filter', hook: 'INPUT', name: 'X', position: 'first', rules: [] };
    expect(firewall(a, '', 'ensure', chain, { PATH: '/nonexistent' })).toBe('TOOL_MISSING ip6tables-save is not there: install the package iptables (apt-get install iptables, dnf install iptables-nft)');
  }));
});

describe('accept: false', () => {
  const context = staged();
  const program = new URL('../../dist/bin/tandemd.js', import.meta.url).pathname;
  const directory = mkdtempSync(join(tmpdir(), 'tandem-accept-'));
  const config = join(directory, 'tandem.yaml');
  let clear = async (): Promise<void> => undefined;
  afterEach(async () => {
    await clear();
    rmSync(directory, { recursive: true });
  });

  const start = (host: Host) => {
    const child = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, program, '--config', config, '--runtime-dir', join(directory, 'run')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const daemon = { log: '', child, exited };
    child.stdout.on('data', (chunk: Buffer) => (daemon.log += chunk.toString()));
    clear = async () => {
      child.kill('SIGTERM');
      await exited;
    };
    return daemon;
  };
  /** `refused`, or `silent` when nothing comes back. */
  const asked = (from: Host, address: string): string =>
    spawnSync('ip', ['netns', 'exec', from.namespace, process.execPath, '-e', `require('net').connect({ host: '${address}', port: 9 }).on('error', ({ code }) => (console.log(code === 'ECONNREFUSED' ? 'refused' : code), process.exit())); setTimeout(() => (console.log('silent'), process.exit()), 700);`], { encoding: 'utf8' }).stdout.trim();

  it('drops what is sent to the virtual addresses only, from before they are held until the end; a crash and a reload leave nothing behind', async () => {
    const { a, b } = context.stage;
    for (const [host, last] of [[a, '1'], [b, '2']] as const) ipIn(host, 'addr', 'add', `2001:db8:77::${last}/64`, 'dev', 'e0', 'nodad');
    ipIn(a, 'addr', 'add', 'fe80::a/64', 'dev', 'e0', 'nodad');
    const file = (accept: boolean): string => `vrrp:
  instances:
    - { name: web, interface: e0, virtual_router_id: 51, advertisement_interval: 100ms, accept: ${String(accept)}, virtual_addresses: [10.77.0.100/32, { address: "2001:db8:77::100", advertise: false }] }
`;
    const rulesOf = (): string => inside(a, 'iptables-save', '-t', 'filter') + inside(a, 'ip6tables-save', '-t', 'filter');
    writeFileSync(config, file(false), { mode: 0o600 });
    const daemon = start(a);
    const says = (pattern: RegExp, process = daemon) => vi.waitFor(() => expect(process.log).toMatch(pattern), { timeout: 15_000, interval: 20 });
    await says(/web: holding 2 addresses/);
    expect(daemon.log.indexOf('made the chain TANDEM-ACCEPT')).toBeLessThan(daemon.log.indexOf('web: INIT ->'));
    expect([asked(b, '10.77.0.100'), asked(b, '2001:db8:77::100')]).toEqual(['silent', 'silent']);
    expect([asked(b, '10.77.0.1'), asked(b, '2001:db8:77::1')]).toEqual(['refused', 'refused']);
    // the neighbours answer all the same
    expect(ipIn(b, 'neigh', 'show', '10.77.0.100')).toMatch(/lladdr/);
    expect(ipIn(b, 'neigh', 'show', '2001:db8:77::100')).toMatch(/lladdr/);

    daemon.child.kill('SIGKILL');
    await daemon.exited;
    expect(rulesOf()).toMatch(/TANDEM-ACCEPT/);
    const again = start(a);
    await says(/web: holding 2 addresses/, again);
    expect(again.log).not.toMatch(/the chain/);
    expect(rulesOf().match(/-A INPUT -j TANDEM-ACCEPT/g)).toHaveLength(2);
    expect(asked(b, '10.77.0.100')).toBe('silent');

    writeFileSync(config, file(true), { mode: 0o600 });
    again.child.kill('SIGHUP');
    await says(/configuration reloaded/, again);
    expect(rulesOf()).not.toMatch(/TANDEM/);
    expect([asked(b, '10.77.0.100'), asked(b, '2001:db8:77::100')]).toEqual(['refused', 'refused']);

    writeFileSync(config, file(false), { mode: 0o600 });
    again.child.kill('SIGHUP');
    await vi.waitFor(() => expect(rulesOf()).toMatch(/TANDEM-ACCEPT/), { timeout: 15_000, interval: 50 });
    await clear();
    clear = async () => undefined;
    expect(rulesOf()).not.toMatch(/TANDEM/);
  }, 60_000);
});
