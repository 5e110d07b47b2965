/** The dns check, against BIND and against servers that misbehave. */
import dgram from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DnsHealthCheck } from '../../src/config/model.js';
import { probe } from '../../src/health/probe.js';
import type { ProbeResult } from '../../src/health/state.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { closingServer, hangingServer, sayingServer, tricklingServer, type BadServer } from './bad-servers.js';
import { dnsCheck } from './checks.js';
import { startNamed } from './named.js';
import { freePort } from './nginx.js';
import type { ServerProcess } from './server-process.js';

const failure = (reason: string | RegExp): unknown => ({ ok: false, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });
const success = (detail: string): unknown => ({ ok: true, detail });

let directory = '';
let named: ServerProcess;
let port = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-dns-'));
  port = await freePort();
  named = await startNamed(directory, port);
}, 30_000);

afterAll(async () => {
  await named.stop();
  rmSync(directory, { recursive: true, force: true });
});

const ask = (options: Partial<DnsHealthCheck>): Promise<ProbeResult> => probe(dnsCheck({ timeout: Seconds(5), ...options }), new AbortController().signal);
const bind = (options: Partial<DnsHealthCheck>): Promise<ProbeResult> => ask({ port, ...options });

describe.each(['udp', 'tcp'] as const)('BIND, asked over %s,', (protocol) => {
  it('is up when it answers with the response code', async () => {
    expect(await bind({ protocol, name: 'example.org' })).toEqual(success('NOERROR, 1 record'));
    expect(await bind({ protocol, name: 'EXAMPLE.org', recordType: 'NS' })).toEqual(success('NOERROR, 1 record'));
    expect(await bind({ protocol, name: 'nowhere.example.org', recordType: 'A', rcode: 'NXDOMAIN' })).toEqual(success('NXDOMAIN, 0 records'));
  });

  it('is up when one of its records has the data', async () => {
    expect(await bind({ protocol, name: 'www.example.org', recordType: 'A', answer: '192.0.2.11' })).toEqual(success('NOERROR, answer 192.0.2.11'));
    expect(await bind({ protocol, name: 'www.example.org', recordType: 'AAAA', answer: '2001:DB8:0::10' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'alias.example.org', recordType: 'A', answer: '192.0.2.10' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'alias.example.org', recordType: 'CNAME', answer: 'WWW.example.org.' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'example.org', recordType: 'MX', answer: '10 mail.example.org.' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: '_sip._udp.example.org', recordType: 'SRV', answer: '10 20 5060 sip.example.org' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'text.example.org', recordType: 'TXT', answer: 'v=spf1 -all' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'example.org', recordType: 'CAA', answer: '0 issue "ca.example.net"' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'example.org', answer: 'ns.example.org. admin.example.org. 1 3600 600 86400 60' })).toMatchObject({ ok: true });
  });

  it('is down with other data, and says which', async () => {
    expect(await bind({ protocol, name: 'mail.example.org', recordType: 'A', answer: '192.0.2.12' })).toEqual(failure('answer is 192.0.2.25, expected 192.0.2.12'));
    expect(await bind({ protocol, name: 'www.example.org', recordType: 'MX', answer: '10 a' })).toEqual(failure('answer is no record of type MX, expected 10 a'));
  });

  it('is down with another response code', async () => {
    expect(await bind({ protocol, name: 'a.broken.example', recordType: 'A' })).toEqual(failure('response code SERVFAIL, expected NOERROR'));
    expect(await bind({ protocol, name: 'nowhere.example.org', recordType: 'A' })).toEqual(failure('response code NXDOMAIN, expected NOERROR'));
    expect(await bind({ protocol })).toEqual(failure('response code REFUSED, expected NOERROR'));
  });

  it('is asked over IPv6, and from the source address', async () => {
    expect(await bind({ protocol, name: 'example.org', address: '::1' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'example.org', source: '127.0.0.42' })).toMatchObject({ ok: true });
    expect(await bind({ protocol, name: 'example.org', source: '192.0.2.1' })).toEqual(failure(/source address/));
  });

  it('is down when nothing listens', async () => {
    expect(await ask({ protocol, port: await freePort() })).toEqual(failure(protocol === 'udp' ? 'port unreachable: nothing listens there' : 'connection refused'));
  });
});

describe('an answer that is truncated', () => {
  it('is asked for again over TCP', async () => {
    expect(await bind({ name: 'large.example.org', recordType: 'TXT', answer: '7 '.padEnd(100, 'x') })).toEqual(success(`NOERROR, answer ${'7 '.padEnd(100, 'x')} over TCP, since over UDP it was truncated`));
  });

  it('is a failure where TCP is not answered', async () => {
    const server = await answering((query) => flagged(query, 0x8300));
    expect(await ask({ port: server.port })).toEqual(failure('connection refused over TCP, since over UDP it was truncated'));
    await server.close();
  });
});

/** A UDP server whose answers `answer` makes of the queries; undefined = silence. */
async function answering(answer: (query: Buffer) => Buffer | readonly Buffer[] | undefined): Promise<BadServer> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (query, { address, port: from }) => {
    for (const message of [answer(query) ?? []].flat()) socket.send(message, from, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

/** The query with these flags (RFC 1035 4.1.1), and with its id moved by `shift`. */
function flagged(query: Buffer, flags: number, shift = 0): Buffer {
  const message = Buffer.from(query);
  message.writeUInt16BE((message.readUInt16BE(0) + shift) & 0xffff, 0);
  message.writeUInt16BE(flags, 2);
  return message;
}

const renamed = (query: Buffer): Buffer => {
  const message = flagged(query, 0x8180);
  message.write('z', 13);
  return message;
};

describe('an answer over UDP', () => {
  const timeout = Milliseconds(300);
  it.each([
    ['that never comes', () => undefined, 'no answer within 300 ms (waiting for the answer)'],
    ['with another id', (query: Buffer) => flagged(query, 0x8180, 1), 'no answer within 300 ms (waiting for the answer; an answer with another id has come)'],
    ['to another question', renamed, 'no answer within 300 ms (waiting for the answer; an answer to another question has come)'],
    ['that is a query itself', (query: Buffer) => query, 'no answer within 300 ms (waiting for the answer; a query has come)'],
    ['that is too short', () => Buffer.from('short'), 'the answer is no DNS message: it has 5 octets'],
    ['that ends in its middle', (query: Buffer) => flagged(query, 0x8180).subarray(0, 14), /^the answer cannot be read: /],
    ['that promises records it does not have', (query: Buffer) => { const message = flagged(query, 0x8180); message.writeUInt16BE(65_535, 6); return message; }, /^the answer cannot be read: /],
  ] as const)('%s is a failure', async (_, answer, reason) => {
    const server = await answering(answer);
    expect(await ask({ port: server.port, name: 'www.example.org', timeout })).toEqual(failure(reason));
    await server.close();
  });

  it('counts though another one came before it', async () => {
    const server = await answering((query) => [flagged(query, 0x8180, 1), flagged(query, 0x8180)]);
    expect(await ask({ port: server.port, name: 'www.example.org' })).toEqual(success('NOERROR, 0 records'));
    await server.close();
  });
});

describe('over TCP', () => {
  const reading = async (server: Promise<BadServer>, reason: string | RegExp): Promise<void> => {
    const { port: bad, close } = await server;
    expect(await ask({ port: bad, protocol: 'tcp', timeout: Milliseconds(300) })).toEqual(failure(reason));
    await close();
  };

  it('a server that is silent, closes, trickles or talks nonsense fails in words', async () => {
    await reading(hangingServer(), 'no answer within 300 ms (waiting for the answer)');
    await reading(closingServer(), 'connection closed by the server before the answer was complete');
    await reading(tricklingServer('\xff'), 'no answer within 300 ms (waiting for the answer)');
    await reading(sayingServer('HTTP/1.1 400 Bad Request\r\n\r\n'), 'connection closed by the server before the answer was complete');
    await reading(sayingServer('\0\x03abc'), 'the answer is no DNS message: it has 3 octets');
  });

  it('an answer may come octet by octet', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined).once('data', (query: Buffer) => {
        query.writeUInt16BE(0x8180, 4);
        for (const octet of query) socket.write(Buffer.of(octet));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    expect(await ask({ protocol: 'tcp', name: 'a', port: typeof address === 'object' ? (address?.port ?? 0) : 0 })).toEqual(success('NOERROR, 0 records'));
    await new Promise((resolve) => server.close(resolve));
  });
});
