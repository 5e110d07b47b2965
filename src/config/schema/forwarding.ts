/** `forwarding:` of a service, a real server or a sorry server. */
import type { ForwardingName } from '../forwarding-name.js';
import type { Tunnel } from '../model.js';
import { mapping, noValue, union, type IssueDetails, type Output } from './kinds.js';
import { ipAddress, oneOf, port } from './values.js';

const forwardingRule = 'dr, nat, tun or fullnat; or a mapping such as { method: tun, type: gue, port: 6080 }';
const methods = ['dr', 'nat', 'tun', 'fullnat'] as const;

export interface Forwarding {
  readonly method: ForwardingName;
  /** with `tun`; undefined = ipip */
  readonly tunnel: Tunnel | undefined;
  /** with `fullnat`: what real servers see as the client's address; undefined = the address of the interface that leads to them */
  readonly source: string | undefined;
}

const keys = mapping({
  method: oneOf(methods).describe('dr (direct routing), nat, tun (tunnel), fullnat (NAT of both addresses)'),
  type: oneOf(['ipip', 'gre', 'gue']).optional().describe('tun: kind of tunnel, ipip by default'),
  port: port().optional().describe('tun of type gue: UDP port at the real server'),
  checksum: oneOf(['none', 'plain', 'remote']).optional().describe('tun of type gre or gue: checksum of the outer header; remote (gue): remote checksum offload; none by default'),
  source: ipAddress().optional().describe("fullnat: the director's own address that real servers see as the client's; by default that of the interface that leads to them"),
});

type Keys = Output<typeof keys>;

/** What is wrong with it: the key, the problem and the remedy. */
const problemOf = ({ method, type, port: number, checksum, source }: Keys): readonly [keyof Keys, string, string] | undefined => {
  for (const [key, value] of [['type', type], ['port', number], ['checksum', checksum]] as const) {
    if (value !== undefined && method !== 'tun') return [key, `${key} belongs to tunnels; the method is ${method}`, `method: tun with it, or leave ${key} out`];
  }
  if (source !== undefined && method !== 'fullnat') return ['source', `source belongs to fullnat; the method is ${method}`, 'method: fullnat with it, or leave source out'];
  if (type === 'gue' && number === undefined) return ['port', 'a tunnel of type gue needs the UDP port on which the real server takes it', 'port: 6080 (what the real server listens on)'];
  if (type !== 'gue' && number !== undefined) return ['port', 'port belongs to tunnels of type gue', 'leave port out, or give type: gue'];
  if (checksum === 'remote' && type !== 'gue') return ['checksum', 'remote checksum offload is known to tunnels of type gue only', 'plain or none, or give type: gue'];
  if (checksum !== undefined && checksum !== 'none' && (type ?? 'ipip') === 'ipip') return ['checksum', 'a tunnel of type ipip has no checksum of its own', 'leave checksum out, or give type: gre or gue'];
  return undefined;
};

const tunnelOf = ({ type, port: number = 0, checksum = 'none' }: Keys): Tunnel | undefined => (type === undefined || type === 'ipip' ? undefined : { type, port: number, checksum });

export const forwarding = () =>
  union(
    [
      oneOf(methods).transform((method): Forwarding => ({ method, tunnel: undefined, source: undefined })),
      keys.transform((value, context): Forwarding => {
        const wrong = problemOf(value);
        if (wrong === undefined) return { method: value.method, tunnel: tunnelOf(value), source: value.source };
        const [key, problem, message] = wrong;
        context.issues.push({ code: 'custom', input: value[key], path: value[key] === undefined ? [] : [key], message, params: { problem } satisfies IssueDetails });
        return noValue;
      }),
    ],
    { error: forwardingRule },
  );
