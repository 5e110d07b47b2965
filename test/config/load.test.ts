import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/config/format-diagnostics.js';
import { loadConfiguration } from '../../src/config/load.js';
import { parseConfiguration } from '../../src/config/parse.js';
import { instanceFile, serviceFile } from './reading.js';

const directory = mkdtempSync(join(tmpdir(), 'tandem-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

const fileOf = (name: string, content: string | Uint8Array, mode = 0o600): string => {
  const path = join(directory, name);
  writeFileSync(path, content, { mode });
  return path;
};

const messageOf = async (path: string): Promise<string> => {
  const result = await loadConfiguration(path);
  return result.ok ? 'accepted' : formatDiagnostics(result.diagnostics, result.text);
};

describe('loading a file', () => {
  test('gives the configuration, the text and the digest of its bytes', async () => {
    const content = `\ufeff${serviceFile('')}`;
    const result = await loadConfiguration(fileOf('good.yaml', content));
    expect(result).toMatchObject({ ok: true, warnings: [], sha256: createHash('sha256').update(content).digest('hex') });
  });

  test('that is missing says so', async () => {
    const path = join(directory, 'missing.yaml');
    expect(await messageOf(path)).toBe(`${path}:1:1: error: ${path} cannot be read: there is no such file\n     = give the path of a YAML file that can be read\n`);
  });

  test.each([
    ['a directory', () => directory, 'is a directory'],
    ['a device', () => '/dev/zero', 'is a device'],
    ['a path through a file', () => join(fileOf('file', 'x'), 'tandem.yaml'), 'part of the path is no directory'],
    ['a path with a zero in it', () => 'a\0b', 'cannot be read'],
    ['bytes that are no UTF-8', () => fileOf('latin1', Buffer.from('router_id: b\xfccher\n', 'latin1')), 'no text in UTF-8 (byte 13)'],
    ['an executable', () => fileOf('binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1])), 'control character U+007F'],
    ['an empty file', () => fileOf('empty', ''), 'the file is empty'],
    ['nothing but comments', () => fileOf('comments', '# nothing\n---\n'), 'the file is empty'],
    ['a list', () => fileOf('list', '- a\n'), 'the file cannot be a list'],
    ['a word', () => fileOf('word', 'hello\n'), 'the file cannot be hello'],
  ])('that is %s is refused', async (_, path, message) => {
    expect(await messageOf(path())).toContain(message);
  });

  test('warns when others can read a password', async () => {
    const text = instanceFile('version: 2\n      authentication: { type: pass, password: s3cret }');
    for (const mode of [0o644, 0o640, 0o604]) {
      const result = parseConfiguration(text, 'tandem.yaml', { mode });
      expect(result.ok && result.warnings.map(({ code, line }) => `${code} ${line}`)).toEqual(['secret_readable 8']);
    }
    expect(parseConfiguration(text, 'tandem.yaml', { mode: 0o100600 })).toMatchObject({ ok: true, warnings: [] });
    expect(parseConfiguration(instanceFile(''), 'tandem.yaml', { mode: 0o644 })).toMatchObject({ ok: true, warnings: [] });
    expect(await loadConfiguration(fileOf('open.yaml', text, 0o644))).toMatchObject({ ok: true, warnings: [{ code: 'secret_readable' }] });
    expect(await loadConfiguration(fileOf('closed.yaml', text, 0o600))).toMatchObject({ ok: true, warnings: [] });
  });
});
