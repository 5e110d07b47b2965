/** The commands of quorums and real servers, really run: what starts them, and what a restart of the daemon does not run again. */
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Configuration } from '../../src/config/model.js';
import { Notification } from '../../src/notify/notification.js';
import type { HealthChange, LogEvent } from '../../src/supervisor/messages.js';
import { accepted, serviceFile } from '../config/reading.js';

describe('commands of quorums and real servers', () => {
  let directory: string;
  let log: LogEvent[];
  let daemon: Notification;
  const notifications: Notification[] = [];

  /** A daemon that starts, with what an earlier one left in its runtime directory. */
  const start = async (configuration: Configuration): Promise<void> => {
    daemon = new Notification(directory, (event) => log.push(event));
    notifications.push(daemon);
    await daemon.load();
    daemon.configure(configuration);
  };
  const configuration = (servers = true, service = true): Configuration => {
    const command = (name: string): string => `[${directory}/hook.sh, ${name}]`;
    const keys = `quorum: { on_up: ${command('up')}, on_down: ${command('down')}, user: ${userInfo().username} }, notify: { up: ${command('server-up')}, down: ${command('server-down')}, user: ${userInfo().username} }`;
    return service ? accepted(serviceFile(keys, servers ? '{ address: 192.0.2.22 }, { address: 192.0.2.23 }' : '{ address: 192.0.2.22 }')) : { ...accepted(serviceFile('')), virtualServers: [] };
  };
  const quorum = (to: HealthChange['to']): HealthChange => ({ kind: 'VIRTUAL_SERVER', virtualServer: 'web', name: 'web', service: '[192.0.2.10]:tcp:80', time: 0, to, reason: 'a test' });
  const server = (last: number, to: HealthChange['to']): HealthChange => ({ kind: 'REAL_SERVER', virtualServer: 'web', name: `192.0.2.${last}:80`, service: '[192.0.2.10]:tcp:80', time: 0, to, reason: 'a test' });
  const told = (): readonly string[] => (existsSync(join(directory, 'out')) ? readFileSync(join(directory, 'out'), 'utf8').trimEnd().split('\n') : []);
  const expectTold = (lines: readonly string[]): Promise<void> => vi.waitFor(() => expect([...told()].sort()).toEqual([...lines].sort()), { timeout: 8_000, interval: 10 });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-commands-'));
    chmodSync(directory, 0o755);
    chownSync(directory, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    writeFileSync(join(directory, 'hook.sh'), `#!/bin/sh\necho "$1 $TANDEM_KIND $TANDEM_VIRTUAL_SERVER $TANDEM_REAL_SERVER $TANDEM_FROM $TANDEM_TO" >>${directory}/out\n`, { mode: 0o755 });
    log = [];
  });
  afterEach(async () => {
    for (const notification of notifications.splice(0)) await notification.stop(() => false);
    rmSync(directory, { recursive: true });
  });

  it('are run once for each change, with what changed in their environment', async () => {
    await start(configuration());
    daemon.health([server(22, 'UP'), quorum('UP')], false);
    await expectTold(['server-up REAL_SERVER web 192.0.2.22:80 UNKNOWN UP', 'up VIRTUAL_SERVER web  UNKNOWN UP']);
    daemon.health([server(22, 'UP'), quorum('UP'), quorum('UNKNOWN')], false);
    daemon.health([server(22, 'DOWN'), quorum('DOWN')], false);
    await expectTold([...told(), 'server-down REAL_SERVER web 192.0.2.22:80 UP DOWN', 'down VIRTUAL_SERVER web  UP DOWN']);
    await vi.waitFor(() => expect(log.map(({ message }) => message)).toContain('real server 192.0.2.22:80 of web: the command for DOWN is done'));
  });

  it('are not run by a restart of the daemon that changes nothing, and are by one that does', async () => {
    await start(configuration());
    daemon.health([server(22, 'UP'), server(23, 'DOWN'), quorum('UP')], false);
    await vi.waitFor(() => expect(told()).toHaveLength(3), { timeout: 8_000 });
    await daemon.stop(() => false);
    await start(configuration());
    daemon.health([server(22, 'UP'), server(23, 'UP'), quorum('UP')], false);
    await vi.waitFor(() => expect(told()).toHaveLength(4), { timeout: 8_000 });
    await daemon.stop(() => false);
    expect(told().at(-1)).toBe('server-up REAL_SERVER web 192.0.2.23:80 DOWN UP');
    expect(told()).toHaveLength(4);
  });

  it('go down with what a reload removes, and with the table at a stop', async () => {
    await start(configuration());
    daemon.health([server(22, 'UP'), server(23, 'UP'), quorum('UP')], true);
    await vi.waitFor(() => expect(told()).toHaveLength(3), { timeout: 8_000 });
    daemon.configure(configuration(false));
    daemon.health([server(22, 'UP'), quorum('UP')], true);
    await vi.waitFor(() => expect(told().at(-1)).toBe('server-down REAL_SERVER web 192.0.2.23:80 UP REMOVED'), { timeout: 8_000 });
    await daemon.stop(() => true);
    expect(told().slice(4).sort()).toEqual(['down VIRTUAL_SERVER web  UP REMOVED', 'server-down REAL_SERVER web 192.0.2.22:80 UP REMOVED']);
    await start(configuration(false));
    daemon.health([quorum('UP')], false);
    await vi.waitFor(() => expect(told().at(-1)).toBe('up VIRTUAL_SERVER web  UNKNOWN UP'), { timeout: 8_000 });
  });

  it('of what was DOWN are not run when it is removed', async () => {
    await start(configuration());
    daemon.health([quorum('DOWN')], true);
    await vi.waitFor(() => expect(told()).toHaveLength(1), { timeout: 8_000 });
    daemon.configure(configuration(true, false));
    daemon.health([], true);
    await daemon.stop(() => true);
    expect(told()).toEqual(['down VIRTUAL_SERVER web  UNKNOWN DOWN']);
  });

  it('are run again where the record is damaged, and that is said', async () => {
    writeFileSync(join(directory, 'told-commands.json'), '{"version":1,"told":[');
    await start(configuration());
    expect(log.map(({ message }) => message)).toEqual([expect.stringMatching(/told-commands.json: .*; they are told anew$/)]);
    daemon.health([quorum('UP')], false);
    await expectTold(['up VIRTUAL_SERVER web  UNKNOWN UP']);
  });
});
