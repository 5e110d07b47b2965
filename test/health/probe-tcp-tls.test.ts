/** The tcp and tls checks. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TcpHealthCheck, TlsHealthCheck } from '../../src/config/model.js';
import { probe } from '../../src/health/probe.js';
import type { ProbeResult } from '../../src/health/state.js';
import { Seconds } from '../../src/time/microseconds.js';
import { closingServer, hangingServer, sayingServer, tricklingServer, type BadServer } from './bad-servers.js';
import { makeAuthority, makeCertificate, type Certificate } from './certificates.js';
import { shortTimeout, tcpCheck, tlsCheck } from './checks.js';
import { freePort } from './nginx.js';

const never = new AbortController().signal;
const connect = (options: Partial<TcpHealthCheck>): Promise<ProbeResult> => probe(tcpCheck({ timeout: Seconds(5), ...options }), never);
const shake = (options: Partial<TlsHealthCheck>): Promise<ProbeResult> => probe(tlsCheck({ timeout: Seconds(5), ...options }), never);
const failure = (reason: string | RegExp): unknown => ({ ok: false, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });

const servers: BadServer[] = [];
const open = async (server: Promise<BadServer>): Promise<number> => {
  const opened = await server;
  servers.push(opened);
  return opened.port;
};

async function tlsServer(certificate: Certificate, options: tls.TlsOptions = {}): Promise<BadServer & { readonly names: string[]; readonly errors: Error[]; readonly onSecured: (listener: () => void) => void }> {
  const names: string[] = [];
  const errors: Error[] = [];
  const SNICallback: tls.TlsOptions['SNICallback'] = (name, callback) => {
    names.push(name);
    callback(null);
  };
  const server = tls.createServer({ cert: certificate.pem, key: readFileSync(certificate.keyPath), SNICallback, ...options }, (socket) => {
    socket.on('error', () => undefined); // of probes that end by RST
  });
  server.on('tlsClientError', (error) => errors.push(error));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const opened = { port: address.port, names, errors, onSecured: (listener: () => void) => void server.once('secureConnection', listener), close: () => new Promise<void>((resolve) => void server.close(() => resolve())) };
  servers.push(opened);
  return opened;
}

let directory = '';
let authority: Certificate;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-tls-'));
  authority = makeAuthority(directory, 'authority');
});

afterAll(async () => {
  for (const server of servers) await server.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a tcp check', () => {
  it('succeeds as soon as the connection is made', async () => {
    expect(await connect({ port: await open(hangingServer()) })).toEqual({ ok: true, detail: 'connected' });
    expect(await connect({ port: await open(closingServer()) })).toEqual({ ok: true, detail: 'connected' });
  });

  it('fails where nothing listens', async () => {
    expect(await connect({ port: await freePort() })).toEqual(failure('connection refused'));
  });

  it('ends by RST', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const error = new Promise<NodeJS.ErrnoException>((resolve) => server.once('connection', (socket) => socket.once('error', resolve).resume()));
    const address = server.address();
    expect(await connect({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 })).toMatchObject({ ok: true });
    expect((await error).code).toBe('ECONNRESET');
    await new Promise((resolve) => server.close(resolve));
  });

  it('comes from the source address', async () => {
    const port = await open(hangingServer());
    expect(await connect({ port, source: '127.0.0.42' })).toMatchObject({ ok: true });
    expect(await connect({ port, source: '192.0.2.1' })).toEqual(failure(/source address/));
    expect(await connect({ port, source: 'not an address' })).toMatchObject({ ok: false });
  });
});

describe('a tls check', () => {
  it('succeeds after the handshake, without SNI unless a name is given', async () => {
    const server = await tlsServer(makeCertificate(directory, 'any', authority, 'DNS:any.example'));
    expect(await shake({ port: server.port })).toEqual({ ok: true, detail: 'TLSv1.3 handshake' });
    expect(await shake({ port: server.port, serverName: 'any.example' })).toMatchObject({ ok: true });
    expect(await shake({ port: server.port, serverName: '127.0.0.1' })).toMatchObject({ ok: true });
    expect(server.names).toEqual(['any.example']);
  });

  it('lets the server finish the handshake', async () => {
    const certificate = makeCertificate(directory, 'finish', authority, 'DNS:finish.example');
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const server = await tlsServer(certificate, { maxVersion });
      const secured = new Promise<void>((resolve) => server.onSecured(resolve));
      expect(await shake({ port: server.port })).toMatchObject({ ok: true });
      await secured;
      expect(server.errors).toEqual([]);
    }
  });

  it('speaks TLS 1.2 with a server that knows no other', async () => {
    const server = await tlsServer(makeCertificate(directory, 'older', authority, 'DNS:older.example'), { maxVersion: 'TLSv1.2' });
    expect(await shake({ port: server.port })).toEqual({ ok: true, detail: 'TLSv1.2 handshake' });
  });

  it('verifies the name, or the address where no name is given', async () => {
    const named = await tlsServer(makeCertificate(directory, 'named', authority, 'DNS:named.example'));
    const addressed = await tlsServer(makeCertificate(directory, 'addressed', authority, 'IP:127.0.0.1'));
    const verified = { verify: true, ca: authority.pem };
    expect(await shake({ ...verified, port: named.port, serverName: 'named.example' })).toMatchObject({ ok: true });
    expect(await shake({ ...verified, port: named.port, serverName: 'other.example' })).toEqual(failure('certificate is not for other.example, but for DNS:named.example'));
    expect(await shake({ ...verified, port: named.port })).toEqual(failure('certificate is not for 127.0.0.1, but for DNS:named.example'));
    expect(await shake({ ...verified, port: addressed.port })).toMatchObject({ ok: true });
    expect(await shake({ ...verified, port: addressed.port, serverName: '127.0.0.1' })).toMatchObject({ ok: true });
  });

  it('verifies the chain and the dates only where asked', async () => {
    const stranger = makeAuthority(directory, 'stranger');
    const expired = await tlsServer(makeCertificate(directory, 'expired', authority, 'IP:127.0.0.1', { start: '200101000000Z', end: '210101000000Z' }));
    expect(await shake({ port: expired.port })).toMatchObject({ ok: true });
    expect(await shake({ port: expired.port, verify: true, ca: authority.pem })).toEqual(failure('certificate has expired on Jan  1 00:00:00 2021 GMT'));
    const foreign = await tlsServer(makeCertificate(directory, 'foreign', stranger, 'IP:127.0.0.1'));
    expect(await shake({ port: foreign.port, verify: true, ca: authority.pem })).toEqual(failure(/not trusted/));
    const selfSigned = await tlsServer(stranger);
    expect(await shake({ port: selfSigned.port, verify: true, ca: authority.pem })).toEqual(failure(/^certificate is self-signed/));
    expect(await shake({ port: foreign.port, verify: true })).toEqual(failure(/not trusted/));
  });

  it('fails on a bundle that is none', async () => {
    const server = await tlsServer(makeCertificate(directory, 'bundle', authority, 'IP:127.0.0.1'));
    expect(await shake({ port: server.port, verify: true, ca: '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n' })).toMatchObject({ ok: false });
  });

  it('fails in words on a server that hangs, closes, trickles, refuses or speaks otherwise', async () => {
    expect(await shake({ port: await open(hangingServer()), timeout: shortTimeout })).toEqual(failure('no answer within 200 ms (in the TLS handshake)'));
    expect(await shake({ port: await open(closingServer()) })).toEqual(failure(/closed|reset/));
    expect(await shake({ port: await open(sayingServer('220 mail ESMTP\r\n')) })).toEqual(failure(/^TLS handshake failed/));
    expect(await shake({ port: await open(tricklingServer('\x16\x03\x03\x10\0')), timeout: shortTimeout })).toMatchObject({ ok: false });
    expect(await shake({ port: await freePort() })).toEqual(failure('connection refused'));
  });
});
