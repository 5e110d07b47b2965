/** The control socket: real sockets in a temporary directory. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { request } from '../../src/control/client.js';
import { ControlServer, groupId, type ControlServerOptions } from '../../src/control/server.js';
import type { LogEvent } from '../../src/supervisor/messages.js';

describe('the control socket', () => {
  let directory: string;
  let path: string;
  let events: LogEvent[];
  const servers: ControlServer[] = [];
  const listen = async (more: Partial<ControlServerOptions> = {}): Promise<ControlServer> => {
    const commands = {
      version: () => ({ ok: true as const, version: '1' }),
      fail: () => {
        throw new Error('broken');
      },
      huge: () => ({ ok: true as const, data: 'x'.repeat(8_000_000) }),
    };
    const server = await ControlServer.listen({ path, group: undefined, commands, report: (event) => events.push(event), ...more });
    servers.push(server);
    return server;
  };
  const connect = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = createConnection(path, () => resolve(socket));
    });
  const say = async (line: string): Promise<string> => {
    const socket = await connect();
    socket.end(line);
    return text(socket);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-control-'));
    path = join(directory, 'control.sock');
    events = [];
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    rmSync(directory, { recursive: true });
  });

  it('answers a command, has mode 0660, and is removed when closed', async () => {
    const server = await listen();
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await request(directory, { command: 'version' })).toEqual({ ok: true, version: '1' });
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it('answers all that was asked before the client ended its side', async () => {
    const late = (): Promise<{ ok: true }> => new Promise((resolve) => setTimeout(() => resolve({ ok: true }), 50));
    await listen({ commands: { late, version: () => ({ ok: true, version: '1' }) } });
    expect(await say('{"command":"late"}\n{"command":"version"}\n')).toBe('{"ok":true}\n{"ok":true,"version":"1"}\n');
  });

  it('replaces what a dead daemon left, and refuses where another one answers', async () => {
    writeFileSync(path, '');
    await listen();
    await expect(listen()).rejects.toMatchObject({ code: 'EADDRINUSE', path });
    expect(await request(directory, { command: 'version' })).toMatchObject({ ok: true });
  });

  it('takes several requests on one connection, in order', async () => {
    await listen();
    const answers = (await say('{"command":"version"}\n{"command":"none"}\n{"command":"version"}\n')).trimEnd().split('\n');
    expect(answers.map((answer) => (JSON.parse(answer) as { ok: boolean }).ok)).toEqual([true, false, true]);
  });

  it.each([
    ['hello\n', 'a request is one JSON object on one line'],
    ['{"command":7}\n', 'a request has a "command"'],
    ['null\n', 'a request has a "command"'],
    ['{"command":"constructor"}\n', 'unknown command "constructor"; known are version, fail, huge'],
    ['{"command":"fail"}\n', 'broken'],
    ['x'.repeat(70_000), 'a request is at most 65536 characters'],
  ])('answers garbage with an error: %.30s', async (line, error) => {
    await listen();
    expect(JSON.parse(await say(line))).toEqual({ ok: false, error });
  });

  it('lets a client go that never reads or never sends, and serves the others meanwhile', async () => {
    const server = await listen({ idleMs: 1_000 });
    const idle = await connect();
    const deaf = await connect();
    deaf.pause();
    deaf.on('error', () => undefined);
    deaf.write('{"command":"huge"}\n'.repeat(3));
    expect(await request(directory, { command: 'version' })).toMatchObject({ ok: true });
    idle.resume();
    await vi.waitFor(() => expect(idle.readableEnded).toBe(true), 10_000);
    await vi.waitFor(() => expect(server.clients).toBe(0), 10_000);
    deaf.destroy();
  });

  it('warns of a group that does not exist, and works', async () => {
    await listen({ group: 'no-such-group' });
    expect(events).toMatchObject([{ level: 'warn', message: 'the group no-such-group of control.group does not exist: only root can use the control socket' }]);
    expect(await request(directory, { command: 'version' })).toMatchObject({ ok: true });
  });

  it.runIf(process.getuid?.() === 0)('belongs to root and the group of control.group', async () => {
    await listen({ group: 'daemon' });
    expect(statSync(path)).toMatchObject({ uid: 0, gid: groupId('daemon') });
  });

  it('a client without a daemon learns where none answers', async () => {
    await expect(request(directory, { command: 'version' })).rejects.toMatchObject({
      code: 'NO_DAEMON',
      message: `no tandemd answers at ${path} (ENOENT): is it running?`,
    });
  });

  it('a client whose daemon does not answer gives up', async () => {
    await listen({ commands: { version: () => new Promise<never>(() => undefined) } });
    await expect(request(directory, { command: 'version' }, 50)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});

it('the number of a group is found by its whole name', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-group-'));
  writeFileSync(join(directory, 'group'), 'root:x:0:\nadmin:x:7:\nadm:x:4:someone\n');
  expect(['adm', 'ad', 'root'].map((name) => groupId(name, join(directory, 'group')))).toEqual([4, undefined, 0]);
  rmSync(directory, { recursive: true });
});
