/** What http and https checks can ask and demand beyond one URL: headers, bodies, digests, several URLs, redirects, HTTP/2, certificates; against a real nginx. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientCertificate, HttpHealthCheck, HttpRequest } from '../../src/config/model.js';
import { probe } from '../../src/health/probe.js';
import type { ProbeResult } from '../../src/health/state.js';
import { Seconds } from '../../src/time/microseconds.js';
import { closingServer, floodingServer, hangingServer, sayingServer, tricklingServer, type BadServer } from './bad-servers.js';
import { makeAuthority, makeCertificate, type Certificate } from './certificates.js';
import { httpCheck, httpRequest, shortTimeout, tlsCheck } from './checks.js';
import { Nginx, freePort } from './nginx.js';

const never = new AbortController().signal;
const ask = (options: Partial<HttpHealthCheck & HttpRequest>): Promise<ProbeResult> => probe(httpCheck({ timeout: Seconds(5), ...options }), never);
const failure = (reason: string | RegExp): unknown => ({ ok: false, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) });

let directory = '';
let nginx: Nginx;
let [port, securePort, clientPort, h2cPort] = [0, 0, 0, 0];
let client: ClientCertificate;
let stranger: ClientCertificate;
/** what the program of that name says of a file */
const sum = (program: 'sha256sum' | 'md5sum', path: string): string => execFileSync(program, [path], { encoding: 'utf8' }).slice(0, program === 'md5sum' ? 32 : 64);

const clientCertificate = ({ pem, keyPath, certificatePath }: Certificate): ClientCertificate => ({ certificate: pem, key: readFileSync(keyPath, 'utf8'), certificatePath, keyPath });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-http-'));
  const authority = makeAuthority(directory, 'authority');
  const server = makeCertificate(directory, 'server', authority, 'IP:127.0.0.1');
  client = clientCertificate(makeCertificate(directory, 'director', authority, 'DNS:director-a'));
  stranger = clientCertificate(makeAuthority(directory, 'stranger'));
  [port, securePort, clientPort, h2cPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  writeFileSync(join(directory, 'page'), Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7 + (index >> 8)) % 256)));
  writeFileSync(join(directory, 'large'), Buffer.alloc(1024 * 1024 + 1, 'x'));
  const tls = `ssl_certificate ${server.certificatePath}; ssl_certificate_key ${server.keyPath};`;
  const pages = `root ${directory}; client_max_body_size 64k;
    location = /ok { return 200 "all is ok"; }
    location = /broken { return 500; }
    location = /echo { return 200 "method=$request_method version=$server_protocol host=$http_host probe=$http_x_probe agent=$http_user_agent length=$content_length"; }
    location = /away { return 302 http://192.0.2.1/ok; }
    location = /other-port { return 302 http://$http_host:9/ok; }
    location = /absolute { return 301 $scheme://$http_host/ok; }
    location = /relative { absolute_redirect off; return 307 /echo?x=1; }
    location = /see-other { absolute_redirect off; return 303 /echo; }
    location = /chain { absolute_redirect off; return 308 /relative; }
    location = /loop { absolute_redirect off; return 302 /loop; }
    location = /client { return 200 "client=$ssl_client_s_dn verify=$ssl_client_verify"; }`;
  nginx = await Nginx.start(
    directory,
    `server { listen 127.0.0.1:${port}; ${pages} }
     server { listen 127.0.0.1:${securePort} ssl http2; ${tls} ${pages} }
     server { listen 127.0.0.1:${clientPort} ssl; ${tls} ssl_client_certificate ${authority.certificatePath}; ssl_verify_client on; ${pages} }
     server { listen 127.0.0.1:${h2cPort} http2; ${pages} }`,
    [port, securePort, clientPort, h2cPort],
  );
});

afterAll(async () => {
  await nginx?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe.each([
  { version: '1.1', type: 'http', on: () => port },
  { version: '1.1', type: 'https', on: () => securePort },
  { version: '2', type: 'http', on: () => h2cPort },
  { version: '2', type: 'https', on: () => securePort },
] as const)('over HTTP/$version, $type', ({ version, type, on }) => {
  const request = (options: Partial<HttpHealthCheck & HttpRequest>): Promise<ProbeResult> => ask({ type, port: on(), httpVersion: version, ...options });

  it('the request has the method, the host and the headers that are configured', async () => {
    expect(await request({ path: '/echo', host: 'www.example', headers: { 'X-Probe': 'a, b' }, body: `^method=GET version=HTTP/${version.replace('2', '2\\.0')} host=www\\.example probe=a, b agent=tandem/` })).toMatchObject({ ok: true });
    expect(await request({ path: '/echo', headers: { 'User-Agent': 'mine' }, body: `host=127\\.0\\.0\\.1:${on()} probe= agent=mine ` })).toMatchObject({ ok: true });
  });

  it('a body is sent with POST', async () => {
    expect(await request({ path: '/echo', method: 'POST', requestBody: 'how do you dö?', body: 'method=POST .*length=15$' })).toMatchObject({ ok: true });
    expect(await request({ path: '/echo', method: 'POST', requestBody: 'how do you dö?', body: 'method=POST' })).toMatchObject({ ok: true });
    expect(await request({ path: '/ok', method: 'POST', requestBody: 'x'.repeat(100_000) })).toMatchObject({ ok: false, reason: expect.stringMatching(/HTTP status 413/) });
  });

  it('status, pattern and digest are judged', async () => {
    expect(await request({ path: '/broken' })).toEqual(failure('HTTP status 500, expected 200-299'));
    expect(await request({ path: '/ok', body: 'fine' })).toEqual(failure('body does not match /fine/'));
    const value = sum('sha256sum', join(directory, 'page'));
    expect(await request({ path: '/page', digest: { algorithm: 'sha256', value } })).toEqual({ ok: true, detail: 'HTTP status 200, body has the SHA-256' });
    expect(await request({ path: '/ok', digest: { algorithm: 'sha256', value } })).toEqual(failure(/^SHA-256 of the body is [0-9a-f]{64}, expected /));
  });

  it('redirects to the same server are followed, as far as is allowed', async () => {
    expect(await request({ path: '/absolute' })).toEqual(failure('HTTP status 301, expected 200-299'));
    expect(await request({ path: '/absolute', redirects: 1, body: 'all is ok' })).toMatchObject({ ok: true });
    expect(await request({ path: '/chain', redirects: 2, body: 'method=GET' })).toMatchObject({ ok: true });
    expect(await request({ path: '/chain', redirects: 1 })).toEqual(failure('HTTP status 307 after 1 redirect, expected 200-299'));
    expect(await request({ path: '/loop', redirects: 10 })).toEqual(failure('HTTP status 302 after 10 redirects, expected 200-299'));
  });
});

describe('an http check', () => {
  it('knows an MD5 digest, as keepalived', async () => {
    expect(await ask({ port, path: '/page', digest: { algorithm: 'md5', value: sum('md5sum', join(directory, 'page')) } })).toEqual({ ok: true, detail: 'HTTP status 200, body has the MD5' });
  });

  it('makes no digest of more than 1 MiB', async () => {
    expect(await ask({ port, path: '/large', digest: { algorithm: 'sha256', value: sum('sha256sum', join(directory, 'large')) } })).toEqual(failure('body is longer than 1 MiB: its digest is not made'));
  });

  it('of several URLs fails when one of them is wrong, and says which', async () => {
    const requests = [httpRequest({ path: '/ok', body: 'ok' }), httpRequest({ path: '/page', digest: { algorithm: 'sha256', value: sum('sha256sum', join(directory, 'page')) } }), httpRequest({ path: '/broken', status: [[500, 500]] })];
    expect(await ask({ port, requests })).toEqual({ ok: true, detail: '3 URLs as expected' });
    expect(await ask({ port, requests: [...requests, httpRequest({ path: '/broken' })] })).toEqual(failure('/broken: HTTP status 500, expected 200-299'));
    expect(await ask({ port, requests: [httpRequest({ path: '/ok', body: 'fine' }), ...requests] })).toEqual(failure('/ok: body does not match /fine/'));
  });

  it('follows no redirect to another host, port or scheme', async () => {
    expect(await ask({ port, path: '/away', redirects: 5 })).toEqual(failure(`HTTP status 302 leads to http://192.0.2.1, not to this server (http://127.0.0.1:${port}), and is not followed`));
    expect(await ask({ port, path: '/other-port', host: 'www.example', redirects: 5 })).toEqual(failure('HTTP status 302 leads to http://www.example:9, not to this server (http://www.example), and is not followed'));
    expect(await ask({ port, path: '/absolute', host: 'www.example', redirects: 5 })).toMatchObject({ ok: true });
    const location = (text: string) => sayingServer(`HTTP/1.1 302 Found\r\nLocation: ${text}\r\nContent-Length: 0\r\n\r\n`);
    for (const text of ['https://127.0.0.1/', '//evil.example/', 'ftp://127.0.0.1/', 'http://[']) {
      const server = await location(text);
      expect(await ask({ port: server.port, redirects: 1 })).toEqual(failure(/^HTTP status 302 (leads to .* and is not followed|with a Location that is no URL: http:\/\/\[)$/));
      await server.close();
    }
  });

  it('makes a GET of a POST where browsers do', async () => {
    const post = { port, method: 'POST', requestBody: 'x', redirects: 1 } as const;
    expect(await ask({ ...post, path: '/see-other', body: '^method=GET .*length=$' })).toMatchObject({ ok: true });
    expect(await ask({ ...post, path: '/relative', body: '^method=POST .*length=1$' })).toMatchObject({ ok: true });
  });
});

describe('a client certificate', () => {
  it('is shown to the server', async () => {
    expect(await ask({ type: 'https', port: clientPort, path: '/client', clientCertificate: client, body: 'client=CN=director verify=SUCCESS' })).toMatchObject({ ok: true });
    expect(await probe(tlsCheck({ port: clientPort, clientCertificate: client, timeout: Seconds(5) }), never)).toMatchObject({ ok: true });
  });

  it('that is missing or of another authority is refused', async () => {
    expect(await ask({ type: 'https', port: clientPort, path: '/client' })).toEqual(failure('HTTP status 400, expected 200-299'));
    expect(await ask({ type: 'https', port: clientPort, path: '/client', clientCertificate: stranger })).toEqual(failure('HTTP status 400, expected 200-299'));
  });

  it('whose key is another fails in words, without the key', async () => {
    const result = await ask({ type: 'https', port: clientPort, path: '/client', clientCertificate: { ...client, key: stranger.key } });
    expect(result).toMatchObject({ ok: false });
    expect(JSON.stringify(result)).not.toContain(stranger.key.split('\n')[1]);
  });
});

describe('a certificate that expires soon', () => {
  // the server's is valid for 10 days
  it('is a warning, and no failure', async () => {
    const result = await ask({ type: 'https', port: securePort, path: '/ok', expiryWarning: Seconds(14 * 86_400) });
    expect(result).toMatchObject({ ok: true, detail: 'HTTP status 200', warning: expect.stringMatching(/^certificate expires on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) });
    expect(await probe(tlsCheck({ port: securePort, timeout: Seconds(5), expiryWarning: Seconds(14 * 86_400) }), never)).toMatchObject({ ok: true, warning: expect.stringMatching(/^certificate expires on/) });
  });

  it('is none when it is valid for longer', async () => {
    expect(await ask({ type: 'https', port: securePort, path: '/ok', expiryWarning: Seconds(5 * 86_400) })).toEqual({ ok: true, detail: 'HTTP status 200' });
  });
});

describe('an HTTP/2 check of a server that misbehaves', () => {
  const against = async (make: () => Promise<BadServer>, options: Partial<HttpHealthCheck & HttpRequest> = {}): Promise<ProbeResult> => {
    const server = await make();
    const result = await ask({ port: server.port, httpVersion: '2', timeout: shortTimeout, ...options });
    await server.close();
    return result;
  };

  it('fails in words', async () => {
    expect(await against(hangingServer)).toEqual(failure('no answer within 200 ms (waiting for the answer)'));
    expect(await against(closingServer)).toMatchObject({ ok: false });
    expect(await against(() => sayingServer('HTTP/1.1 400 Bad Request\r\n\r\n'))).toMatchObject({ ok: false });
    expect(await against(() => tricklingServer('\0'))).toMatchObject({ ok: false });
    expect(await against(() => floodingServer('\0\0\0\x04\0\0\0\0\0'))).toMatchObject({ ok: false });
  });

  it('fails over TLS without ALPN h2', async () => {
    expect(await ask({ type: 'https', port: clientPort, httpVersion: '2' })).toMatchObject(failure(/^the server does not speak HTTP\/2|^TLS handshake failed/) as object);
  });

  it('fails when the server resets the request, or ends the connection in the body', async () => {
    const server = http2.createServer();
    server.on('stream', (stream, { ':path': path }) => {
      stream.on('error', () => undefined);
      if (path === '/reset') return stream.destroy(new Error('broken'));
      stream.respond({ ':status': 200 });
      stream.write('begin');
      if (path === '/break') setImmediate(() => stream.session?.destroy());
      else if (path === '/reset-later') setImmediate(() => stream.destroy(new Error('broken')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const at = (path: string): Promise<ProbeResult> => ask({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, path, httpVersion: '2', timeout: Seconds(5) });
    expect(await at('/reset')).toMatchObject({ ok: false, reason: expect.not.stringMatching(/within/) });
    expect(await at('/reset-later')).toMatchObject({ ok: false, reason: expect.not.stringMatching(/within/) });
    expect(await at('/break')).toMatchObject({ ok: false, reason: expect.not.stringMatching(/within/) });
    await new Promise((resolve) => server.close(resolve));
  });
});
