/** What probes leave behind: nothing. */
import dgram from 'node:dgram';
import { readdirSync, readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { expect, it } from 'vitest';
import type { ActiveCheck } from '../../src/health/check-key.js';
import { probe } from '../../src/health/probe.js';
import { Milliseconds } from '../../src/time/microseconds.js';
import { closingServer, floodingServer, hangingServer, resettingServer, sayingServer, tricklingServer, type BadServer } from './bad-servers.js';
import { makeAuthority, type Certificate } from './certificates.js';
import { dnsCheck, httpCheck, smtpCheck, tcpCheck, tlsCheck, udpCheck } from './checks.js';
import { freePort } from './nginx.js';

const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|TLS|UDP/.test(name)).length;
const descriptors = (): number => readdirSync('/proc/self/fd').length;
/** connections to `port` in TIME_WAIT (state 06 of /proc/net/tcp) */
const lingering = (port: number): number =>
  readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote = '', state]) => state === '06' && parseInt(remote.split(':')[1] ?? '0', 16) === port).length;

async function tlsServer({ pem, keyPath }: Certificate, onSecured: (socket: tls.TLSSocket) => void): Promise<BadServer> {
  const server = tls.createServer({ cert: pem, key: readFileSync(keyPath) }, (socket) => {
    socket.on('error', () => undefined); // probes end by RST
    onSecured(socket);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return { port: address.port, close: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
}

/** Waits until `settled`, turn by turn of the event loop: sockets close in the turns after a probe has ended. */
async function eventually(settled: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!settled() && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
}

it('leaves no socket, and no descriptor after hundreds of probes of every kind and outcome', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-leak-'));
  const authority = makeAuthority(directory, 'authority');
  const secured = await Promise.all([
    tlsServer(authority, (socket) => socket.once('data', () => socket.write('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n'))),
    tlsServer(authority, (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nfine'))),
    tlsServer(authority, (socket) => socket.end()),
    tlsServer(authority, (socket) => socket.destroy()),
  ]);
  const servers = await Promise.all([
    hangingServer(), closingServer(), resettingServer(), sayingServer('garbage\r\n\r\n'), tricklingServer('HTTP/1.1 200 OK\r\n\r\n'),
    floodingServer('HTTP/1.1 200 OK\r\n\r\n'), sayingServer('HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n'), sayingServer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'),
  ]);
  const listening = servers.length + secured.length + 1;
  const ports = [...[...servers, ...secured].map(({ port }) => port), await freePort()];
  const checks = ports.flatMap((port): ActiveCheck[] => {
    const options = { port, timeout: Milliseconds(150) };
    const text = { form: 'text', value: 'fine' } as const;
    return [
      tcpCheck(options), tlsCheck(options), tlsCheck({ ...options, verify: true }), httpCheck(options), httpCheck({ ...options, type: 'https' }),
      tcpCheck({ ...options, send: text, expect: text }), dnsCheck({ ...options, protocol: 'tcp' }), smtpCheck(options), smtpCheck({ ...options, security: 'starttls' }), smtpCheck({ ...options, security: 'implicit_tls' }),
    ];
  });
  // silence, truncation (whose answer over TCP hangs), and port unreachable
  const datagrams = dgram.createSocket('udp4');
  datagrams.on('message', (query, { address, port }) => {
    if (query.length < 12) return;
    query.writeUInt16BE(0x8300, 2);
    datagrams.send(query, port, address);
  });
  const hanging = ports[0] ?? 0;
  await new Promise<void>((resolve) => datagrams.bind(hanging, '127.0.0.1', resolve));
  for (const port of [hanging, await freePort()]) {
    const options = { port, timeout: Milliseconds(150) };
    checks.push(udpCheck(options), udpCheck({ ...options, requireReply: true }), udpCheck({ ...options, source: '192.0.2.1' }), dnsCheck(options));
  }
  await Promise.all(checks.map((check) => probe(check, new AbortController().signal))); // what is loaded once is loaded
  await eventually(() => openSockets() === listening);
  const before = descriptors();

  const results = [];
  for (let round = 0; round < 6; round += 1) {
    results.push(...(await Promise.all(checks.map((check) => probe(check, new AbortController().signal)))));
    // ... and given up half way
    const stops = checks.map(() => new AbortController());
    const stopped = checks.map((check, index) => probe(check, stops[index]?.signal ?? AbortSignal.abort()));
    await new Promise((resolve) => setImmediate(resolve));
    for (const stop of stops) stop.abort();
    results.push(...(await Promise.all(stopped)));
  }
  expect(results.filter(({ ok }) => !ok).length).toBeGreaterThan(200);
  expect(results.filter(({ ok }) => ok).length).toBeGreaterThan(20);

  await eventually(() => openSockets() <= listening && descriptors() <= before);
  expect(openSockets()).toBeLessThanOrEqual(listening);
  expect(descriptors()).toBeLessThanOrEqual(before);
  await Promise.all([...servers, ...secured].map(({ close }) => close()));
  await new Promise<void>((resolve) => datagrams.close(() => resolve()));
  rmSync(directory, { recursive: true, force: true });
});

it('leaves no connection in TIME_WAIT after tcp checks, nor after requests that get no answer', async () => {
  const server = await hangingServer();
  const checks = Array.from({ length: 50 }, () => [tcpCheck({ port: server.port }), httpCheck({ port: server.port, timeout: Milliseconds(100) })]).flat();
  const results = await Promise.all(checks.map((check) => probe(check, new AbortController().signal)));
  expect(results.filter(({ ok }) => ok)).toHaveLength(50);
  expect(lingering(server.port)).toBe(0);
  await server.close();
});
