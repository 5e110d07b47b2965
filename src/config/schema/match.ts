/** `match:` of a service by firewall mark: the packets that the daemon's own rules mark. */
import type { Protocol } from '../model.js';
import { addressRange, ports, servicePort } from './targets.js';
import { readBySchema } from '../schema-read.js';
import { list, mapping, noValue, textual, union, type IssueDetails } from './kinds.js';
import { oneOf } from './values.js';

export interface MatchEntry {
  /** a range is written out */
  readonly addresses: readonly string[];
  /** at least one; 0 = every port */
  readonly ports: readonly number[];
  readonly protocol: Protocol;
}

const endpointRule = 'an address and a port such as "192.0.2.10:80" or "[2001:db8::10]:80"';

const anyRange = addressRange();

/** `192.0.2.10:80`, over TCP. */
const endpoint = () =>
  textual(endpointRule, (text, fail): MatchEntry => {
    const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
    const port = Number(digits);
    const addresses = readBySchema(anyRange, bracketed ?? plain);
    if (addresses === undefined || !(port >= 1 && port <= 65_535)) return fail();
    return { addresses, ports: [port], protocol: 'tcp' };
  });

const entryKeys = mapping({
  address: addressRange().describe('Address that the packets are sent to, or a range of them'),
  port: servicePort().optional().describe('Port; 0 = every port'),
  ports: ports().optional().describe('Several ports and ranges, such as [80, 443]'),
  protocol: oneOf(['tcp', 'udp', 'sctp']).prefault('tcp').describe('Transport protocol'),
}).transform(({ address, port, ports: several, protocol }, context): MatchEntry => {
  const found = port === undefined ? several : [port];
  if (found !== undefined && (port === undefined || several === undefined)) return { addresses: address, ports: found, protocol };
  const problem = found === undefined ? 'port is missing' : 'both port and ports are given';
  context.issues.push({ code: 'custom', input: port, path: found === undefined ? [] : ['port'], message: 'port or ports, one of them', params: { problem } satisfies IssueDetails });
  return noValue;
});

const entryRule = `${endpointRule}, or a mapping such as { address: 192.0.2.10, ports: [80, 443], protocol: tcp }`;

export const match = () => list(union([endpoint(), entryKeys], { error: entryRule }), 'a list of addresses with ports').min(1, { error: 'a list of at least one address with its port' });
