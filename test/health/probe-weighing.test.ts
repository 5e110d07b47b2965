/** The agent and file checks, and what the endings of a script mean. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { probe } from '../../src/health/probe.js';
import { scriptResult } from '../../src/health/script.js';
import { Seconds } from '../../src/time/microseconds.js';
import { closingServer, floodingServer, hangingServer, sayingServer, tricklingServer, type BadServer } from './bad-servers.js';
import { agentCheck, fileCheck, shortTimeout } from './checks.js';

const never = new AbortController().signal;

describe('an agent check', () => {
  /** An agent that says `answer` to whoever connects, and to what it is asked. */
  const agent = async (answer: (asked: string) => string, greeting?: string): Promise<{ readonly port: number; readonly close: () => Promise<void> }> => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      if (greeting !== undefined) socket.end(greeting);
      socket.on('data', (data) => socket.end(answer(data.toString())));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => new Promise((resolve) => void server.close(() => resolve())) };
  };

  test.each([['up 75%\n', { operational: 'up', factor: 0.75 }], ['drain\r\n', { administrative: 'drain' }], ['maint #upgrade', { administrative: 'maint', reason: 'upgrade' }]])('reads the line %j', async (line, report) => {
    const { port, close } = await agent(() => '', line);
    expect(await probe(agentCheck({ port }), never)).toMatchObject({ ok: true, report });
    await close();
  });

  it('says what it is configured to send', async () => {
    const { port, close } = await agent((asked) => `${asked.trim() === 'web-http' ? 'drain' : 'up'}\n`);
    expect(await probe(agentCheck({ port, send: { form: 'text', value: 'web-http\n' } }), never)).toMatchObject({ report: { administrative: 'drain' } });
    expect(await probe(agentCheck({ port, send: { form: 'text', value: 'other\n' } }), never)).toMatchObject({ report: { operational: 'up' } });
    await close();
  });

  const against = async (make: () => Promise<BadServer>, send = true) => {
    const server = await make();
    const result = await probe(agentCheck({ port: server.port, timeout: shortTimeout, ...(send ? { send: { form: 'text', value: '?\n' } } : {}) }), never);
    await server.close();
    return result;
  };

  it('fails, and says how, where nobody speaks the protocol', async () => {
    expect(await against(hangingServer)).toMatchObject({ ok: false, reason: 'no answer within 200 ms (waiting for the agent to speak)' });
    expect(await against(closingServer)).toMatchObject({ ok: false });
    expect(await against(() => sayingServer('SSH-2.0-OpenSSH_9.2p1\r\n'))).toEqual({ ok: false, reason: 'the agent says "SSH-2.0-OpenSSH_9.2p1", which has no word of the protocol' });
    expect(await against(() => floodingServer('x'))).toEqual({ ok: false, reason: 'the agent says more than 1024 octets in one line' });
    expect(await against(() => tricklingServer('x'))).toMatchObject({ ok: false, reason: expect.stringMatching(/^no answer within 200 ms \(in the line of the agent\)$/) });
  });
});

describe('a file check', () => {
  let directory = '';
  beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'tandem-file-'))));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const look = (content: string) => {
    const file = join(directory, 'state');
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
    return probe(fileCheck({ file, timeout: Seconds(5) }), never);
  };

  it('does what the first word says, at once', async () => {
    expect(await look('up\n')).toMatchObject({ ok: true, decisive: true, detail: expect.stringMatching(/state says up$/) });
    expect(await look('down for the night')).toMatchObject({ ok: false, decisive: true, reason: expect.stringMatching(/state says down$/) });
    expect(await look(' DRAIN\n')).toMatchObject({ ok: true, weight: { factor: 0 } });
    expect(await look('12\n')).toMatchObject({ ok: true, weight: { weight: 12 } });
    expect(await look('50%\n')).toMatchObject({ ok: true, weight: { factor: 0.5 } });
  });

  it('fails on a file that says nothing of the kind, is missing, or is no file', async () => {
    expect(await look('')).toMatchObject({ ok: false, reason: expect.stringMatching(/state holds "", which is neither up, down, drain nor a weight$/) });
    expect(await look('99999999')).toMatchObject({ ok: false });
    expect(await look('x'.repeat(100_000))).toMatchObject({ ok: false, reason: expect.stringMatching(/holds "x{30}"/) });
    expect(await probe(fileCheck({ file: join(directory, 'none') }), never)).toEqual({ ok: false, reason: `${join(directory, 'none')} is missing` });
    expect(await probe(fileCheck({ file: directory }), never)).toEqual({ ok: false, reason: `${directory} is no file` });
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(await probe(fileCheck({ file: fifo }), never)).toEqual({ ok: false, reason: `${fifo} is no file` });
  });
});

describe('the ending of a script', () => {
  const timeout = Seconds(2);
  test.each([
    [undefined, { type: 'exit', status: 0 }, { ok: true, detail: 'exit status 0' }],
    [undefined, { type: 'exit', status: 3 }, { ok: false, reason: 'script: exit status 3' }],
    ['exit_status', { type: 'exit', status: 0 }, { ok: true, detail: 'exit status 0' }],
    ['exit_status', { type: 'exit', status: 1 }, { ok: false, reason: 'script: exit status 1' }],
    ['exit_status', { type: 'exit', status: 2 }, { ok: true, detail: 'exit status 2', weight: { weight: 0 } }],
    ['exit_status', { type: 'exit', status: 255 }, { ok: true, detail: 'exit status 255', weight: { weight: 253 } }],
    ['output', { type: 'exit', status: 0, output: '40' }, { ok: true, detail: 'script says 40', weight: { weight: 40 } }],
    ['output', { type: 'exit', status: 0, output: 'down' }, { ok: false, reason: 'script says down' }],
    ['output', { type: 'exit', status: 0 }, { ok: false, reason: 'script: its output "" is no weight' }],
    ['output', { type: 'exit', status: 1, output: '40' }, { ok: false, reason: 'script: exit status 1' }],
    [undefined, { type: 'overdue' }, { ok: false, reason: 'script: no end within 2 s' }],
    [undefined, { type: 'signal', signal: 'SIGSEGV' }, { ok: false, reason: 'script: killed by SIGSEGV' }],
  ] as const)('with weight_from %s: %j', (weightFrom, ending, result) => expect(scriptResult({ weightFrom, timeout }, ending)).toEqual(result));
});
