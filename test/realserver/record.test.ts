/** What is remembered of a host, and for how long. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptyState, RealServerRecord, type RealServerState } from '../../src/realserver/record.js';
import { nothingMade } from '../../src/realserver/made.js';
import { dr, wish } from './host.js';

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'tandem-record-')), 'state');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

const state: RealServerState = {
  sets: { default: wish([...dr('192.0.2.1'), { address: '2001:db8::1', method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'plain' }, realServer: 'fd00::11' }]) },
  made: { ...nothingMade, addresses: [{ device: 'lo', address: '192.0.2.1', prefixLength: 32 }], settings: [{ path: 'ipv4/conf/e0.7/arp_ignore', before: '0', ours: '1' }], raised: ['tunl0'], ports: [{ family: 'ipv6', port: 6080 }] },
};
const saved = async (record: RealServerRecord): Promise<void> => record.locked(() => record.save(state));

it('is read as it was written, and gone when nothing is left', async () => {
  const record = new RealServerRecord(directory);
  await saved(record);
  expect(new RealServerRecord(directory).load()).toEqual(state);
  await record.save(emptyState);
  expect(readdirSync(directory).filter((name) => name.endsWith('.json'))).toEqual([]);
  expect(record.load()).toEqual(emptyState);
});

it('of an earlier boot counts for nothing: the kernel has forgotten all of it', async () => {
  await saved(new RealServerRecord(directory, 'first boot'));
  expect(new RealServerRecord(directory, 'second boot').load()).toEqual(emptyState);
  expect(new RealServerRecord(directory, 'first boot').load()).toEqual(state);
});

it.each([
  ['is no JSON', '{'],
  ['holds something else', '{"boot":"x"}'],
  ['would write elsewhere', JSON.stringify({ boot: 'x', ...state, made: { ...state.made, settings: [{ path: 'ipv4/conf/../../kernel/panic', before: '1', ours: '0' }] } })],
  ['would write another value than a number', JSON.stringify({ boot: 'x', ...state, made: { ...state.made, settings: [{ path: 'ipv4/conf/e0/arp_ignore', before: 'x', ours: '0' }] } })],
])('that %s is refused, by name', async (_, text) => {
  const record = new RealServerRecord(directory);
  await saved(record);
  writeFileSync(record.path, text);
  expect(() => record.load()).toThrow(`${record.path} is damaged`);
});

it('is changed by one at a time', async () => {
  const order: string[] = [];
  const work = (name: string) => new RealServerRecord(directory).locked(async () => {
    order.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`${name} ends`);
  });
  await Promise.all([work('a'), work('b')]);
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

it('that cannot be written names another place', async () => {
  writeFileSync(join(directory, '..', 'file'), '');
  const record = new RealServerRecord(join(directory, '..', 'file', 'state'));
  await expect(record.locked(async () => undefined)).rejects.toThrow(/cannot be written: .*; name another directory with --state-dir/);
  expect(statSync(join(directory, '..')).isDirectory()).toBe(true);
});
