/** What this machine says about probes of virtual addresses; its settings are files of the test's own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProbeSurroundings } from '../../src/health/probe-surroundings.js';

let root: string;
const set = (path: string, value: string): void => {
  mkdirSync(join(root, 'ipv4/conf', path, '..'), { recursive: true });
  writeFileSync(join(root, 'ipv4/conf', path), `${value}\n`);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-surroundings-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('a host that holds the address drops its answers while accept_local is 0 for all and for the interface of the source', () => {
  const surroundings = new ProbeSurroundings(() => new Set(), root);
  set('all/accept_local', '0');
  set('lo/accept_local', '0');
  expect(surroundings.droppedBy('127.0.0.1', '127.0.0.1', '192.0.2.22')).toBe('net.ipv4.conf.lo.accept_local is 0');
  set('all/accept_local', '1');
  expect(surroundings.droppedBy('127.0.0.1', '127.0.0.1', '192.0.2.22')).toBeUndefined();
});

it('nothing is dropped of an address that is not here, of a server that is this host, and of IPv6', () => {
  const surroundings = new ProbeSurroundings(() => new Set(), root);
  for (const [virtual, server] of [['192.0.2.10', '192.0.2.22'], ['127.0.0.1', '127.0.0.1'], ['::1', '2001:db8::22']] as const) expect(surroundings.droppedBy(virtual, '127.0.0.1', server)).toBeUndefined();
});

it('the kernel says from which address a server is reached', async () => {
  expect(await new ProbeSurroundings(() => new Set(), root).sourceTowards('127.0.0.1')).toBe('127.0.0.1');
});
