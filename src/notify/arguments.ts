/** What a notify command is given: its arguments as keepalived has them, and its environment. Pure. */
import type { ChangeCommands, NotifyConfiguration } from '../config/model.js';
import type { CommandNotice } from './happening.js';
import type { Delivery } from './order.js';

const keys = { MASTER: 'master', BACKUP: 'backup', FAULT: 'fault', STOP: 'stop', UP: undefined, DOWN: undefined, REMOVED: undefined } as const satisfies Record<CommandNotice['to'], keyof NotifyConfiguration | undefined>;

/**
 * The commands of a delivery, in order: that of the state as it is written, then `any` with `INSTANCE|GROUP name STATE priority` appended.
 * Of a quorum or a real server: that of the change; what is removed while it is up goes down with it.
 */
export const commandsFor = (notify: NotifyConfiguration | ChangeCommands, { notice }: Delivery): readonly (readonly string[])[] => {
  const { kind, name, from, to, priority } = notice;
  if ('onUp' in notify) {
    const command = to === 'UP' ? notify.onUp : to === 'DOWN' || from === 'UP' ? notify.onDown : undefined;
    return command === undefined || from === to ? [] : [command];
  }
  const key = keys[to];
  const own = key && notify[key];
  return [...(own === undefined ? [] : [own]), ...(notify.any === undefined ? [] : [[...notify.any, kind, name, to, String(priority)]])];
};

/** Nothing of the daemon's own environment: a command must not depend on how the daemon was started. */
export const environmentFor = ({ notice, skipped }: Delivery, routerId: string): Readonly<Record<string, string>> => ({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TANDEM_ROUTER_ID: routerId,
  TANDEM_KIND: notice.kind,
  ...(notice.virtualServer === undefined ? {} : { TANDEM_VIRTUAL_SERVER: notice.virtualServer }),
  [`TANDEM_${notice.kind}`]: notice.name,
  TANDEM_FROM: notice.from,
  TANDEM_TO: notice.to,
  ...(notice.priority === undefined ? {} : { TANDEM_PRIORITY: String(notice.priority) }),
  TANDEM_REASON: notice.reason,
  TANDEM_TIME: new Date(notice.time).toISOString(),
  TANDEM_SKIPPED: String(skipped),
  ...(notice.virtualRouterId === undefined ? {} : { TANDEM_VRID: String(notice.virtualRouterId) }),
  ...(notice.interface === undefined ? {} : { TANDEM_INTERFACE: notice.interface }),
});
