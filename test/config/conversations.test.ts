/** Health checks that converse: what the file says, and what it comes to. */
import { describe, expect, test } from 'vitest';
import { escapeText, unescapeText } from '../../src/config/escapes.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { accepted, serverOf, serviceFile } from './reading.js';

const checkOf = (keys: string, server?: string) => serverOf(`health_check: { ${keys} }`, server).healthCheck;

describe('octets', () => {
  test.each([
    ['"PING\\r\\n"', { form: 'text', value: 'PING\r\n' }],
    ["'PING\\r\\n'", { form: 'text', value: 'PING\r\n' }],
    ['PING\\r\\n', { form: 'text', value: 'PING\r\n' }],
    ["'\\x00\\\\r\\x7f'", { form: 'text', value: '\0\\r\x7f' }],
    ['{ hex: "50 49 4E 47" }', { form: 'hex', value: '50494e47' }],
    ['{ base64: UElORw== }', { form: 'base64', value: 'UElORw==' }],
  ])('may be written %s', (text, octets) => {
    expect(checkOf(`send: ${text}, expect: { regex: "^PONG" }`)).toMatchObject({ send: octets, expect: { form: 'regex', value: '^PONG' } });
  });

  test('lose nothing when they are shown', () => {
    const every = String.fromCharCode(...Array.from({ length: 300 }, (_, code) => code));
    expect(unescapeText(escapeText(every))).toBe(every);
    expect(escapeText(every)).not.toMatch(/[\u0000-\u001f\u007f]/);
    expect(unescapeText('\\d')).toBeUndefined();
    expect(unescapeText('a\\')).toBeUndefined();
    expect(unescapeText('\\xff')).toBeUndefined();
  });
});

describe('defaults', () => {
  test('of udp: a reply is required where one is expected', () => {
    expect(checkOf('type: udp, expect: a')).toMatchObject({ type: 'udp', requireReply: true, port: 80 });
    expect(checkOf('type: udp, timeout: 4s')).toMatchObject({ requireReply: false });
    expect(checkOf('type: udp, require_reply: true')).toMatchObject({ requireReply: true });
  });

  test('of dns: the SOA of the root over UDP', () => {
    expect(checkOf('type: dns')).toMatchObject({ type: 'dns', name: '.', recordType: 'SOA', protocol: 'udp', rcode: 'NOERROR' });
    expect(checkOf('type: dns, name: www.example.org.')).toMatchObject({ name: 'www.example.org' });
  });

  test('of smtp: no TLS, and no certificate verified', () => {
    expect(checkOf('type: smtp')).toMatchObject({ security: 'none', verify: false, helo: undefined });
    expect(checkOf('type: smtp, starttls: true')).toMatchObject({ security: 'starttls' });
    expect(checkOf('type: smtp, implicit_tls: true, server_name: mx.example.org, verify: true')).toMatchObject({ security: 'implicit_tls', serverName: 'mx.example.org', verify: true });
  });
});

describe('a ping', () => {
  test('is one check, whatever the ports of the services that ask for it', () => {
    expect(checkOf('type: ping')).toEqual({ type: 'ping', address: '192.0.2.22', port: 0, source: undefined, interval: 5_000_000, timeout: 2_000_000, rise: 2, fall: 3 });
  });

  test('needs no port of its service', () => {
    expect(serverOf('persistence: true, health_check: { type: ping }', undefined, 'port: 0, forwarding: dr').healthCheck).toMatchObject({ type: 'ping' });
  });
});

test('what --show-defaults writes is read as the same', () => {
  const checks = [
    "type: tcp, send: 'PING\\r\\n\\\\', expect: { regex: '^\\+PONG' }", 'type: udp, send: { hex: 00ff }, expect: { base64: UElORw== }', 'type: udp, timeout: 4s', 'type: ping, source: 192.0.2.1',
    'type: dns, name: a.example, record_type: MX, protocol: tcp, answer: "10 mx.a.example"', 'type: smtp, helo: a.example', 'type: smtp, starttls: true, verify: true, server_name: mx.a.example',
  ];
  for (const check of checks) {
    const configuration = accepted(serviceFile(`health_check: { ${check} }`));
    expect(accepted(showDefaults(configuration))).toEqual(configuration);
  }
});
