/** The whole status, composed from what the children last said. Pure. */
import type { EmailStatus, ProcessStatus, Status } from '../control/status.js';
import type { Counted, LvsStatus, VrrpStatus } from './messages.js';

export interface StatusParts {
  readonly routerId: string;
  readonly version: string;
  readonly pid: number;
  /** milliseconds since the epoch */
  readonly startedAt: number;
  readonly config: { readonly path: string; readonly sha256: string; readonly loadedAt: number };
  readonly vrrp: VrrpStatus | undefined;
  readonly lvs: LvsStatus | undefined;
  readonly children: readonly ProcessStatus[];
  readonly email?: EmailStatus | undefined;
}

export const composeStatus = ({ routerId, version, pid, startedAt, config, vrrp, lvs, children, email }: StatusParts): Status => ({
  router_id: routerId,
  version,
  pid,
  started_at: new Date(startedAt).toISOString(),
  config: { path: config.path, sha256: config.sha256, loaded_at: new Date(config.loadedAt).toISOString() },
  instances: vrrp?.instances ?? [],
  virtual_servers: lvs?.virtualServers ?? [],
  sync: vrrp?.sync ?? null,
  ...(vrrp?.static && { static: vrrp.static }),
  processes: [{ name: 'tandemd', pid, restarts: 0, responding: true, dropped_messages: 0 }, ...children],
  email: email ?? null,
});

/** One line for `systemctl status`. */
export const summarise = (vrrp: VrrpStatus | undefined, counted: Counted | undefined, troubled: readonly string[]): string => {
  const states = (vrrp?.instances ?? []).map(({ name, state }) => `${name} ${state}`);
  const { servers, healthy } = counted ?? { servers: 0, healthy: 0 };
  const parts = [
    states.length > 4 ? `${states.slice(0, 4).join(', ')} and ${states.length - 4} more` : states.join(', '),
    servers > 0 ? `${healthy} of ${servers} real servers healthy` : '',
    troubled.length > 0 ? `not responding: ${troubled.join(', ')}` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
};
