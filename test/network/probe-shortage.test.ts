/** Probes of a process that has no descriptor left: they say nothing of the servers. */
import { execFile } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ActiveCheck } from '../../src/health/check-key.js';
import { agentCheck, dnsCheck, fileCheck, httpCheck, pingCheck, smtpCheck, tcpCheck, tlsCheck, udpCheck } from '../health/checks.js';
import { Milliseconds } from '../../src/time/microseconds.js';

const built = (path: string): string => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href);

/** Makes each probe once, so that all is loaded; takes every descriptor; makes each again; frees them; and once more. A ping needs another socket then. */
const script = `
import { openSync, closeSync, readFileSync } from 'node:fs';
const { probe } = await import(${built('health/probe.js')});
const checks = JSON.parse(process.argv[1]);
const never = new AbortController().signal;
const all = async () => { const found = []; for (const check of checks) found.push(await probe(check, never)); return found; };
const before = await all();
const taken = [];
const take = () => { try { for (;;) taken.push(openSync('/dev/null')); } catch (error) { if (error.code !== 'EMFILE') throw error; } };
take();
const during = [];
for (const check of checks.slice(0, -1)) { during.push(await probe(check, never)); take(); }
// with one descriptor a raw socket can be opened, but not be told from the others
const free = taken.length;
closeSync(taken.pop());
const ping = { ...checks.at(-1), source: '127.0.0.4' };
during.push(await probe(ping, never));
await new Promise(setImmediate);
take();
const leaked = free - taken.length;
for (const fd of taken) closeSync(fd);
console.log(JSON.stringify({ leaked, before, during, after: await all() }));
// the sockets of pings are kept for a while
process.exit();
`;

let server: Server;
beforeAll(async () => {
  server = createServer((socket) => socket.on('error', () => undefined).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

it('are void, of every type, and the same as ever when there are descriptors again', async () => {
  const timeout = Milliseconds(300);
  const target = { address: '127.0.0.1', port: (server.address() as AddressInfo).port, timeout };
  // half of them are not answered
  const checks: readonly ActiveCheck[] = [
    tcpCheck(target),
    tcpCheck({ ...target, mark: 7 }),
    tlsCheck(target),
    httpCheck(target),
    smtpCheck(target),
    agentCheck(target),
    dnsCheck({ ...target, protocol: 'tcp' }),
    dnsCheck(target),
    udpCheck({ ...target, requireReply: true }),
    fileCheck({ file: '/dev/null', timeout }),
    pingCheck({ address: '127.0.0.1', source: '127.0.0.3', timeout }),
  ];
  const output = await new Promise<string>((resolve, reject) => {
    execFile('prlimit', ['--nofile=200', process.execPath, '--input-type=module', '-e', script, JSON.stringify(checks)], { timeout: 60_000 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
  const { before, during, after, leaked } = JSON.parse(output) as Readonly<Record<'before' | 'during' | 'after', readonly object[]>> & { readonly leaked: number };
  expect(leaked).toBe(0);
  expect(during).toEqual(checks.map(() => ({ ok: false, isVoid: true, reason: expect.stringContaining('this process has too many open files') as string })));
  const isVoid = (results: readonly object[]): readonly boolean[] => results.map((result) => 'isVoid' in result);
  expect([...isVoid(before), ...isVoid(after)]).not.toContain(true);
}, 90_000);
