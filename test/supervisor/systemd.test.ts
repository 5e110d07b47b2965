/** sd_notify: what a real AF_UNIX datagram socket gets (python3 listens, as the service manager does). */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectServiceManager, noServiceManager, socketAddress, watchdogInterval } from '../../src/supervisor/systemd.js';

const listener = `
import socket, sys
path = sys.argv[1]
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peer.bind('\\0' + path[1:] if path[0] == '@' else path)
print('listening', flush=True)
while True:
    print(repr(peer.recv(4096).decode()), flush=True)
`;

describe('the service manager', () => {
  let directory: string;
  let manager: ChildProcess | undefined;
  const listen = async (path: string): Promise<AsyncIterator<string>> => {
    manager = spawn('python3', ['-c', listener, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (manager.stdout === null) throw new Error('no output');
    const lines = createInterface(manager.stdout)[Symbol.asyncIterator]();
    await lines.next();
    return lines;
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-notify-'));
  });
  afterEach(async () => {
    if (manager?.exitCode === null && manager.kill('SIGKILL')) await once(manager, 'exit');
    rmSync(directory, { recursive: true });
  });

  it.each([() => join(directory, 'notify'), () => `@tandem-test-${process.pid}`])('hears readiness, reload, watchdog and stop in order (socket %#)', async (pathOf) => {
    const path = pathOf();
    const lines = await listen(path);
    const told = await connectServiceManager(
      (error) => {
        throw error;
      },
      { NOTIFY_SOCKET: path, WATCHDOG_USEC: '3000000' },
    );
    told.ready('web MASTER');
    told.reloading();
    told.ready();
    told.watchdog();
    told.status('two\nlines');
    told.stopping();
    const heard: unknown[] = [];
    while (heard.length < 6) heard.push((await lines.next()).value);
    expect(heard).toEqual([
      "'READY=1\\nSTATUS=web MASTER'",
      expect.stringMatching(/^'RELOADING=1\\nMONOTONIC_USEC=\d+'$/),
      "'READY=1'",
      "'WATCHDOG=1'",
      "'STATUS=two lines'",
      "'STOPPING=1'",
    ]);
    expect(told.watchdogInterval).toBe(1_500);
  });

  it('that is not there is reported once, and nothing else happens', async () => {
    const errors: Error[] = [];
    const told = await connectServiceManager((error) => errors.push(error), { NOTIFY_SOCKET: join(directory, 'missing') });
    told.ready();
    told.watchdog();
    expect(errors).toMatchObject([{ code: 'ENOENT' }]);
    expect(await connectServiceManager((error) => errors.push(error), {})).toBe(noServiceManager);
  });

  it('that goes away is reported once, and is told again when it is back', async () => {
    const path = join(directory, 'notify');
    await listen(path);
    const errors: Error[] = [];
    const told = await connectServiceManager((error) => errors.push(error), { NOTIFY_SOCKET: path });
    manager?.kill('SIGKILL');
    if (manager !== undefined) await once(manager, 'exit');
    told.watchdog();
    told.watchdog();
    expect(errors).toMatchObject([{ code: 'ECONNREFUSED' }]);
    rmSync(path);
    const lines = await listen(path);
    told.watchdog();
    expect(await lines.next()).toMatchObject({ value: "'WATCHDOG=1'" });
  });
});

it('the watchdog is fed at half its time, when it is meant for this process', () => {
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000' }, 7)).toBe(15_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7)).toBe(15_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7)).toBeUndefined();
  expect(watchdogInterval({ WATCHDOG_USEC: 'soon' }, 7)).toBeUndefined();
  expect(watchdogInterval({}, 7)).toBeUndefined();
});

it('an abstract name begins with a zero octet and has no end mark; a name that is too long is refused', () => {
  expect(socketAddress('@a').toString('hex')).toBe('01000061');
  expect(socketAddress('/a').toString('hex')).toBe('01002f6100');
  expect(() => socketAddress('x'.repeat(108))).toThrow(RangeError);
});
