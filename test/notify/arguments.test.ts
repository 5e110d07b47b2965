/** What a notify command is given. */
import { describe, expect, it } from 'vitest';
import type { NotifyConfiguration } from '../../src/config/model.js';
import { commandsFor, environmentFor } from '../../src/notify/arguments.js';
import type { Delivery } from '../../src/notify/order.js';
import { Seconds } from '../../src/time/microseconds.js';

const notify: NotifyConfiguration = { master: ['/m', '1'], backup: undefined, fault: undefined, stop: ['/s'], any: ['/a', '-v'], timeout: Seconds(30), user: 'root' };
const delivery: Delivery = { notice: { kind: 'INSTANCE', name: 'web', time: Date.UTC(2026, 10, 21), from: 'BACKUP', to: 'MASTER', priority: 150, reason: 'no advertisement', virtualRouterId: 51, interface: 'eth0' }, skipped: 2 };

describe('a notify command', () => {
  it('of the state comes first and as it is written, then that of any with the arguments of keepalived', () => {
    expect(commandsFor(notify, delivery)).toEqual([['/m', '1'], ['/a', '-v', 'INSTANCE', 'web', 'MASTER', '150']]);
    expect(commandsFor(notify, { ...delivery, notice: { ...delivery.notice, to: 'BACKUP' } })).toEqual([['/a', '-v', 'INSTANCE', 'web', 'BACKUP', '150']]);
    expect(commandsFor({ ...notify, any: undefined }, { ...delivery, notice: { ...delivery.notice, to: 'FAULT' } })).toEqual([]);
  });

  it('finds the transition in its environment, and nothing of the daemon', () => {
    expect(environmentFor(delivery, 'director-a')).toEqual({
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      TANDEM_ROUTER_ID: 'director-a',
      TANDEM_KIND: 'INSTANCE',
      TANDEM_INSTANCE: 'web',
      TANDEM_FROM: 'BACKUP',
      TANDEM_TO: 'MASTER',
      TANDEM_PRIORITY: '150',
      TANDEM_REASON: 'no advertisement',
      TANDEM_TIME: '2026-11-21T00:00:00.000Z',
      TANDEM_SKIPPED: '2',
      TANDEM_VRID: '51',
      TANDEM_INTERFACE: 'eth0',
    });
  });

  it('of a group is told the name of the group', () => {
    const { time, from, to, reason } = delivery.notice;
    const environment = environmentFor({ notice: { kind: 'GROUP', name: 'nat', time, from, to, priority: 0, reason }, skipped: 0 }, 'a');
    expect(environment).toMatchObject({ TANDEM_KIND: 'GROUP', TANDEM_GROUP: 'nat', TANDEM_PRIORITY: '0' });
    expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(['TANDEM_INSTANCE']));
    expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(['TANDEM_VRID']));
  });
});
