/** What a service answers to: addresses and ports, alone, in ranges and in groups. */
import { decodeIPv4, decodeIPv6, encodeAddress, familyOf } from '../../network/ip-address.js';
import { readBySchema } from '../schema-read.js';
import { list, mapping, noValue, textual, union, type IssueDetails } from './kinds.js';
import { ipAddress, wholeNumber } from './values.js';

const servicePort = () => wholeNumber(0, 65_535);

/** What a range may hold, so that a slip of the hand does not fill the kernel's table. */
const longestRange = 4_096;
const portsRule = 'ports such as [80, 443, "8000-8010"]';

const portRange = () =>
  textual('a port or a range of ports such as "8000-8010"', (text, fail): readonly number[] => {
    const [, first, last] = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text.trim()) ?? [];
    const [from, to] = [Number(first), Number(last ?? first)];
    if (!(from >= 1 && to >= from && to <= 65_535)) return fail();
    if (to - from >= longestRange) return fail({ problem: `the range has ${to - from + 1} ports` }, `at most ${longestRange} ports; for every port give port: 0`);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });

/** Port numbers, ranges written out. */
export const ports = () =>
  list(union([wholeNumber(1, 65_535).transform((port): readonly number[] => [port]), portRange()], { error: portsRule }), portsRule)
    .min(1, { error: portsRule })
    .transform((ranges): readonly number[] => ranges.flat());

const rangeRule = 'an address, or a range such as 192.0.2.10-20 or 2001:db8::10-1f';

const asNumber = (octets: Buffer): bigint => octets.reduce((number, octet) => number * 256n + BigInt(octet), 0n);
const asText = (number: bigint, length: 4 | 16): string => {
  const octets = Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex');
  return length === 4 ? decodeIPv4(octets) : decodeIPv6(octets);
};

const anyAddress = ipAddress();

/** The last one of a range stands whole, or as its last group alone, as keepalived has it. */
export const addressRange = () =>
  textual(rangeRule, (text, fail): readonly string[] => {
    const [first = '', last, ...rest] = text.split('-').map((part) => part.trim());
    const from = readBySchema(anyAddress, first);
    if (from === undefined || rest.length > 0) return fail();
    if (last === undefined) return [from];
    const family = familyOf(from);
    const short = family === 'ipv4' ? /^\d{1,3}$/ : /^[0-9a-f]{1,4}$/i;
    const whole = short.test(last) ? from.replace(family === 'ipv4' ? /\d+$/ : /[0-9a-f]*$/i, last) : last;
    const to = readBySchema(anyAddress, whole);
    if (to === undefined || familyOf(to) !== family) return fail();
    const [low, high] = [encodeAddress(from), encodeAddress(to)].map(asNumber);
    if (low === undefined || high === undefined || high < low) return fail({ problem: `the range ${text} ends before it begins` });
    if (high - low >= BigInt(longestRange)) return fail({ problem: `the range has ${high - low + 1n} addresses` }, `at most ${longestRange} addresses`);
    return Array.from({ length: Number(high - low) + 1 }, (_, index) => asText(low + BigInt(index), family === 'ipv4' ? 4 : 16));
  });

const entryKeys = mapping({
  address: addressRange().describe('Virtual IP address, or a range of them'),
  port: servicePort().optional().describe("Port; the service's port or ports by default"),
  ports: ports().optional().describe('Several ports and ranges'),
}).transform((value, context) => {
  if (value.port === undefined || value.ports === undefined) return value;
  context.issues.push({ code: 'custom', input: value.port, path: ['port'], message: 'port or ports, one of them', params: { problem: 'both port and ports are given' } satisfies IssueDetails });
  return noValue;
});

export interface AddressEntry {
  /** a range is written out */
  readonly addresses: readonly string[];
  /** undefined = those of the service */
  readonly ports: readonly number[] | undefined;
}

const entryRule = 'an address, a range of addresses such as 192.0.2.10-20, or a mapping such as { address: 192.0.2.10, ports: [80, 443] }';

export const addressGroup = () =>
  list(
    union(
      [
        addressRange().transform((addresses): AddressEntry => ({ addresses, ports: undefined })),
        entryKeys.transform(({ address, port, ports: several }): AddressEntry => ({ addresses: address, ports: port === undefined ? several : [port] })),
      ],
      { error: entryRule },
    ),
    'a list of addresses',
  ).min(1, { error: 'a list of at least one address' });

export { servicePort };
