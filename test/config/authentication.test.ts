/** Authentication by HMAC in the file: keys and where they come from, what goes with what, and that no key is ever shown. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/config/format-diagnostics.js';
import { loadConfiguration, type ParseOptions } from '../../src/config/load.js';
import { differences } from '../../src/config/reload-difference.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { maskSecrets } from '../../src/config/mask-secrets.js';
import { accepted, acceptedWithWarnings, instanceFile, rejected } from './reading.js';

const digits = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const another = 'f'.repeat(64);
const inline = `{ id: 1, key: "hex:${digits}" }`;
const hmac = (rest: string): string => instanceFile(`authentication: { type: hmac, ${rest} }`);
const authenticationOf = (text: string, options: ParseOptions = {}) => acceptedWithWarnings(text, options).configuration.vrrp.instances[0]?.authentication;

describe('a key', () => {
  test.each([
    ['hexadecimal digits', `hex:${digits}`, digits],
    ['capital digits', `hex:${digits.toUpperCase()}`, digits],
    ['64 octets', `hex:${digits}${digits}`, digits + digits],
    ['text, as keepalived has it', 'correct horse battery staple tree', Buffer.from('correct horse battery staple tree').toString('hex')],
  ])('may be %s', (_, text, octets) => {
    expect(authenticationOf(hmac(`keys: [{ id: 1, key: "${text}" }]`))).toEqual({ type: 'hmac', mode: 'enforce', keys: [{ id: 1, key: octets }], activeKey: 1, antiReplay: 'time', timeWindow: 5_000_000 });
  });

  test.each([
    ['31 octets', `hex:${digits.slice(2)}`],
    ['65 octets', `hex:${digits}${digits}00`],
    ['an odd number of digits', `hex:${digits}0`],
    ['no digits', `hex:${digits.slice(1)}g`],
    ['a short text', 'correct horse battery staple'],
    ['a text that is not ASCII', 'ä'.repeat(32)],
  ])('cannot be %s', (_, text) => {
    const [diagnostic] = rejected(hmac(`keys: [{ id: 1, key: "${text}" }]`));
    expect(diagnostic).toMatchObject({ code: 'invalid_value' });
    expect(diagnostic?.remedy).toContain('a key of 32 to 64 octets: hex: and 64 to 128 hexadecimal digits');
    expect(JSON.stringify(diagnostic)).not.toContain(text);
  });
});

describe('a key file', () => {
  const reading = (text: string, mode = 0o100600): ParseOptions => ({ readSecret: (path) => (path.endsWith('/keys/web') ? { text, mode } : { text: '', mode }) });
  const file = hmac('keys: [{ id: 7, key_file: keys/web }]');

  test.each([`hex:${digits}`, `hex:${digits}\n`, `hex:${digits}\r\n`])('holds a key on a line (%j)', (text) => {
    expect(authenticationOf(file, reading(text))).toMatchObject({ keys: [{ id: 7, key: digits, keyFile: 'keys/web' }], activeKey: 7 });
  });

  test.each([
    ['nothing', ''],
    ['two lines', `hex:${digits}\nhex:${digits}\n`],
    ['something else', 'secret-but-short'],
  ])('that holds %s is refused, and what it holds is not told', (_, text) => {
    const [diagnostic] = rejected(file, reading(text));
    expect(diagnostic).toMatchObject({ code: 'invalid_value', message: expect.stringMatching(/\/keys\/web holds no key of 32 to 64 octets$/) as string, line: 7 });
    if (text !== '') expect(JSON.stringify(diagnostic)).not.toContain(text);
  });

  test('that others can read is warned about', () => {
    const { warnings } = acceptedWithWarnings(file, reading(`hex:${digits}`, 0o100644));
    expect(warnings).toMatchObject([{ code: 'secret_readable', message: expect.stringMatching(/^others can read .*\/keys\/web \(mode 0644\), and it holds a key$/) as string, remedy: 'chmod 600 the file' }]);
  });

  test('keeps the configuration file itself from being secret; a key in it does not', () => {
    expect(acceptedWithWarnings(file, { ...reading(`hex:${digits}`), mode: 0o644 }).warnings).toEqual([]);
    expect(acceptedWithWarnings(hmac(`keys: [${inline}]`), { mode: 0o644 }).warnings).toMatchObject([{ code: 'secret_readable', message: 'others can read this file (mode 0644), and it holds a key' }]);
  });

  describe('on disk', () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'tandem-keys-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));
    const load = (keyFile: string) => {
      const path = join(folder, 'tandem.yaml');
      writeFileSync(path, hmac(`keys: [{ id: 1, key_file: ${keyFile} }]`), { mode: 0o600 });
      return loadConfiguration(path);
    };

    test('is found beside the configuration', async () => {
      writeFileSync(join(folder, 'vrrp.key'), `hex:${digits}\n`, { mode: 0o600 });
      expect(await load('vrrp.key')).toMatchObject({ ok: true, warnings: [], configuration: { vrrp: { instances: [{ authentication: { keys: [{ key: digits }] } }] } } });
    });

    test.each([
      ['missing.key', /the key in .*missing\.key cannot be read: ENOENT: no such file or directory$/],
      ['/dev/zero', /the key in \/dev\/zero cannot be read: it is no regular file$/],
    ])('that cannot be read is refused: %s', async (name, message) => {
      expect(await load(name)).toMatchObject({ ok: false, diagnostics: [{ code: 'invalid_value', message: expect.stringMatching(message) as string, remedy: 'give the path of a file that tandemd can read' }] });
    });
  });
});

describe('what does not go together is refused, with the remedy', () => {
  const two = `{ id: 2, key: "hex:${another}" }`;
  test.each([
    ['a password with version 3', instanceFile('authentication: { type: pass, password: abc }'), 'conflict VRRP version 3 has no authentication by a password; give type: hmac with keys, remove authentication, or give version: 2'],
    ['hmac with version 2', instanceFile(`version: 2\n      authentication: { type: hmac, keys: [${inline}] }`), 'conflict authentication of type hmac is for VRRP version 3; give version: 3, or type: pass with a password'],
    ['a password with hmac', hmac(`keys: [${inline}], password: abc`), 'conflict password has no meaning for authentication of type hmac; remove it, or give type: pass'],
    ['keys with a password', instanceFile(`version: 2\n      authentication: { type: pass, password: abc, keys: [${inline}] }`), 'conflict keys has no meaning for authentication of type pass; remove it, or give type: hmac'],
    ['a password that is missing', instanceFile('version: 2\n      authentication: { type: pass }'), 'missing_key password is missing; add password: a text of 1 to 8 octets'],
    ['no keys', hmac('mode: enforce'), 'missing_key keys is missing; add keys: a list of keys such as [{ id: 1, key_file: /etc/tandem/vrrp.key }]'],
    ['an empty list of keys', hmac('keys: []'), 'invalid_value keys cannot be an empty list; give at least one key'],
    ['a key without a value', hmac('keys: [{ id: 1 }]'), 'missing_key key or key_file is missing; add key_file: the path of a file that holds the key'],
    ['a key with two', hmac(`keys: [{ id: 1, key_file: web.key, key: "hex:${digits}" }]`), 'conflict a key has both key and key_file; keep one of the two'],
    ['a key in the place of its file', hmac(`keys: [{ id: 1, key_file: "hex:${digits}" }]`), 'invalid_value key_file cannot be a key; give the path of a file that holds the key, or the key as key'],
    ['an ID twice', hmac(`active_key: 1, keys: [${inline}, ${inline}]`), 'duplicate a key has the id 1 already (first on line 7); give every key an id of its own'],
    ['several keys, and none said to sign', hmac(`keys: [${inline}, ${two}]`), 'missing_key active_key is missing: there are several keys; add active_key: the id of the one to sign with; every other router must have that key already'],
    ['a key that is not there, to sign', hmac(`active_key: 3, keys: [${inline}, ${two}]`), 'unknown_reference no key has the id 3; give one of 1, 2'],
    ['a mode that is none', hmac(`mode: strict, keys: [${inline}]`), 'invalid_value mode cannot be strict; give one of enforce, permissive, receive_only'],
  ])('%s', (_, text, expected) => {
    const found = rejected(text, { readSecret: () => ({ text: `hex:${digits}`, mode: 0o600 }) }).map(({ code, message, remedy }) => `${code} ${message}; ${remedy}`);
    expect(found).toContain(expected);
    expect(JSON.stringify(found)).not.toMatch(new RegExp(`${digits}|${another}`));
  });
});

test('the window is three intervals, and 5 s at least', () => {
  const text = (interval: string): string => instanceFile(`advertisement_interval: ${interval}\n      authentication: { type: hmac, keys: [${inline}] }`);
  expect(['100ms', '4s'].map((interval) => authenticationOf(text(interval)))).toMatchObject([{ timeWindow: 5_000_000 }, { timeWindow: 12_000_000 }]);
});

test('over IPv6 one address less fits', () => {
  const addresses = (count: number): string => `virtual_addresses: [${['fe80::100', ...Array.from({ length: count - 1 }, (_, index) => `2001:db8::${(index + 1).toString(16)}`)].join(', ')}]`;
  const text = (count: number): string => instanceFile(`authentication: { type: hmac, keys: [${inline}] }`, addresses(count));
  accepted(text(88));
  expect(rejected(text(89))).toMatchObject([{ message: '89 addresses do not fit into an advertisement', remedy: 'advertise at most 88: give the others advertise: false' }]);
});

describe('a key is never shown', () => {
  test.each([
    ['beside an error on its line', hmac(`mode: strict, keys: [${inline}]`)],
    ['directly under authentication', hmac(`key: "hex:${digits}"`)],
    ['under a mistyped key', hmac(`keys: [{ id: 1, kye: "hex:${digits}" }]`)],
    ['as a mistyped list', hmac(`keys: ["hex:${digits}"]`)],
    ['without its mapping', hmac(`keys: "hex:${digits}"`)],
    ['too long', hmac(`keys: [{ id: 1, key: "hex:${digits}${digits}00" }]`)],
    ['behind an alias', `router_id: &k "hex:${digits}"\n${hmac('mode: strict, keys: [{ id: 1, key: *k }]')}`],
    ['in a text that is no YAML', `vrrp: { instances: [{ authentication: { keys: [{ id: 1, key: ${digits} }]\nx: [\n`],
    ['in the place of a file name', hmac(`keys: [{ id: 1, key_file: "hex:${digits}" }]`)],
  ])('%s', (_, text) => {
    const diagnostics = rejected(text, { mode: 0o644 });
    expect(formatDiagnostics(diagnostics, text) + JSON.stringify(diagnostics)).not.toContain(digits.slice(0, 20));
  });

  test('what is no secret can be seen beside an error', () => {
    const text = hmac(`mode: strict, keys: [${inline}], active_key: 1`);
    expect(formatDiagnostics(rejected(text), text)).toContain('authentication: { type: hmac, mode: strict, keys: [{ id: 1, key: **');
  });

  test('by the defaults shown, or by the differences of a reload, which name it by its ID', () => {
    const before = accepted(hmac(`keys: [${inline}]`));
    const changed = accepted(hmac(`keys: [{ id: 1, key: "hex:${another}" }]`));
    const added = accepted(hmac(`mode: permissive, active_key: 1, keys: [${inline}, { id: 2, key: "hex:${another}" }]`));
    expect(differences(before, changed)).toEqual(['instance web: authentication key 1 changed']);
    expect(differences(before, added)).toEqual(['instance web: authentication.mode enforce -> permissive', 'instance web: authentication key 2 added']);
    const shown = showDefaults(added) + differences(accepted(instanceFile('')), added).join();
    expect(shown).toContain('active_key: 1');
    expect(shown).not.toMatch(new RegExp(`${digits}|${another}`));
  });

  test('nor by masking a text that holds one somewhere', () => {
    expect(maskSecrets(`# was hex:${digits}\na: 1\n`)).toBe(`# was ${'*'.repeat(68)}\na: 1\n`);
  });
});
