/** The keys of http, https, script, file and agent checks: what they mean, what is refused, and what is never shown. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/config/format-diagnostics.js';
import type { ParseOptions } from '../../src/config/load.js';
import { differences } from '../../src/config/reload-difference.js';
import { maskSecrets } from '../../src/config/mask-secrets.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { checkKey } from '../../src/health/check-key.js';
import { Seconds } from '../../src/time/microseconds.js';
import { makeAuthority, type Certificate } from '../health/certificates.js';
import { acceptedWithWarnings, brief, first, rejected, rendered, serverOf, serviceFile } from './reading.js';

const check = (keys: string): string => serviceFile(`health_check: { ${keys} }`);
const checkOf = (keys: string) => serverOf(`health_check: { ${keys} }`).healthCheck;
const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('an http check', () => {
  test('has the requests that are configured', () => {
    expect(checkOf(`type: http, path: /a, headers: { X-Probe: yes please }, method: POST, request_body: ping, digest: { value: ${sha256.toUpperCase()} }, redirects: 3, http_version: 2`)).toMatchObject({
      requests: [{ method: 'POST', path: '/a', headers: { 'X-Probe': 'yes please' }, requestBody: 'ping', digest: { algorithm: 'sha256', value: sha256 } }], redirects: 3, httpVersion: '2',
    });
    expect(checkOf('type: http, host: www.example, status: 204, urls: [/a, { path: /b, status: 200, body: ok }, { path: /c, host: other.example }]')).toMatchObject({
      requests: [{ path: '/a', host: 'www.example', status: [[204, 204]], body: undefined }, { path: '/b', host: 'www.example', status: [[200, 200]], body: 'ok' }, { path: '/c', host: 'other.example' }],
    });
  });

  test('of a server has its own URL or URLs instead of those of the service', () => {
    const requests = (service: string, server: string) => serverOf(`health_check: { type: http, ${service} }`, `{ address: 192.0.2.22, health_check: { ${server} } }`).healthCheck;
    expect(requests('urls: [/a, /b]', 'path: /c')).toMatchObject({ requests: [{ path: '/c' }] });
    expect(requests('path: /c, body: ok', 'urls: [/a]')).toMatchObject({ requests: [{ path: '/a', body: undefined }] });
    expect(requests('urls: [/a, /b]', 'interval: 1s')).toMatchObject({ requests: [{ path: '/a' }, { path: '/b' }] });
  });

  test.each([
    ['type: http, urls: [/a], path: /b', 'conflict path stands beside urls'],
    ['type: http, urls: []', 'invalid_value urls cannot be an empty list'],
    ['type: http, urls: [a]', 'invalid_value an item of urls cannot be a'],
    ['type: http, urls: [{ status: 200 }]', 'missing_key path is missing'],
    ['type: http, method: HEAD, body: ok', 'conflict body has no meaning with method: HEAD, whose answer has no body'],
    ['type: http, urls: [{ path: /, method: HEAD, digest: { value: ' + sha256 + ' } }]', 'conflict digest has no meaning with method: HEAD, whose answer has no body'],
    ['type: http, request_body: x', 'conflict request_body is sent with method: POST only'],
    ['type: http, digest: { algorithm: md5, value: ' + sha256 + ' }', 'invalid_value the value has 64 digits, one of md5 has 32'],
    ['type: http, digest: { algorithm: sha1, value: x }', 'invalid_value algorithm cannot be sha1'],
    ['type: http, redirects: 11', 'invalid_value redirects cannot be 11'],
    ['type: http, http_version: 3', 'invalid_value http_version cannot be 3'],
    ['type: http, headers: { Host: www }', 'invalid_value the header Host cannot be set'],
    ['type: http, headers: { "X Y": a }', 'invalid_value "X Y" cannot stand here'],
    ['type: http, headers: { X-A: "a\\nb" }', 'invalid_value X-A cannot be'],
    ['type: http, client_key: /k', 'conflict client_key has no meaning for a health check of type http'],
    ['type: tcp, urls: [/a]', 'conflict urls has no meaning for a health check of type tcp'],
    ['type: tcp, mark: 0', 'invalid_value mark cannot be 0'],
    ['type: script, command: [/bin/true], mark: 7', 'conflict mark has no meaning for a health check of type script'],
    ['type: https, expiry_warning: 1m', 'invalid_value expiry_warning cannot be 1m'],
  ])('refuses %s', (keys, message) => {
    expect(brief(rejected(check(keys))).join('\n')).toContain(message);
  });

  test('warns of a certificate that expires, and marks', () => {
    expect(checkOf('type: https, expiry_warning: 14d, mark: 0x10')).toMatchObject({ expiryWarning: Seconds(14 * 86_400), mark: 16 });
  });
});

describe.each(['tcp', 'udp', 'tls', 'http', 'https', 'dns', 'smtp', 'ping', 'agent'])('a check of type %s', (type) => {
  test('goes where it is told, from the address and with the mark that it is told', () => {
    const probed = { address: '192.0.2.99', source: '192.0.2.1', mark: 7 };
    const keys = `type: ${type}, address: 192.0.2.99, source: 192.0.2.1, mark: 7, timeout: 4s`;
    if (type === 'ping') expect(checkOf(keys)).toMatchObject(probed);
    else expect(checkOf(`${keys}, port: 8080`)).toMatchObject({ ...probed, port: 8080 });
  });
});

describe('a check that tells a weight', () => {
  test('is a script with its defaults, which knows who it is asked about', () => {
    expect(checkOf('type: script, command: [/bin/true, x]')).toMatchObject({ type: 'script', command: ['/bin/true', 'x'], user: 'nobody', weightFrom: undefined, virtualServer: 'web', realServer: { address: '192.0.2.22', port: 80 }, address: '192.0.2.22' });
  });

  test('is a file, shared by all that name it', () => {
    const { realServers } = first(acceptedWithWarnings(serviceFile('health_check: { type: file, file: /run/x }', '{ address: 192.0.2.22 }, { address: 192.0.2.23 }')).configuration.virtualServers);
    expect(new Set(realServers.map(({ healthCheck }) => (healthCheck.type === 'none' ? '' : checkKey(healthCheck)))).size).toBe(1);
  });

  test('is an agent, alone or beside another check', () => {
    expect(checkOf('type: agent, port: 9999, send: "web\\n"')).toMatchObject({ type: 'agent', port: 9999, send: { form: 'text', value: 'web\n' } });
    const server = serverOf('health_check: { type: http, source: 192.0.2.1, interval: 3s, agent: { port: 9999, timeout: 1s } }');
    expect(server).toMatchObject({ healthCheck: { type: 'http' }, agentCheck: { type: 'agent', address: '192.0.2.22', port: 9999, source: '192.0.2.1', interval: Seconds(3), timeout: Seconds(1) } });
    expect(server.healthCheck).not.toHaveProperty('agent');
  });

  test('has no agent beside it where a server says so, or is asked by one alone', () => {
    const ofServer = (keys: string) => serverOf('health_check: { type: http, agent: { port: 9999 } }', `{ address: 192.0.2.22, health_check: { ${keys} } }`);
    expect(ofServer('agent: none')).toMatchObject({ healthCheck: { type: 'http' } });
    expect(ofServer('agent: none')).not.toHaveProperty('agentCheck');
    expect(ofServer('interval: 1s')).toMatchObject({ agentCheck: { port: 9999 } });
    expect(ofServer('agent: { port: 9998 }')).toMatchObject({ agentCheck: { port: 9998 } });
    expect(ofServer('type: agent, port: 9998')).not.toHaveProperty('agentCheck');
  });

  test.each([
    ['type: script', 'missing_key command is missing: a health check of type script runs a program'],
    ['type: script, command: []', 'invalid_value command cannot be an empty list'],
    ['type: script, command: [/bin/true], weight_from: stdout', 'invalid_value weight_from cannot be stdout'],
    ['type: file', 'missing_key file is missing: a health check of type file reads one'],
    ['type: file, file: relative', 'invalid_value file cannot be relative'],
    ['type: file, file: /run/x, port: 80', 'conflict port has no meaning for a health check of type file'],
    ['type: agent, agent: { port: 1 }', 'conflict agent has no meaning for a health check of type agent'],
    ['type: http, agent: { address: 192.0.2.1 }', 'missing_key port is missing'],
    ['type: http, agent: 9999', 'invalid_value agent cannot be 9999'],
    ['type: agent, agent: none', 'conflict agent has no meaning for a health check of type agent'],
    ['type: misc', 'invalid_value type cannot be misc'],
  ])('is refused with %s', (keys, message) => {
    expect(brief(rejected(check(keys))).join('\n')).toContain(message);
  });

  test('needs no port where it does not connect', () => {
    expect(serverOf('persistence: true, health_check: { type: file, file: /run/x }', undefined, 'port: 0, forwarding: dr')).toMatchObject({ port: 0 });
  });
});

test('the defaults shown are a file that means the same', () => {
  const text = `virtual_servers:
  - name: web
    address: 192.0.2.10
    port: 80
    forwarding: dr
    health_check: { type: http, mark: 5, redirects: 2, http_version: 2, urls: [{ path: /a, digest: { algorithm: md5, value: d41d8cd98f00b204e9800998ecf8427e } }, /b], agent: { port: 9999, send: "x\\n" } }
    real_servers:
      - { address: 192.0.2.1 }
      - { address: 192.0.2.2, health_check: { type: script, command: [/bin/true], weight_from: output } }
      - { address: 192.0.2.3, health_check: { type: file, file: /run/x } }
      - { address: 192.0.2.4, health_check: { type: https, expiry_warning: 14d } }
`;
  const { configuration } = acceptedWithWarnings(text);
  const again = acceptedWithWarnings(showDefaults(configuration));
  expect(again.warnings).toEqual([]);
  expect(again.configuration).toEqual(configuration);
});

describe('what is secret', () => {
  let directory = '';
  let one: Certificate;
  let other: Certificate;
  let modes: Readonly<Record<string, number>> = {};
  const files = (): ParseOptions => ({
    readSecret: (path) => {
      const source = { '/cert.pem': one.certificatePath, '/key.pem': one.keyPath, '/cert2.pem': other.certificatePath, '/key2.pem': other.keyPath, '/none': '' }[path];
      if (source === undefined) throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
      if (path === '/none') return { text: 'hello', mode: 0o600 };
      return { text: readFileSync(source, 'utf8'), mode: modes[path] ?? 0o100600 };
    },
  });
  const https = (certificate: string, key: string): string => check(`type: https, client_certificate: ${certificate}, client_key: ${key}`);

  beforeAll(() => {
    directory = mkdtempSync(`${tmpdir()}/tandem-keys-`);
    one = makeAuthority(directory, 'one');
    other = makeAuthority(directory, 'other');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  test('of a client certificate is read with the configuration, and shown nowhere', () => {
    const { configuration, warnings } = acceptedWithWarnings(https('/cert.pem', '/key.pem'), files());
    expect(warnings).toEqual([]);
    const key = readFileSync(one.keyPath, 'utf8');
    const { healthCheck } = first(first(configuration.virtualServers).realServers);
    expect(healthCheck).toMatchObject({ clientCertificate: { certificate: one.pem, key, certificatePath: '/cert.pem', keyPath: '/key.pem' } });
    const secret = key.split('\n')[1] ?? '';
    expect(showDefaults(configuration)).not.toContain(secret);
    expect(showDefaults(configuration)).toContain('client_key: /key.pem');
    if (healthCheck.type !== 'none') expect(checkKey(healthCheck)).not.toContain(secret.slice(0, 20));
    const changed = acceptedWithWarnings(https('/cert.pem', '/key.pem'), { readSecret: (path) => ({ text: readFileSync(path === '/key.pem' ? other.keyPath : other.certificatePath, 'utf8'), mode: 0o600 }) });
    expect(differences(configuration, changed.configuration)).toEqual(['virtual server web: real server 192.0.2.22:80: the certificate in /cert.pem changed', 'virtual server web: real server 192.0.2.22:80: the key in /key.pem changed']);
  });

  test('and can be read by others earns a warning', () => {
    modes = { '/key.pem': 0o100644 };
    expect(brief(acceptedWithWarnings(https('/cert.pem', '/key.pem'), files()).warnings).join()).toMatch(/secret_readable others can read \/key\.pem \(mode 0644\), and it holds a private key$/);
    modes = {};
    const header = check('type: http, headers: { Authorization: Bearer abcdef }');
    expect(brief(acceptedWithWarnings(header, { mode: 0o644 }).warnings).join()).toMatch(/secret_readable others can read this file \(mode 0644\), and it holds the header Authorization$/);
    expect(acceptedWithWarnings(header, { mode: 0o600 }).warnings).toEqual([]);
  });

  test.each([
    ['/cert.pem', '/key2.pem', 'the key is not that of the client_certificate'],
    ['/key.pem', '/key.pem', '/key.pem holds no certificate'],
    ['/cert.pem', '/none', '/none holds no private key'],
    ['/cert.pem', '/missing', '/missing cannot be read: ENOENT: no such file or directory'],
  ])('and wrong is refused at its place: %s with %s', (certificate, key, message) => {
    expect(brief(rejected(https(certificate, key), files())).join('\n')).toContain(`invalid_value ${message}`);
  });

  test('and has a passphrase is refused with the remedy', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1', privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
    const diagnostics = rejected(https('/cert.pem', '/key.pem'), { readSecret: (path) => ({ text: path === '/key.pem' ? privateKey : one.pem, mode: 0o600 }) });
    expect(diagnostics).toMatchObject([{ message: '/key.pem has a passphrase'.replace('/key.pem', 'the key in /key.pem'), remedy: expect.stringContaining('openssl pkey') }]);
  });

  test('and one without the other is refused', () => {
    expect(brief(rejected(check('type: https, client_certificate: /cert.pem'), files())).join()).toContain('missing_key client_key is missing: a certificate is shown with its key');
    expect(brief(rejected(check('type: https, client_key: /key.pem'), files())).join()).toContain('missing_key client_certificate is missing');
  });

  test('and stands where the name of its file should is not repeated', () => {
    const text = `virtual_servers:\n  - name: web\n    address: 192.0.2.10\n    port: 80\n    forwarding: dr\n    health_check:\n      type: https\n      client_certificate: /cert.pem\n      client_key: |\n        ${readFileSync(one.keyPath, 'utf8').trim().split('\n').join('\n        ')}\n    real_servers: [{ address: 192.0.2.22 }]\n`;
    const diagnostics = rejected(text, files());
    expect(diagnostics[0]?.message).toBe('client_key is the name of a file, not what is in it');
    const secret = readFileSync(one.keyPath, 'utf8').split('\n')[1] ?? '';
    expect(formatDiagnostics(diagnostics, text)).not.toContain(secret);
    expect(maskSecrets(text)).not.toContain(secret);
  });

  test('of a request is masked, and told as changed when it is', () => {
    const read = (token: string, body: string) => acceptedWithWarnings(check(`type: http, method: POST, headers: { X-Token: ${token} }, request_body: ${body}`)).configuration;
    expect(showDefaults(read('abcdef', 'hushhush'))).not.toMatch(/abcdef|hushhush/);
    expect(differences(read('a1', 'b'), read('a2', 'b'))).toEqual(['virtual server web: real server 192.0.2.22:80: the header X-Token of / changed']);
    expect(differences(read('a1', 'b1'), read('a1', 'b2'))).toEqual(['virtual server web: real server 192.0.2.22:80: the request body of / changed']);
    expect(rendered(check('type: http, headers: { X-Odd: hushhush }, request_body: hushhush, redirects: x'))).not.toContain('hushhush');
    expect(rendered(check('type: http, headers: { X-Odd: [hushhush] }'))).not.toContain('hushhush');
  });
});
