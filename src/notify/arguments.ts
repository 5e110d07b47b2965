/** What a notify command is given: its arguments as keepalived has them, and its environment. Pure. */
import type { NotifyConfiguration } from '../config/model.js';
import type { NoticeState } from './notice.js';
import type { Delivery } from './order.js';

const keys = { MASTER: 'master', BACKUP: 'backup', FAULT: 'fault', STOP: 'stop' } as const satisfies Record<NoticeState, keyof NotifyConfiguration>;

/** The commands of a delivery, in order: that of the state as it is written, then `any` with `INSTANCE|GROUP name STATE priority` appended. */
export const commandsFor = (notify: NotifyConfiguration, { notice }: Delivery): readonly (readonly string[])[] => {
  const { kind, name, to, priority } = notice;
  const own = notify[keys[to]];
  return [...(own === undefined ? [] : [own]), ...(notify.any === undefined ? [] : [[...notify.any, kind, name, to, String(priority)]])];
};

/** Nothing of the daemon's own environment: a command must not depend on how the daemon was started. */
export const environmentFor = ({ notice, skipped }: Delivery, routerId: string): Readonly<Record<string, string>> => ({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TANDEM_ROUTER_ID: routerId,
  TANDEM_KIND: notice.kind,
  [`TANDEM_${notice.kind}`]: notice.name,
  TANDEM_FROM: notice.from,
  TANDEM_TO: notice.to,
  TANDEM_PRIORITY: String(notice.priority),
  TANDEM_REASON: notice.reason,
  TANDEM_TIME: new Date(notice.time).toISOString(),
  TANDEM_SKIPPED: String(skipped),
  ...(notice.virtualRouterId === undefined ? {} : { TANDEM_VRID: String(notice.virtualRouterId) }),
  ...(notice.interface === undefined ? {} : { TANDEM_INTERFACE: notice.interface }),
});
