/** The host's settings in a folder that stands for /proc/sys/net: told, set, remembered over a crash, put back. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostSettings } from '../../src/supervisor/host-settings.js';
import type { LogEvent } from '../../src/supervisor/messages.js';
import { accepted } from '../config/reading.js';

let folder: string;
let log: LogEvent[];
const put = (path: string, value: string): void => {
  mkdirSync(dirname(join(folder, 'net', path)), { recursive: true });
  writeFileSync(join(folder, 'net', path), `${value}\n`);
};
const get = (path: string): string => readFileSync(join(folder, 'net', path), 'utf8').trim();
const configuration = (manage: boolean, address = '192.0.2.22') => accepted(`system: { manage: ${String(manage)} }\nvirtual_servers:\n  - { name: web, address: 192.0.2.10, port: 80, forwarding: nat, real_servers: [{ address: ${address} }] }\n`);
const one = (manage: boolean) => configuration(manage, '198.51.100.22');
const dr = accepted('virtual_servers:\n  - { name: web, address: 192.0.2.10, port: 80, forwarding: dr, real_servers: [{ address: 192.0.2.22 }] }\nsystem: { manage: true }\n');
const settings = (): HostSettings => new HostSettings(folder, (event) => log.push(event), join(folder, 'net'), () => [{ interface: 'eth0', address: '192.0.2.1', prefixLength: 24 }]);
const said = (): readonly string[] => log.splice(0).map(({ level, message }) => `${level} ${message}`);
const redirects = ['ipv4/conf/all/send_redirects', 'ipv4/conf/eth0/send_redirects'] as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-settings-'));
  log = [];
  put('ipv4/ip_forward', '0');
  for (const name of ['all', 'default', 'eth0', 'eth1']) put(`ipv4/conf/${name}/forwarding`, name === 'eth1' ? '1' : '0');
  put('ipv4/conf/all/accept_redirects', '1');
  for (const path of redirects) put(path, '1');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('what forwarding needs', () => {
  it('is told with the command and the reason, once, and again when it is missing again', async () => {
    const host = settings();
    await host.configure(one(false));
    expect(said()).toEqual(['warn net.ipv4.ip_forward is 0, and should be 1. nat (web) needs it: without it the answers of real servers do not reach the clients; run sysctl -w net.ipv4.ip_forward=1 (and put it into /etc/sysctl.d), or give system: { manage: true }']);
    await host.configure(one(false));
    expect(said()).toEqual([]);
    put('ipv4/ip_forward', '1');
    await host.configure(one(false));
    put('ipv4/ip_forward', '0');
    await host.configure(one(false));
    expect(said()).toHaveLength(1);
    expect(get('ipv4/ip_forward')).toBe('0');
  });

  it('is set with system.manage, also of interfaces, and put back at the end', async () => {
    const host = settings();
    await host.configure(configuration(true));
    expect([get('ipv4/ip_forward'), ...redirects.map(get)]).toEqual(['1', '0', '0']);
    expect(said()).toHaveLength(3);
    await host.stop();
    expect([get('ipv4/ip_forward'), ...redirects.map(get)]).toEqual(['0', '1', '1']);
    expect(said()).toContain('info net.ipv4.ip_forward: 1 -> 0, as it was');
    expect(existsSync(join(folder, 'settings.json'))).toBe(false);
  });

  it('that follows another setting in the kernel is as before too', async () => {
    const host = settings();
    await host.configure(one(true));
    // what the kernel does by itself
    for (const name of ['all', 'default', 'eth0', 'eth1']) put(`ipv4/conf/${name}/forwarding`, '1');
    put('ipv4/conf/all/accept_redirects', '0');
    await host.stop();
    expect(['all', 'default', 'eth0', 'eth1'].map((name) => get(`ipv4/conf/${name}/forwarding`))).toEqual(['0', '0', '0', '1']);
    expect(get('ipv4/conf/all/accept_redirects')).toBe('1');
  });

  it('is put back after a crash as it was before it', async () => {
    await settings().configure(configuration(true));
    const next = settings();
    said();
    await next.configure(configuration(true));
    expect(said()).toEqual([]);
    await next.stop();
    expect([get('ipv4/ip_forward'), ...redirects.map(get)]).toEqual(['0', '1', '1']);
  });

  it('is put back when a reload needs it no more, or gives the settings back', async () => {
    const host = settings();
    await host.configure(configuration(true));
    await host.configure(one(true));
    expect([get('ipv4/ip_forward'), ...redirects.map(get)]).toEqual(['1', '1', '1']);
    await host.configure(dr);
    expect(get('ipv4/ip_forward')).toBe('0');
    await host.configure(one(true));
    said();
    await host.configure(one(false));
    expect(get('ipv4/ip_forward')).toBe('0');
    expect(said().at(-1)).toMatch(/^warn net\.ipv4\.ip_forward is 0/);
  });

  it('that someone else changed meanwhile stays, and so does the setting of an interface that is gone', async () => {
    const host = settings();
    await host.configure(configuration(true));
    put('ipv4/ip_forward', '2');
    rmSync(join(folder, 'net/ipv4/conf/eth0'), { recursive: true });
    await host.stop();
    expect([get('ipv4/ip_forward'), get(redirects[0])]).toEqual(['2', '1']);
    expect(said().filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  it('that this kernel does not have is no problem', async () => {
    for (const path of ['ipv4/ip_forward', ...redirects]) rmSync(join(folder, 'net', path));
    await settings().configure(configuration(true));
    expect(said()).toEqual([]);
  });
});

it('a setting that cannot be made is told with what forbids it', async () => {
  rmSync(folder, { recursive: true });
  mkdirSync(join(folder, 'settings.json.new'), { recursive: true }); // the record cannot be written
  put('ipv4/ip_forward', '0');
  mkdirSync(join(folder, 'net/ipv4/conf'), { recursive: true });
  await settings().configure(one(true));
  expect(said()).toEqual([expect.stringMatching(/^warn net\.ipv4\.ip_forward is 0, and should be 1\. .*; it could not be set: EISDIR.*ProtectKernelTunables=no$/)]);
  expect(get('ipv4/ip_forward')).toBe('0');
});

it.each(['{', '[{ "path": "ipv4/../../kernel/panic", "before": "1", "ours": "0", "cause": "x" }]'])('a damaged record (%s) is moved aside and told, and nothing is written', async (text) => {
  writeFileSync(join(folder, 'settings.json'), text);
  const host = settings();
  await host.configure(one(true));
  expect(said()).toEqual([expect.stringMatching(/damaged: moved to .*settings\.json\.corrupt/), expect.stringMatching(/^info net\.ipv4\.ip_forward: 0 -> 1/)]);
  await host.stop();
  expect(get('ipv4/ip_forward')).toBe('0');
});
