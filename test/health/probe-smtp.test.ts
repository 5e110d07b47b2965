/** The smtp check, against aiosmtpd and against servers that misbehave. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SmtpHealthCheck } from '../../src/config/model.js';
import { probe } from '../../src/health/probe.js';
import type { ProbeResult } from '../../src/health/state.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { hangingServer } from './bad-servers.js';
import { makeAuthority, makeCertificate, type Certificate } from './certificates.js';
import { smtpCheck } from './checks.js';
import { freePort } from './nginx.js';
import type { ServerProcess } from './server-process.js';
import { scriptedServer, startSmtpServer } from './smtp-server.js';

const ask = (options: Partial<SmtpHealthCheck>): Promise<ProbeResult> => probe(smtpCheck({ timeout: Seconds(5), ...options }), new AbortController().signal);
const failure = (reason: string | RegExp): unknown => ({ ok: false, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });
const success = (detail: string): unknown => ({ ok: true, detail });

const servers: ServerProcess[] = [];
let directory = '';
let authority: Certificate;
const ports = { plain: 0, starttls: 0, implicit: 0, six: 0 };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-smtp-'));
  authority = makeAuthority(directory, 'authority');
  const certificate = makeCertificate(directory, 'mx', authority, 'DNS:mx.example');
  const options = { plain: {}, starttls: { starttls: certificate }, implicit: { implicitTls: certificate }, six: { host: '::1' } };
  for (const name of ['plain', 'starttls', 'implicit', 'six'] as const) ports[name] = await freePort();
  servers.push(...(await Promise.all((['plain', 'starttls', 'implicit', 'six'] as const).map((name) => startSmtpServer(ports[name], options[name])))));
}, 60_000);

afterAll(async () => {
  for (const server of servers) await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('aiosmtpd', () => {
  it('is up when it greets, answers EHLO and lets go', async () => {
    expect(await ask({ port: ports.plain })).toEqual(success('greeting and EHLO'));
    expect(await ask({ port: ports.plain, helo: 'director.example', source: '127.0.0.42' })).toMatchObject({ ok: true });
    await expect.poll(() => servers[0]?.output).toContain("b'EHLO [127.0.0.1]'");
    await expect.poll(() => servers[0]?.output).toContain("b'EHLO director.example'");
    await expect.poll(() => servers[0]?.output).toMatch(/'127\.0\.0\.42', \d+\) .*QUIT/);
  });

  it('is asked over IPv6', async () => {
    expect(await ask({ address: '::1', port: ports.six })).toMatchObject({ ok: true });
    await expect.poll(() => servers[3]?.output).toContain("b'EHLO [IPv6:::1]'");
  });

  it('is up after STARTTLS, with a certificate that is verified', async () => {
    const options = { port: ports.starttls, security: 'starttls', verify: true } as const;
    expect(await ask({ port: ports.starttls, security: 'starttls' })).toEqual(success('greeting, EHLO and STARTTLS'));
    expect(await ask({ ...options, ca: authority.pem, serverName: 'mx.example' })).toEqual(success('greeting, EHLO and STARTTLS'));
    expect(await ask({ ...options, ca: authority.pem, serverName: 'other.example' })).toEqual(failure('certificate is not for other.example, but for DNS:mx.example'));
    expect(await ask({ ...options, serverName: 'mx.example' })).toEqual(failure(/^certificate is signed by an authority that is not trusted/));
  });

  it('is up over TLS from the first octet', async () => {
    expect(await ask({ port: ports.implicit, security: 'implicit_tls', verify: true, ca: authority.pem, serverName: 'mx.example' })).toEqual(success('TLS, greeting and EHLO'));
  });

  it('is down where TLS is not as it is asked for', async () => {
    expect(await ask({ port: ports.plain, security: 'starttls' })).toEqual(failure('the server does not offer STARTTLS'));
    expect(await ask({ port: ports.plain, security: 'implicit_tls' })).toEqual(failure(/^TLS handshake failed: /));
    expect(await ask({ port: ports.implicit, timeout: Milliseconds(300) })).toEqual(failure('no answer within 300 ms (waiting for the greeting)'));
  });

  it('is down when nothing listens', async () => {
    expect(await ask({ port: await freePort() })).toEqual(failure('connection refused'));
  });
});

describe('a server', () => {
  const hello = '250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n';
  it.each([
    ['that refuses to serve', '554 mx.example no service\r\n', {}, 'greeting is "554 mx.example no service", expected 220'],
    ['that refuses EHLO', '220 mx.example\r\n', { EHLO: '550-not\r\n550 you\r\n' }, 'answer to EHLO is "550-not\\r\\n550 you", expected 250'],
    ['that refuses EHLO and HELO', '220 mx.example\r\n', { EHLO: '502 what?\r\n', HELO: '421 enough\r\n' }, 'answer to HELO is "421 enough", expected 250'],
    ['that speaks another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', {}, 'the answer is not SMTP: "SSH-2.0-OpenSSH_9.2"'],
    ['that never greets', undefined, {}, 'no answer within 300 ms (waiting for the greeting)'],
    ['that never ends its greeting', '220-a\r\n220-b\r\n', {}, 'no answer within 300 ms (waiting for the greeting)'],
    ['that talks too much', `220-${'x'.repeat(20_000)}`, {}, 'the reply is longer than 16 KiB'],
    ['that talks too much in lines', '220-xxxxxxxxxxxx\r\n'.repeat(2_000), {}, 'the reply is longer than 16 KiB'],
    ['that closes at once', null, {}, 'connection closed by the server (waiting for the greeting)'],
    ['that closes after EHLO', '220 mx.example\r\n', { EHLO: null }, 'connection closed by the server (waiting for the answer to EHLO)'],
    ['that does not answer QUIT', '220 mx.example\r\n', { EHLO: hello }, 'no answer within 300 ms (waiting for the answer to QUIT)'],
  ] as const)('%s is down', async (_, greeting, answers, reason) => {
    const server = await scriptedServer(greeting, answers);
    expect(await ask({ port: server.port, timeout: Milliseconds(300) })).toEqual(failure(reason));
    await server.close();
  });

  it.each([
    ['refuses STARTTLS', { STARTTLS: '454 not now\r\n' }, 'answer to STARTTLS is "454 not now", expected 220'],
    ['slips in an answer before TLS', { STARTTLS: '220 go on\r\n250 injected\r\n' }, 'the server says more in the clear after its answer to STARTTLS'],
    ['then says nothing', { STARTTLS: '220 go on\r\n' }, 'no answer within 300 ms (in the TLS handshake)'],
  ] as const)('that offers STARTTLS and %s is down', async (_, answers, reason) => {
    const server = await scriptedServer('220 mx.example\r\n', { EHLO: hello, ...answers });
    expect(await ask({ port: server.port, security: 'starttls', timeout: Milliseconds(300) })).toEqual(failure(reason));
    await server.close();
  });

  it('that knows no EHLO is asked by HELO', async () => {
    const server = await scriptedServer('220 mx.example\r\n', { EHLO: '500 what?\r\n', HELO: '250 hello\r\n', QUIT: '221 bye\r\n' });
    expect(await ask({ port: server.port, helo: 'director.example' })).toEqual(success('greeting and EHLO'));
    expect(server.heard).toEqual(['EHLO director.example', 'HELO director.example', 'QUIT']);
    await server.close();
  });

  it('that accepts and never says a word is down', async () => {
    const server = await hangingServer();
    expect(await ask({ port: server.port, security: 'implicit_tls', timeout: Milliseconds(300) })).toEqual(failure('no answer within 300 ms (in the TLS handshake)'));
    await server.close();
  });
});
