/** Probes whose packets bear a firewall mark, seen by rules of a network namespace of the test's own (root). */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { probe } from '../../src/health/probe.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { makeAuthority } from '../health/certificates.js';
import { agentCheck, dnsCheck, httpCheck, pingCheck, smtpCheck, tcpCheck, tlsCheck, udpCheck } from '../health/checks.js';
import { visit } from './visit.js';

const namespace = `tandem-mark-${process.pid}`;
const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });
const inside = (...command: string[]): string => execFileSync('ip', ['netns', 'exec', namespace, ...command], { encoding: 'utf8', stdio: 'pipe' });
const never = new AbortController().signal;

let leave: (() => void) | undefined;
let directory = '';
let secure: tls.Server;
const plain = http.createServer((_request, response) => response.end('ok'));
const mail = net.createServer((socket) => socket.on('error', () => undefined).on('data', () => socket.write('250 ok\r\n')).write('220 ready\r\n'));
/** RFC 1035 4.1.1: the question with the bits that make an answer of it; over UDP truncated, so that it is asked for over TCP too. */
const answerTo = (query: Buffer, bits: number): Buffer => {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8000 | bits, 2);
  return answer;
};
const dnsOverUdp = createSocket('udp6', (query, { port, address }) => dnsOverUdp.send(answerTo(query, 0x0200), port, address));
const dnsOverTcp = net.createServer((socket) => socket.on('error', () => undefined).on('data', (query) => socket.write(Buffer.concat([query.subarray(0, 2), answerTo(query.subarray(2), 0)]))));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-mark-'));
  const { pem, keyPath } = makeAuthority(directory, 'authority');
  ip('netns', 'add', namespace);
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  // whatever goes to the servers without the mark is dropped
  const toServers = ['-p', 'tcp', '--dport', '8000:8003'];
  const pings = { iptables: ['-p', 'icmp', '--icmp-type', 'echo-request'], ip6tables: ['-p', 'icmpv6', '--icmpv6-type', 'echo-request'] };
  for (const program of ['iptables', 'ip6tables'] as const) {
    for (const packets of [toServers, ['-p', 'udp', '--dport', '8002'], pings[program]]) inside(program, '-A', 'OUTPUT', ...packets, '-m', 'mark', '!', '--mark', '77', '-j', 'DROP');
  }
  leave = visit(namespace);
  secure = tls.createServer({ cert: pem, key: readFileSync(keyPath) }, (socket) => socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')));
  await new Promise<void>((resolve) => plain.listen(8000, '::', resolve));
  await new Promise<void>((resolve) => secure.listen(8001, '::', resolve));
  await new Promise<void>((resolve) => dnsOverTcp.listen(8002, '::', resolve));
  await new Promise<void>((resolve) => dnsOverUdp.bind(8002, '::', resolve));
  await new Promise<void>((resolve) => mail.listen(8003, '::', resolve));
});

afterAll(() => {
  plain.close();
  secure?.close();
  mail.close();
  dnsOverTcp.close();
  dnsOverUdp.close();
  leave?.();
  ip('netns', 'del', namespace);
  rmSync(directory, { recursive: true, force: true });
});

const target = { port: 8000, timeout: Seconds(5) };
const secured = { port: 8001, timeout: Seconds(5) };
const named = { port: 8002, timeout: Seconds(5) };
it.each([
  ['tcp', tcpCheck({ ...target, mark: 77 })],
  ['tcp over IPv6', tcpCheck({ ...target, address: '::1', mark: 77 })],
  ['tcp from a source', tcpCheck({ ...target, source: '127.0.0.9', mark: 77 })],
  ['tls', tlsCheck({ ...secured, mark: 77 })],
  ['http', httpCheck({ ...target, mark: 77 })],
  ['https', httpCheck({ ...secured, type: 'https', mark: 77 })],
  ['smtp', smtpCheck({ port: 8003, timeout: Seconds(5), mark: 77 })],
  ['udp', udpCheck({ ...named, requireReply: true, send: { form: 'text', value: 'a question like another' }, mark: 77 })],
  ['udp over IPv6', udpCheck({ ...named, address: '::1', requireReply: true, send: { form: 'text', value: 'a question like another' }, mark: 77 })],
  ['dns over UDP, and over TCP since it is truncated,', dnsCheck({ ...named, mark: 77 })],
  ['dns over TCP from a source', dnsCheck({ ...named, protocol: 'tcp', source: '127.0.0.9', mark: 77 })],
  ['ping', pingCheck({ timeout: Seconds(5), mark: 77 })],
  ['ping over IPv6', pingCheck({ address: '::1', timeout: Seconds(5), mark: 77 })],
])('a %s check with the mark passes the rule', async (_, check) => {
  expect(await probe(check, never)).toMatchObject({ ok: true });
});

it('without the mark, or with another, it does not', async () => {
  for (const mark of [undefined, 78]) {
    for (const check of [udpCheck({ ...named, requireReply: true, timeout: Milliseconds(200), mark }), dnsCheck({ ...named, timeout: Milliseconds(200), mark }), pingCheck({ timeout: Milliseconds(200), mark })]) {
      expect(await probe(check, never)).toMatchObject({ ok: false });
    }
    expect(await probe(tcpCheck({ ...target, timeout: Milliseconds(300), mark }), never)).toMatchObject({ ok: false, reason: expect.stringMatching(/^no answer/) });
    expect(await probe(agentCheck({ ...target, timeout: Milliseconds(300), mark }), never)).toMatchObject({ ok: false, reason: expect.stringMatching(/^no answer/) });
  }
});

it('a marked check of a port where nothing listens fails as any other', async () => {
  expect(await probe(tcpCheck({ port: 7999, timeout: Seconds(5), mark: 77 }), never)).toEqual({ ok: false, reason: 'connection refused' });
});
