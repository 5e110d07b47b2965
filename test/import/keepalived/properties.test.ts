/** Whatever stands in the file: the import ends, with a configuration that the daemon takes or with errors, and every message has a place that exists. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importConfiguration } from '../../../src/import/keepalived/import.js';
import { formatImportDiagnostics } from '../../../src/import/keepalived/report.js';
import { rows } from '../../../src/import/keepalived/keyword-table.js';
import { parseConfiguration } from '../../../src/config/parse.js';
import { surroundings } from './importing.js';

const check = (text: string): void => {
  const from = surroundings({ '/etc/inc/a': 'router_id a\n}\n', '/etc/inc/self': 'include self\n' });
  const { text: result, diagnostics, texts } = importConfiguration('/etc/k.conf', text, from);
  expect(result === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  for (const { path, line, column, message, remedy } of diagnostics) {
    const lines = (texts.get(path) ?? '').replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column - 1).toBeLessThanOrEqual((lines[line - 1] ?? '').length);
    expect(`${message} ${remedy}`).not.toMatch(/undefined|\[object|NaN/);
  }
  if (diagnostics.length > 0) expect(formatImportDiagnostics(diagnostics, texts)).toMatch(/(error|warning)s?(: nothing was written)?\n$/);
  if (result === undefined) return;
  const loaded = parseConfiguration(result, 'tandem.yaml', { readText: () => '', readSecret: () => ({ text: `hex:${'ab'.repeat(32)}`, mode: 0o600 }), modeOf: () => 0o600 });
  // files that the result names are not here
  if (!loaded.ok) expect(loaded.diagnostics.filter(({ severity, message }) => severity === 'error' && !/holds no|cannot be read/.test(message))).toEqual([]);
};

const keywords = [...new Set(rows().flatMap((row) => row.keywords))];
const values = ['1', '0', '-1', '255', '300', '0.4', '1.5', '80', '8080', '65536', 'eth0', 'eth0:1', 'VI_1', 'on', 'off', 'MASTER', 'BACKUP', 'PASS', 'AH', 'TCP', 'UDP', 'NAT', 'DR', 'TUN', 'rr', 'mh', 'weight', 'reverse', 'fwmark', 'group', 'id', 'type', 'gue', 'port', '192.0.2.1', '192.0.2.10/24', '192.0.2.10-20', '10.0.0.0/8', 'fe80::1', '2001:db8::1/64', 'default', 'via', 'dev', 'table', 'main', 'from', 'to', 'src', 'nexthop', 'label', 'scope', 'brd', '+', '/bin/true', '"/bin/x a"', '"a | b"', 'hex:00', 'file:/k', '__proto__', 'constructor', 'toString', '\u00e9', '""', "''", '"', "'", '\\', '$X', '${X}', '${_PWD}', '@me', '@^me'];
const signs = ['{', '}', '{', '}', '\n', '\n', '\n', ' ', '\t', '\r\n', '!', '#', ' # x\n', '$X=1\n', '$Y= \\\na \\\n}\n', '~SEQ(X,1,3) ', '~LST({A,B},{1,2}) ', '~SEQ(', 'include inc/*\n', 'include inc/self\n', '\0', '\u2028', '\ufeff', '😀'];
const token = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...keywords) }, { weight: 3, arbitrary: fc.constantFrom(...values) }, { weight: 3, arbitrary: fc.constantFrom(...signs) });

describe('an import always ends in a configuration or in errors with their places', { timeout: 60_000 }, () => {
  test('for any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check), { numRuns: 100 });
  });

  test('for a soup of keywords, values and signs', () => {
    fc.assert(fc.property(fc.array(token, { maxLength: 120 }), (tokens) => check(tokens.join(' '))), { numRuns: 120 });
  });

  /** Blocks that are right in form, with lines that may be anything. */
  const line = fc.tuple(fc.constantFrom(...keywords), fc.array(fc.constantFrom(...values), { maxLength: 4 })).map(([keyword, rest]) => `${keyword} ${rest.join(' ').replaceAll(/["'\\]/g, '')}`);
  const block = (name: string, inner: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.array(inner, { maxLength: 8 }).map((lines) => `${name} {\n${lines.join('\n')}\n}`);
  const lists = ['virtual_ipaddress', 'virtual_ipaddress_excluded', 'unicast_peer', 'track_interface', 'track_script', 'virtual_routes', 'virtual_rules', 'authentication', 'auth_hmac'];
  const entry = fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 5 }).map((words) => words.join(' ').replaceAll(/["'\\]/g, ''));
  const keywordsOf = (name: string): fc.Arbitrary<string> => {
    const own = rows().filter((row) => row.block === name).flatMap((row) => row.keywords);
    return fc.tuple(fc.constantFrom(...own), fc.array(fc.constantFrom(...values), { maxLength: 3 })).map(([keyword, rest]) => `${keyword} ${rest.join(' ').replaceAll(/["'\\]/g, '')}`);
  };
  const instanceBlock = fc.tuple(fc.constantFrom('A', 'B', 'C/x'), fc.array(fc.oneof(keywordsOf('vrrp_instance'), ...lists.map((name) => block(name, entry))), { maxLength: 10 }), fc.integer({ min: 1, max: 4 })).map(([name, body, id]) => `vrrp_instance ${name} {\ninterface eth${id}\nvirtual_router_id ${id}\nvirtual_ipaddress { 192.0.2.${id} }\n${body.join('\n')}\n}`);
  const checker = fc.constantFrom('TCP_CHECK', 'HTTP_GET', 'SSL_GET', 'SMTP_CHECK', 'DNS_CHECK', 'MISC_CHECK', 'UDP_CHECK', 'PING_CHECK').chain((name) => block(name, fc.oneof(line, keywordsOf('every checker'), keywordsOf('HTTP_GET, SSL_GET'), keywordsOf('UDP_CHECK'), keywordsOf('MISC_CHECK'), block('url', keywordsOf('url')))));
  const realServer = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom('', '80', '8080', '0'), fc.array(fc.oneof(keywordsOf('real_server'), checker), { maxLength: 5 })).map(([host, port, body]) => `real_server 192.0.2.2${host} ${port} {\n${body.join('\n')}\n}`);
  const virtualServer = fc.tuple(fc.constantFrom('192.0.2.10 80', '192.0.2.11', 'fwmark 7', 'group G', '2001:db8::1 80'), fc.array(fc.oneof(keywordsOf('virtual_server'), realServer), { maxLength: 10 })).map(([target, body]) => `virtual_server ${target} {\n${body.join('\n')}\n}`);
  const file = fc.array(fc.oneof(instanceBlock, virtualServer, block('global_defs', keywordsOf('global_defs')), block('virtual_server_group G', entry), block('vrrp_script s', keywordsOf('vrrp_script')), block('static_routes', entry), block('static_ipaddress', entry), block('vrrp_sync_group S', fc.oneof(keywordsOf('vrrp_sync_group'), fc.constant('group { A B }')))), { minLength: 1, maxLength: 5 });
  test('for blocks that are right in form and say anything', () => {
    fc.assert(fc.property(file, (blocks) => check(blocks.join('\n'))), { numRuns: 120 });
  });
});
