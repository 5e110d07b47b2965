/** The http and https checks, against a real nginx and against servers that misbehave. */
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpHealthCheck, HttpRequest } from '../../src/config/model.js';
import { probe } from '../../src/health/probe.js';
import type { ProbeResult } from '../../src/health/state.js';
import { Seconds } from '../../src/time/microseconds.js';
import { closingServer, floodingServer, hangingServer, resettingServer, sayingServer, tricklingServer, type BadServer } from './bad-servers.js';
import { makeAuthority, makeCertificate, type Certificate } from './certificates.js';
import { httpCheck, shortTimeout } from './checks.js';
import { Nginx, freePort } from './nginx.js';

const never = new AbortController().signal;
const ask = (options: Partial<HttpHealthCheck & HttpRequest>): Promise<ProbeResult> => probe(httpCheck({ timeout: Seconds(5), ...options }), never);
const failure = (reason: string | RegExp): unknown => ({ ok: false, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });

let directory = '';
let nginx: Nginx;
let port = 0;
let securePort = 0;
let authority: Certificate;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-http-'));
  authority = makeAuthority(directory, 'authority');
  const www = makeCertificate(directory, 'www', authority, 'DNS:www.example');
  const plain = makeCertificate(directory, 'plain', authority, 'IP:127.0.0.1');
  port = await freePort();
  securePort = await freePort();
  const tls = (certificate: Certificate): string => `ssl_certificate ${certificate.certificatePath}; ssl_certificate_key ${certificate.keyPath};`;
  nginx = await Nginx.start(
    directory,
    `server { listen 127.0.0.1:${port};
       location = /ok { return 200 "all is ok\\n"; }
       location = /broken { return 500; }
       location = /moved { return 302 /ok; }
       location = /echo { return 200 "host=$http_host agent=$http_user_agent method=$request_method connection=$http_connection from=$remote_addr"; }
     }
     server { listen 127.0.0.1:${securePort} ssl; server_name plain; ${tls(plain)} location / { return 200 "name=[$ssl_server_name] host=[$http_host]"; } }
     server { listen 127.0.0.1:${securePort} ssl; server_name www.example; ${tls(www)} location / { return 200 "name=[$ssl_server_name] host=[$http_host]"; } }`,
    [port, securePort],
  );
});

afterAll(async () => {
  await nginx?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('an http check of nginx', () => {
  it('succeeds with the expected status', async () => {
    expect(await ask({ port, path: '/ok' })).toEqual({ ok: true, detail: 'HTTP status 200' });
  });

  it('fails with another status, and says both', async () => {
    expect(await ask({ port, path: '/broken' })).toEqual(failure('HTTP status 500, expected 200-299'));
    expect(await ask({ port, path: '/missing', status: [[200, 200], [300, 399]] })).toEqual(failure('HTTP status 404, expected 200, 300-399'));
  });

  it('does not follow a redirect', async () => {
    expect(await ask({ port, path: '/moved' })).toEqual(failure('HTTP status 302, expected 200-299'));
    expect(await ask({ port, path: '/moved', status: [[302, 302]] })).toEqual({ ok: true, detail: 'HTTP status 302' });
  });

  it('looks for the pattern in the body', async () => {
    expect(await ask({ port, path: '/ok', body: '^all .* ok' })).toEqual({ ok: true, detail: 'HTTP status 200, body matches /^all .* ok/' });
    expect(await ask({ port, path: '/ok', body: 'fine' })).toEqual(failure('body does not match /fine/'));
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'POST'] as const)('asks with %s', async (method) => {
    expect(await ask({ port, path: '/echo', method, body: method === 'HEAD' ? undefined : `method=${method} connection=close` })).toMatchObject({ ok: true });
  });

  it('sends the Host header that is configured, else the address and port, and says who asks', async () => {
    expect(await ask({ port, path: '/echo', host: 'www.example', body: 'host=www\\.example agent=tandem/\\d+\\.' })).toMatchObject({ ok: true });
    expect(await ask({ port, path: '/echo', body: `host=127\\.0\\.0\\.1:${port} ` })).toMatchObject({ ok: true });
  });

  it('comes from the source address', async () => {
    expect(await ask({ port, path: '/echo', source: '127.0.0.77', body: 'from=127\\.0\\.0\\.77' })).toMatchObject({ ok: true });
    expect(await ask({ port, path: '/echo', source: '192.0.2.1' })).toEqual(failure(/source address/));
  });

  it('fails in words on options that make no request', async () => {
    expect(await ask({ port, path: 'no slash' })).toMatchObject({ ok: false });
    expect(await ask({ port, path: '/ok', body: '(' })).toMatchObject({ ok: false });
  });

  it('uses the client that undici exports', () => {
    expect(createRequire(import.meta.url)('undici/lib/dispatcher/client.js')).toBe(Client);
  });
});

describe('an https check of nginx', () => {
  it('accepts any certificate unless told to verify it', async () => {
    expect(await ask({ type: 'https', port: securePort })).toEqual({ ok: true, detail: 'HTTP status 200' });
  });

  it('sends SNI only where a server name is given, whatever the Host header', async () => {
    expect(await ask({ type: 'https', port: securePort, host: 'www.example', body: 'name=\\[\\] host=\\[www.example\\]' })).toMatchObject({ ok: true });
    expect(await ask({ type: 'https', port: securePort, serverName: 'www.example', host: 'www.example', body: 'name=\\[www.example\\]' })).toMatchObject({ ok: true });
  });

  it('verifies against the authority that is given', async () => {
    const verified = { type: 'https', port: securePort, verify: true, ca: authority.pem } as const;
    expect(await ask(verified)).toMatchObject({ ok: true });
    expect(await ask({ ...verified, serverName: 'www.example' })).toMatchObject({ ok: true });
    expect(await ask({ ...verified, ca: undefined })).toEqual(failure(/not trusted/));
    expect(await ask({ ...verified, serverName: 'other.example' })).toEqual(failure('certificate is not for other.example, but for IP Address:127.0.0.1'));
  });

  it('fails against a server without TLS, and http against one with', async () => {
    expect(await ask({ type: 'https', port })).toEqual(failure(/^TLS handshake failed/));
    expect(await ask({ port: securePort })).toEqual(failure('HTTP status 400, expected 200-299'));
  });
});

it('an http check leaves the stacks of errors as they were', async () => {
  const server = await sayingServer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
  const limit = Error.stackTraceLimit;
  const results = await Promise.all(Array.from({ length: 5 }, () => probe(httpCheck({ port: server.port }), new AbortController().signal)));
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(Error.stackTraceLimit).toBe(limit);
  await server.close();
});

describe('an http check of a server that misbehaves', () => {
  const withServer = async (make: () => Promise<BadServer>, check: Partial<HttpHealthCheck & HttpRequest>): Promise<ProbeResult> => {
    const server = await make();
    try {
      return await ask({ port: server.port, ...check });
    } finally {
      await server.close();
    }
  };
  const chunkedStart = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

  it('fails when nothing listens', async () => {
    expect(await ask({ port: await freePort() })).toEqual(failure('connection refused'));
  });

  it('fails at its timeout when the server hangs, and says where', async () => {
    // undici's own timers are coarse (300 ms fired at 954 ms): beside it, what a plain timer of the same length takes on this machine now
    const began = performance.now();
    const plain = new Promise<number>((resolve) => setTimeout(() => resolve(performance.now() - began), 200));
    expect(await withServer(hangingServer, { timeout: shortTimeout })).toEqual(failure('no answer within 200 ms (waiting for the answer)'));
    expect(performance.now() - began - (await plain)).toBeLessThan(300);
    expect(await withServer(hangingServer, { type: 'https', timeout: shortTimeout })).toEqual(failure('no answer within 200 ms (in the TLS handshake)'));
  });

  it('fails when the server closes or resets the connection', async () => {
    expect(await withServer(closingServer, {})).toMatchObject({ ok: false, reason: expect.stringMatching(/closed|reset/) });
    expect(await withServer(closingServer, { type: 'https' })).toMatchObject({ ok: false, reason: expect.stringMatching(/closed|reset/) });
    expect(await withServer(resettingServer, {})).toEqual(failure('connection reset by the server'));
  });

  it('fails when the answer is not HTTP', async () => {
    expect(await withServer(() => sayingServer('SSH-2.0-OpenSSH_9.2p1\r\n'), {})).toEqual(failure(/^the answer is not HTTP/));
    expect(await withServer(() => sayingServer('\0\x01\x02garbage'), { type: 'https' })).toEqual(failure(/^TLS handshake failed/));
  });

  it('fails when the answer trickles for ever, in the head or in the body', async () => {
    expect(await withServer(() => tricklingServer('HTTP/1.1 200 OK\r\nX-Slow: '), { timeout: shortTimeout })).toEqual(failure(/^no answer within 200 ms/));
    expect(await withServer(() => tricklingServer('HTTP/1.1 200 OK\r\n\r\n'), { timeout: shortTimeout })).toEqual(failure('no answer within 200 ms (in the body)'));
  });

  it('fails when the body breaks off', async () => {
    expect(await withServer(() => sayingServer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort'), {})).toMatchObject({ ok: false });
    expect(await withServer(() => sayingServer(`${chunkedStart}ff\r\nshort`), {})).toMatchObject({ ok: false });
  });

  it('fails when the head is endless', async () => {
    expect(await withServer(() => floodingServer('HTTP/1.1 200 OK\r\nX-Long: '), {})).toMatchObject({ ok: false, reason: expect.not.stringMatching(/within/) });
  });

  it('passes over informational answers', async () => {
    expect(await withServer(() => sayingServer('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'), {})).toEqual({ ok: true, detail: 'HTTP status 204' });
  });

  it('reads 64 KiB of an endless body and no more', async () => {
    const endless = (): Promise<BadServer> => floodingServer('HTTP/1.1 200 OK\r\n\r\nbegin');
    expect(await withServer(endless, { body: '^begin' })).toMatchObject({ ok: true });
    const late = 'HTTP/1.1 200 OK\r\n\r\n' + 'x'.repeat(64 * 1024 - 3) + 'end';
    expect(await withServer(() => sayingServer(late), { body: 'end' })).toMatchObject({ ok: true });
    expect(await withServer(() => sayingServer(late.replace('end', ' end')), { body: 'end' })).toEqual(failure('body does not match /end/'));
  });

  it('ends at once when it is stopped', async () => {
    const server = await hangingServer();
    const stop = new AbortController();
    const result = probe(httpCheck({ port: server.port }), stop.signal);
    setImmediate(() => stop.abort());
    expect(await result).toEqual(failure('the check was stopped'));
    expect(await probe(httpCheck({ port: server.port }), stop.signal)).toEqual(failure('the check was stopped'));
    await server.close();
  });

  it('counts an answer that came during a stall of this process', async () => {
    const server = http.createServer((_request, response) => response.end('ok'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const stalled = ask({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, timeout: shortTimeout });
    server.once('request', (_request, response) =>
      response.once('finish', () => {
        const end = performance.now() + 300;
        while (performance.now() < end);
      }),
    );
    expect(await stalled).toMatchObject({ ok: true });
    await new Promise((resolve) => server.close(resolve));
  });
});
