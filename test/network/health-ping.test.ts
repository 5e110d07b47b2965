/** Pings, and what the network says of datagrams, from a network namespace of the test's own (root). */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PingHealthCheck } from '../../src/config/model.js';
import { EchoSockets } from '../../src/health/echo-sockets.js';
import { pingBy } from '../../src/health/ping.js';
import { probe } from '../../src/health/probe.js';
import type { ProbeResult } from '../../src/health/state.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { pingCheck, shortTimeout, udpCheck } from '../health/checks.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { visit } from './visit.js';

requireNetworkNamespaces();

const director = `tandem-ping-d${process.pid}`;
const server = `tandem-ping-s${process.pid}`;
const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
const ip = (...args: string[]): void => void run('ip', ...args);
const inServer = (...args: string[]): void => void run('ip', 'netns', 'exec', server, ...args);

let leave: (() => void) | undefined;

beforeAll(() => {
  for (const namespace of [director, server]) {
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  ip('-n', director, 'link', 'add', 'e0', 'type', 'veth', 'peer', 'name', 'e0', 'netns', server);
  for (const [namespace, last] of [[director, 1], [server, 2]] as const) {
    ip('-n', namespace, 'addr', 'add', `10.78.0.${last}/24`, 'dev', 'e0');
    ip('-n', namespace, 'addr', 'add', `2001:db8:78::${last}/64`, 'dev', 'e0', 'nodad');
    ip('-n', namespace, 'link', 'set', 'e0', 'up');
  }
  ip('-n', director, 'addr', 'add', '10.78.0.11/24', 'dev', 'e0');
  ip('-n', director, 'addr', 'add', '2001:db8:78::11/64', 'dev', 'e0', 'nodad');
  inServer('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.icmp_ratelimit=0', 'net.ipv4.icmp_msgs_per_sec=100000', 'net.ipv4.icmp_msgs_burst=10000');
  // 10.81.0.0/24: a host of many addresses; 10.80.0.0/24 and 2001:db8:80::/64: forbidden and unreachable behind the server
  ip('-n', server, 'route', 'add', 'local', '10.81.0.0/24', 'dev', 'lo');
  ip('-n', server, 'route', 'add', 'prohibit', '10.80.0.0/24');
  ip('-n', server, 'route', 'add', 'unreachable', '2001:db8:80::/64');
  for (const network of ['10.81.0.0/24', '10.80.0.0/24']) ip('-n', director, 'route', 'add', network, 'via', '10.78.0.2');
  ip('-n', director, 'route', 'add', '2001:db8:80::/64', 'via', '2001:db8:78::2');
  ip('-n', director, 'route', 'add', 'unreachable', '10.79.0.0/24');
  // 10.81.0.200: only one of the director's addresses may ask; 10.81.0.201: nobody
  inServer('iptables', '-A', 'INPUT', '-d', '10.81.0.200', '!', '-s', '10.78.0.11', '-j', 'DROP');
  inServer('iptables', '-A', 'INPUT', '-d', '10.81.0.201', '-j', 'DROP');
  leave = visit(director);
});

afterAll(() => {
  leave?.();
  for (const namespace of [director, server]) ip('netns', 'del', namespace);
});

const ask = (options: Partial<PingHealthCheck>, stop = new AbortController().signal): Promise<ProbeResult> => probe(pingCheck({ timeout: Seconds(5), ...options }), stop);
const failure = (reason: string | RegExp): unknown => ({ ok: false, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });
const replied = { ok: true, detail: expect.stringMatching(/^echo reply in \d+\.\d ms$/) as string };
const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('a ping', () => {
  it.each(['127.0.0.1', '::1', '10.78.0.2', '2001:db8:78::2'])('of %s is answered', async (address) => {
    expect(await ask({ address })).toEqual(replied);
  });

  it('comes from the source address', async () => {
    expect(await ask({ address: '10.81.0.200', timeout: shortTimeout })).toMatchObject({ ok: false });
    expect(await ask({ address: '10.81.0.200', source: '10.78.0.11' })).toEqual(replied);
    expect(await ask({ address: '2001:db8:78::2', source: '2001:db8:78::11' })).toEqual(replied);
    expect(await ask({ address: '10.78.0.2', source: '192.0.2.1' })).toEqual(failure('the source address is not on this host, or no port of it is free'));
  });

  it('that nobody answers ends at its timeout', async () => {
    const begin = performance.now();
    expect(await ask({ address: '10.81.0.201', timeout: shortTimeout })).toEqual(failure('no answer within 200 ms (waiting for the echo reply)'));
    expect(performance.now() - begin).toBeGreaterThan(198);
    const stop = new AbortController();
    const stopped = ask({ address: '10.81.0.201' }, stop.signal);
    setImmediate(() => stop.abort());
    expect(await stopped).toEqual(failure('the check was stopped'));
  });

  it('that a router or this host cannot deliver fails at once, and says who said so', async () => {
    expect(await ask({ address: '10.80.0.1' })).toEqual(failure('communication prohibited, says 10.78.0.2'));
    expect(await ask({ address: '2001:db8:80::1' })).toEqual(failure(/^(no route|address unreachable), says 2001:db8:78::2$/));
    expect(await ask({ address: '10.79.0.1' })).toEqual(failure('no route to host'));
    expect(await ask({ address: '192.0.2.1' })).toEqual(failure('network unreachable'));
  });

  it('without CAP_NET_RAW says that it needs it', () => {
    const script = `import { probe } from ${JSON.stringify(new URL('../../dist/health/probe.js', import.meta.url).href)};
      console.log(JSON.stringify(await probe({ type: 'ping', address: '127.0.0.1', port: 0, timeout: 1e6 }, new AbortController().signal)));`;
    const output = run('setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw', process.execPath, '--input-type=module', '-e', script);
    expect(JSON.parse(output)).toEqual({ ok: false, reason: 'ping needs CAP_NET_RAW, which this process does not have' });
  });
});

describe('pings', () => {
  it('of hundreds of addresses share one socket, each answer goes to its own, and the socket goes when it is idle', async () => {
    const sockets = new EchoSockets(100);
    const ping = pingBy(sockets);
    const before = descriptors();
    const addresses = Array.from({ length: 199 }, (_, index) => `10.81.0.${index + 1}`);
    const silent = Array.from({ length: 50 }, () => '10.81.0.201');
    const results = [...addresses, ...addresses, ...silent].map((address) => ping(pingCheck({ address, timeout: address === '10.81.0.201' ? shortTimeout : Seconds(10) }), new AbortController().signal));
    expect(descriptors()).toBe(before + 1);
    const outcomes = await Promise.all(results);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(398);
    expect(outcomes.slice(398).every(({ ok }) => !ok)).toBe(true);
    await expect.poll(descriptors, { timeout: 5_000 }).toBe(before);
    expect(await ping(pingCheck({ address: '10.81.0.1', timeout: Seconds(5) }), new AbortController().signal)).toEqual(replied);
  });
});

describe('a udp check without a required reply', () => {
  it('of a host that is gone fails once its neighbours have been asked for it, and not before', async () => {
    const send = (address: string, timeout: number): Promise<ProbeResult> => probe(udpCheck({ address, port: 53, timeout: Milliseconds(timeout) }), new AbortController().signal);
    const [four, six, early] = await Promise.all([send('10.78.0.99', 9_000), send('2001:db8:78::99', 9_000), send('10.78.0.98', 500)]);
    expect(four).toEqual(failure('no route to host'));
    expect(six).toEqual(failure('no route to host'));
    expect(early).toEqual({ ok: true, detail: 'no error within 500 ms' });
  });

  it('fails at once where a router or this host cannot deliver', async () => {
    const send = (address: string): Promise<ProbeResult> => probe(udpCheck({ address, port: 53, timeout: Seconds(5) }), new AbortController().signal);
    expect(await send('10.80.0.1')).toEqual(failure('no route to host'));
    expect(await send('2001:db8:80::1')).toEqual(failure(/^(network unreachable|no route to host)$/));
    expect(await send('10.79.0.1')).toEqual(failure('no route to host'));
    expect(await send('192.0.2.1')).toEqual(failure('network unreachable'));
  });
});
