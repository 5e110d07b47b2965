/** Reading one file again and again: the same object as long as nothing that it was made of has changed. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { ConfigurationReader } from '../../src/config/reader.js';
import { serviceFile } from './reading.js';

const directory = mkdtempSync(join(tmpdir(), 'tandem-reader-'));
const path = join(directory, 'tandem.yaml');
afterAll(() => rmSync(directory, { recursive: true }));

let reader: ConfigurationReader;
beforeEach(() => {
  writeFileSync(path, serviceFile(''), { mode: 0o600 });
  chmodSync(path, 0o600);
  reader = new ConfigurationReader(path);
});

it('gives the same result while the file is the same, written again or not', async () => {
  const first = await reader.load();
  writeFileSync(path, serviceFile(''));
  expect(await reader.load()).toBe(first);
});

it('reads anew what has changed, what others may read now, and what is gone', async () => {
  const first = await reader.load();
  chmodSync(path, 0o644);
  expect(await reader.load()).not.toBe(first);
  writeFileSync(path, 'vrrp: [');
  expect((await reader.load()).ok).toBe(false);
  rmSync(path);
  expect((await reader.load()).ok).toBe(false);
  writeFileSync(path, serviceFile(''));
  expect((await reader.load()).ok).toBe(true);
});

it('reads anew when a key that the file names has changed', async () => {
  const key = join(directory, 'key');
  writeFileSync(key, '00'.repeat(32), { mode: 0o600 });
  writeFileSync(path, `vrrp: { instances: [{ name: web, interface: e0, virtual_router_id: 51, virtual_addresses: [10.0.0.100], authentication: { type: hmac, keys: [{ id: 1, key_file: ${key} }] } }] }\n`);
  const first = await reader.load();
  expect(first.ok).toBe(true);
  expect(await reader.load()).toBe(first);
  writeFileSync(key, '11'.repeat(32));
  const second = await reader.load();
  expect(second.ok).toBe(true);
  expect(second).not.toBe(first);
});
