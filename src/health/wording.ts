/** How health is told in the log and in status. */
import type { ActiveCheck } from './check-key.js';
import { formatEndpoint } from '../network/ip-address.js';
import type { HealthCheckConfiguration, HttpRequest, ProbePath } from '../config/model.js';
import { toMilliseconds, type Microseconds } from '../time/microseconds.js';
import type { QuorumChange } from './pool.js';
import type { HealthState } from './state.js';

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `10.0.0.11:80`, `[2001:db8::1]:80` */
export const describeEndpoint = ({ address, port }: Endpoint): string => formatEndpoint(address, port);

/** `1 s`, `500 ms` */
export function describeDuration(duration: Microseconds): string {
  const milliseconds = toMilliseconds(duration);
  return milliseconds >= 1_000 ? `${milliseconds / 1_000} s` : `${milliseconds} ms`;
}

const count = (n: number, singular: string, plural: string): string => `${n} ${n === 1 ? singular : plural}`;

/** `real server 10.0.0.11:80 of web-http is down: HTTP status 500, expected 200-299 (3 failures)`; `virtualServer`: its name; `called`: what the server is to it. */
export function describeVerdict(server: Endpoint, virtualServer: string, state: HealthState, called = 'real server'): string {
  const subject = `${called} ${describeEndpoint(server)} of ${virtualServer}`;
  switch (state.verdict) {
    case 'unknown':
      return `${subject} has no verdict yet: ${state.reason}`;
    case 'up':
      return `${subject} is up: ${state.reason}${state.successes === 0 ? '' : ` (${count(state.successes, 'success', 'successes')})`}`;
    case 'down':
      return `${subject} is down: ${state.reason} (${count(state.failures, 'failure', 'failures')})`;
  }
}

/** `10.0.0.11 (dr)`, `10.2.0.11 (tun gre)` */
export const describePath = ({ server, forwarding, tunnel }: ProbePath): string => `${server} (${forwarding}${tunnel && tunnel.type !== 'ipip' ? ` ${tunnel.type}` : ''})`;

/** For the `check` of status: `http GET /health at 10.0.0.11:80 every 2 s`. */
export function describeCheck(check: HealthCheckConfiguration): string {
  if (check.type === 'none') return 'none';
  const where = check.type === 'file' || check.type === 'script' ? '' : ` at ${check.type === 'ping' ? check.address : describeEndpoint(check)}`;
  const through = check.through ? ` through ${describePath(check.through)}` : '';
  return `${what(check)}${where}${through} every ${describeDuration(check.interval)}`;
}

const what = (check: ActiveCheck): string => {
  switch (check.type) {
    case 'http':
    case 'https':
      return `${check.type} ${describeRequests(check.requests)}`;
    case 'dns':
      return `dns ${check.name} ${check.recordType} over ${check.protocol}`;
    case 'smtp':
      return { none: 'smtp', starttls: 'smtp with STARTTLS', implicit_tls: 'smtp over TLS' }[check.security];
    case 'script':
      return `script ${check.command[0] ?? ''}`;
    case 'file':
      return `file ${check.file}`;
    default:
      return check.type;
  }
};

const describeRequests = ([first, ...more]: readonly HttpRequest[]): string => `${first?.method ?? ''} ${first?.path ?? ''}${more.length === 0 ? '' : ` and ${count(more.length, 'more URL', 'more URLs')}`}`;

/** A sentence for the log, e.g. `web-http: quorum lost, weight 0 of 1 needed`; `virtualServer`: its name. */
export function describeQuorumChange(virtualServer: string, { to, weight: sum, needed }: QuorumChange): string {
  const weight = `weight ${sum} of ${needed} needed`;
  switch (to) {
    case 'up':
      return `${virtualServer}: quorum reached, ${weight}`;
    case 'down':
      return `${virtualServer}: quorum lost, ${weight}`;
    case 'undecided':
      return `${virtualServer}: quorum undecided until every server is checked, ${weight}`;
  }
}
