/** The tcp check that converses, and the udp check. */
import dgram from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Octets } from '../../src/config/check-model.js';
import type { TcpHealthCheck, UdpHealthCheck } from '../../src/config/model.js';
import { probe } from '../../src/health/probe.js';
import type { ProbeResult } from '../../src/health/state.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { closingServer, floodingServer, hangingServer, resettingServer, sayingServer, tricklingServer, type BadServer } from './bad-servers.js';
import { tcpCheck, udpCheck } from './checks.js';
import { startNamed } from './named.js';
import { freePort, Nginx } from './nginx.js';
import { scriptedServer, startSmtpServer } from './smtp-server.js';
import type { ServerProcess } from './server-process.js';

const never = new AbortController().signal;
const connect = (options: Partial<TcpHealthCheck>): Promise<ProbeResult> => probe(tcpCheck({ timeout: Seconds(5), ...options }), never);
const datagram = (options: Partial<UdpHealthCheck>): Promise<ProbeResult> => probe(udpCheck({ timeout: Seconds(5), ...options }), never);
const failure = (reason: string | RegExp): unknown => ({ ok: false, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });
const success = (detail: string): unknown => ({ ok: true, detail });
const text = (value: string): Octets => ({ form: 'text', value });
const regex = (value: string) => ({ form: 'regex', value }) as const;

/** `www.example.org` A, id 0x1234, as RFC 1035 4.1 lays it out. */
const query = '123401000001000000000000' + '03777777' + '076578616d706c65' + '036f7267' + '0000010001';

let directory = '';
let nginx: Nginx;
const processes: ServerProcess[] = [];
const ports = { web: 0, mail: 0, names: 0 };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-conversation-'));
  for (const name of ['web', 'mail', 'names'] as const) ports[name] = await freePort();
  nginx = await Nginx.start(directory, `server { listen 127.0.0.1:${ports.web}; location / { return 200 "fine\\n"; } }`, [ports.web]);
  processes.push(await startSmtpServer(ports.mail), await startNamed(directory, ports.names));
}, 60_000);

afterAll(async () => {
  await nginx.stop();
  for (const server of processes) await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a tcp check that expects an answer', () => {
  it('is up when a real server gives it', async () => {
    expect(await connect({ port: ports.web, send: text('GET / HTTP/1.0\r\n\r\n'), expect: text('200 OK') })).toEqual(success('answer holds "200 OK"'));
    expect(await connect({ port: ports.web, send: { form: 'base64', value: Buffer.from('GET / HTTP/1.0\r\n\r\n').toString('base64') }, expect: { form: 'hex', value: Buffer.from('fine').toString('hex') } })).toEqual(success('answer holds hex 66696e65'));
    expect(await connect({ port: ports.mail, expect: regex('^220 .*SMTP') })).toEqual(success('answer matches /^220 .*SMTP/'));
  });

  it('is down when a real server gives another, and quotes it', async () => {
    expect(await connect({ port: ports.web, send: text('nonsense\r\n\r\n'), expect: text('200 OK') })).toEqual(failure(/^answer "HTTP\/1.1 400 Bad Request\\r\\n.*"\.\.\. does not hold "200 OK"$/));
    expect(await connect({ port: ports.mail, timeout: Milliseconds(300), expect: regex('^SSH-') })).toEqual(failure(/^no answer within 300 ms \(waiting for \/\^SSH-\/; answer "220 .*" does not match \/\^SSH-\/\)$/));
  });

  it.each([
    ['hangs', hangingServer, 'no answer within 300 ms (waiting for "PONG")'],
    ['closes', closingServer, 'connection closed by the server without an answer, expected "PONG"'],
    ['resets', resettingServer, 'connection reset by the server'],
    ['trickles', () => tricklingServer('PO'), /^no answer within 300 ms \(waiting for "PONG"; answer "POx+"(\.\.\.)? does not hold "PONG"\)$/],
    ['floods', () => floodingServer('PO'), /^answer "POx{58}"\.\.\. does not hold "PONG" in its first 64 KiB$/],
    ['says something else', () => sayingServer('-ERR\0\r\n'), 'answer "-ERR\\x00\\r\\n" does not hold "PONG"'],
  ] as const)('of a server that %s is down', async (_, start, reason) => {
    const server = await start();
    expect(await connect({ port: server.port, timeout: Milliseconds(300), send: text('PING\r\n'), expect: text('PONG') })).toEqual(failure(reason));
    await server.close();
  });

  it('matches octet by octet, and what is beyond ASCII by its octets in UTF-8', async () => {
    const replies = await udpServer(Buffer.concat([Buffer.of(0x9c, 0x01), Buffer.from(' grüße')]));
    for (const pattern of ['^\\x9c[\\x00-\\x0f] ', 'grüße$', '^.{10}$']) expect(await datagram({ port: replies.port, expect: regex(pattern) })).toMatchObject({ ok: true });
    await replies.close();
  });

  it('finds what comes in pieces, and does not wait for the rest', async () => {
    const server = await scriptedServer('PO', { PING: 'NG and more' });
    expect(await connect({ port: server.port, send: text('PING\r\n'), expect: text('PONG') })).toMatchObject({ ok: true });
    await server.close();
    const limit = await floodingServer('x'.repeat(65_534));
    expect(await connect({ port: limit.port, send: text('a'), expect: regex('^x{65536}$') })).toMatchObject({ ok: true });
    await limit.close();
  });
});

/** `reply`: of each datagram; undefined = silence. */
async function udpServer(reply: string | Buffer | undefined, host = '127.0.0.1'): Promise<BadServer & { readonly heard: string[]; readonly next: Promise<dgram.RemoteInfo> }> {
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const heard: string[] = [];
  socket.on('message', (message, { address, port }) => {
    heard.push(message.toString('latin1'));
    if (reply !== undefined) socket.send(reply, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const next = new Promise<dgram.RemoteInfo>((resolve) => void socket.once('message', (_, from) => resolve(from)));
  return { port: socket.address().port, heard, next, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

describe('a udp check', () => {
  it('is up when a real server gives the reply', async () => {
    const options = { port: ports.names, send: { form: 'hex', value: query } } as const;
    expect(await datagram({ ...options, expect: { form: 'hex', value: 'c000020a' } })).toEqual(success('reply holds hex c000020a'));
    expect(await datagram({ ...options, expect: regex('example') })).toEqual(success('reply matches /example/'));
    expect(await datagram({ ...options, requireReply: true })).toEqual(success(expect.stringMatching(/^reply of \d+ octets$/) as string));
    expect(await datagram({ ...options, expect: { form: 'hex', value: 'c0000214' } })).toEqual(failure(/^reply hex 1234[0-9a-f]{76}\.\.\. does not hold hex c0000214$/));
    expect(await datagram({ ...options, expect: text('dnsmasq') })).toEqual(failure(/^reply "\\x124.*example.*"\.\.\. does not hold "dnsmasq"$/));
  });

  it.each(['127.0.0.1', '::1'])('at %s is down where nothing listens, at once and whether or not a reply is required', async (address) => {
    const port = await freePort();
    for (const requireReply of [true, false]) {
      expect(await datagram({ address, port, requireReply })).toEqual(failure('port unreachable: nothing listens there'));
    }
  });

  it('takes silence for success unless a reply is required', async () => {
    const server = await udpServer(undefined);
    const options = { port: server.port, timeout: Milliseconds(200), send: text('ping') };
    expect(await datagram(options)).toEqual(success('no error within 200 ms'));
    expect(await datagram({ ...options, requireReply: true })).toEqual(failure('no answer within 200 ms (waiting for a reply)'));
    expect(await datagram({ ...options, expect: text('pong') })).toEqual(failure('no answer within 200 ms (waiting for "pong")'));
    expect(server.heard).toEqual(['ping', 'ping', 'ping']);
    await server.close();
  });

  it('sends an empty datagram unless something is given, over IPv6 as well', async () => {
    const server = await udpServer('pong', '::1');
    expect(await datagram({ address: '::1', port: server.port, expect: text('pong') })).toMatchObject({ ok: true });
    expect(server.heard).toEqual(['']);
    await server.close();
  });

  it('shares its port with no other, however many are made at once', async () => {
    const server = await udpServer('pong');
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.all(Array.from({ length: 200 }, () => probe(udpCheck({ port: server.port, requireReply: true, timeout: Seconds(5) }), new AbortController().signal)));
      expect(results.filter(({ ok }) => !ok)).toEqual([]);
    }
    await server.close();
  });

  it('comes from the source address, and hears no one but the target', async () => {
    const server = await udpServer(undefined);
    const result = datagram({ port: server.port, source: '127.0.0.42', requireReply: true, timeout: Milliseconds(500) });
    const from = await server.next;
    expect(from.address).toBe('127.0.0.42');
    const stranger = dgram.createSocket('udp4');
    stranger.send('me too', from.port, from.address, () => stranger.close());
    expect(await result).toEqual(failure('no answer within 500 ms (waiting for a reply)'));
    expect(await datagram({ port: server.port, source: '192.0.2.1', requireReply: true })).toEqual(failure(/source address/));
    await server.close();
  });
});
