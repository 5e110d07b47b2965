/** The kernel's timeouts and sync daemons, as `ipvsadm -L --timeout` and `--daemon` show them. Pure. */
import { toSeconds } from '../../time/microseconds.js';
import type { RunningDaemon } from '../daemon.js';
import type { Timeouts } from '../timeouts.js';
import { numericAddress } from './names.js';

export const formatTimeouts = ({ tcp, tcpFin, udp }: Timeouts): string => `Timeout (tcp tcpfin udp): ${[tcp, tcpFin, udp].map(toSeconds).join(' ')}\n`;

export const formatDaemons = (daemons: readonly RunningDaemon[]): string =>
  daemons
    .map(
      ({ role, interface: name, id, maximumLength, group, port, ttl }) =>
        `${role} sync daemon (mcast=${name}, syncid=${id}, maxlen=${maximumLength}, group=${numericAddress(group)}, port=${port}, ttl=${ttl})\n`,
    )
    .join('');
