/** Probes whose packets bear a firewall mark, seen by rules of a network namespace of the test's own (root). */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import koffi from 'koffi';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { probe } from '../../src/health/probe.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { makeAuthority } from '../health/certificates.js';
import { agentCheck, httpCheck, tcpCheck, tlsCheck } from '../health/checks.js';

/** sched.h; setns moves the calling thread only, which is the one that opens the sockets */
const CLONE_NEWNET = 0x40000000;
const setns = koffi.load('libc.so.6').func('int setns(int fd, int type)');
const namespace = `tandem-mark-${process.pid}`;
const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });
const inside = (...command: string[]): string => execFileSync('ip', ['netns', 'exec', namespace, ...command], { encoding: 'utf8', stdio: 'pipe' });
const enter = (fd: number): void => {
  if (setns(fd, CLONE_NEWNET) !== 0) throw new Error('setns failed');
};
const never = new AbortController().signal;

let home = -1;
let directory = '';
let secure: tls.Server;
const plain = http.createServer((_request, response) => response.end('ok'));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-mark-'));
  const { pem, keyPath } = makeAuthority(directory, 'authority');
  home = openSync('/proc/thread-self/ns/net', 'r');
  ip('netns', 'add', namespace);
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  // whatever goes to the servers without the mark is dropped
  for (const program of ['iptables', 'ip6tables']) inside(program, '-A', 'OUTPUT', '-p', 'tcp', '--dport', '8000:8001', '-m', 'mark', '!', '--mark', '77', '-j', 'DROP');
  const fd = openSync(`/run/netns/${namespace}`, 'r');
  enter(fd);
  closeSync(fd);
  secure = tls.createServer({ cert: pem, key: readFileSync(keyPath) }, (socket) => socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n')));
  await new Promise<void>((resolve) => plain.listen(8000, '::', resolve));
  await new Promise<void>((resolve) => secure.listen(8001, '::', resolve));
});

afterAll(() => {
  plain.close();
  secure?.close();
  if (home >= 0) {
    enter(home);
    closeSync(home);
  }
  ip('netns', 'del', namespace);
  rmSync(directory, { recursive: true, force: true });
});

const target = { port: 8000, timeout: Seconds(5) };
const secured = { port: 8001, timeout: Seconds(5) };
it.each([
  ['tcp', tcpCheck({ ...target, mark: 77 })],
  ['tcp over IPv6', tcpCheck({ ...target, address: '::1', mark: 77 })],
  ['tcp from a source', tcpCheck({ ...target, source: '127.0.0.9', mark: 77 })],
  ['tls', tlsCheck({ ...secured, mark: 77 })],
  ['http', httpCheck({ ...target, mark: 77 })],
  ['https', httpCheck({ ...secured, type: 'https', mark: 77 })],
])('a %s check with the mark passes the rule', async (_, check) => {
  expect(await probe(check, never)).toMatchObject({ ok: true });
});

it('without the mark, or with another, it does not', async () => {
  for (const mark of [undefined, 78]) {
    expect(await probe(tcpCheck({ ...target, timeout: Milliseconds(300), mark }), never)).toMatchObject({ ok: false, reason: expect.stringMatching(/^no answer/) });
    expect(await probe(agentCheck({ ...target, timeout: Milliseconds(300), mark }), never)).toMatchObject({ ok: false, reason: expect.stringMatching(/^no answer/) });
  }
});

it('a marked check of a port where nothing listens fails as any other', async () => {
  expect(await probe(tcpCheck({ port: 7999, timeout: Seconds(5), mark: 77 }), never)).toEqual({ ok: false, reason: 'connection refused' });
});
