/** The kinds of value that keys of the file have. An issue's message says what would be right. */
import { isIPv4, isIPv6 } from 'node:net';
import { canonicalIPv6, encodeIPv6 } from '../../network/ip-address.js';
import { durationPattern, formatDuration, parseDuration } from '../duration.js';
import { nearest } from '../nearest.js';
import { Microseconds, Milliseconds, Seconds } from '../../time/microseconds.js';
import { boolean, integer, noValue, number, string, textual, union, type Fail } from './kinds.js';

/** One of a few words; `notYet` names those that a later version knows. */
export const oneOf = <T extends string>(values: readonly T[], notYet: Readonly<Record<string, string>> = {}) => {
  const expected = values.length === 1 ? values.join() : `one of ${values.join(', ')}`;
  return textual(
    expected,
    (text, fail): T => {
      const value = values.find((each) => each === text);
      if (value !== undefined) return value;
      const feature = Object.hasOwn(notYet, text) ? notYet[text] : undefined;
      return fail(feature === undefined ? { suggestion: nearest(text, values) } : { notSupported: feature });
    },
    { enum: values },
  );
};

export const flag = () => boolean({ error: 'true or false' });

/** `to` left out: no upper limit but that of exact integers. */
export const wholeNumber = (from: number, to?: number) => {
  const error = to === undefined ? `a whole number, ${from} or more` : `a whole number from ${from} to ${to}`;
  return integer({ error, from, to });
};

export interface DurationLimits {
  readonly from?: Microseconds;
  readonly to?: Microseconds;
  /** it must be a multiple of this */
  readonly step?: Microseconds;
}

const stepName = (step: Microseconds): string => (step === Seconds(1) ? ' in whole seconds' : step === Milliseconds(10) ? ' in whole centiseconds' : '');

/** What limits allow, in words. */
export const expectedDuration = ({ from = Microseconds(0), to = Seconds(31 * 86_400), step = Microseconds(1) }: DurationLimits): string =>
  `a duration from ${formatDuration(from)} to ${formatDuration(to)}${stepName(step)}, such as ${formatDuration(from > Seconds(2) || to < Seconds(2) ? from : Seconds(2))}`;

export const withinLimits = (value: Microseconds, { from = Microseconds(0), to = Seconds(31 * 86_400), step = Microseconds(1) }: DurationLimits): boolean =>
  value >= from && value <= to && value % step === 0;

export const duration = (limits: DurationLimits = {}) => {
  const error = expectedDuration(limits);
  return union([string({ error, pattern: durationPattern }), number({ error, from: 0 })], { error }).transform((input, context): Microseconds => {
    const value = parseDuration(input);
    if (value !== undefined && withinLimits(value, limits)) return value;
    context.issues.push({ code: 'custom', input, message: error, params: {} });
    return noValue;
  });
};

export const port = () => wholeNumber(1, 65_535);

const ipv4Example = 'an IPv4 address such as 192.0.2.10';

/** A unicast IPv4 address, dotted quad. */
export const ipv4 = () => textual(ipv4Example, readIpv4, { format: 'ipv4' });

const readIpv4 = (text: string, fail: Fail): string => {
  if (isIPv6(text)) return fail({ notSupported: 'IPv6 addresses' });
  if (!isIPv4(text)) return fail();
  const first = Number(text.split('.', 1)[0]);
  if (text === '0.0.0.0' || first >= 224) return fail({}, `${ipv4Example} (one host's, not ${text === '0.0.0.0' ? 'the unspecified' : 'a multicast or broadcast'} one)`);
  return text;
};

/** Any IPv4 address but the unspecified one, or `none`. */
export const broadcast = () => textual('a broadcast address such as 192.0.2.255, or none', (text, fail) => (text === 'none' || (isIPv4(text) && text !== '0.0.0.0') ? text : fail()));

const readIpv6 = (text: string, fail: Fail, example: string): string => {
  if (text.includes('%')) return fail({}, `${example}, without a zone`);
  const octets = encodeIPv6(text);
  return octets.readUInt8(0) === 0xff || octets.every((octet) => octet === 0) ? fail({}, `${example} (one host's, neither a multicast nor the unspecified one)`) : canonicalIPv6(text);
};

const ipExample = 'an address such as 192.0.2.10 or 2001:db8::10';
/** A unicast address of either family; IPv6 in canonical form. */
export const ipAddress = () => textual(ipExample, (text, fail) => (isIPv6(text) ? readIpv6(text, fail, ipExample) : isIPv4(text) ? readIpv4(text, fail) : fail()));

export interface AddressWithLength {
  /** IPv6 in canonical form */
  readonly address: string;
  /** 1..32, 1..128 */
  readonly prefixLength: number;
}

/** `192.0.2.10/24`, `2001:db8::10/64`; /32 or /128 without a length. */
export const readAddressWithLength = (text: string, fail: Fail): AddressWithLength => {
  const [address = '', length, ...rest] = text.split('/');
  const wanted = 'an address with or without a length, such as 192.0.2.10/24 or 2001:db8::10/64';
  const longest = isIPv6(address) ? 128 : 32;
  if (rest.length > 0 || !(isIPv6(address) || isIPv4(address))) return fail({}, wanted);
  const prefixLength = length === undefined ? longest : /^\d{1,3}$/.test(length) ? Number(length) : 0;
  if (prefixLength < 1 || prefixLength > longest) return fail({}, `a length from 1 to ${longest} after the address, such as ${longest === 32 ? '192.0.2.10/24' : '2001:db8::10/64'}`);
  return { address: longest === 32 ? readIpv4(address, fail) : readIpv6(address, fail, wanted), prefixLength };
};

const nameRule = 'a name of at most 64 letters, digits and . _ - : / @ +';
/** The name of an instance, a group, a service, a host. */
export const named = () => textual(nameRule, (text, fail) => (/^[\p{L}\p{N}._:@/+-]{1,64}$/u.test(text) ? text : fail()));

const bytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** linux/net/core/dev.c, dev_valid_name(); IFNAMSIZ is 16 with the final zero. */
export const interfaceName = () =>
  textual('the name of an interface, at most 15 bytes, without space, "/" and ":", such as eth0', (text, fail) => {
    if (text.includes(':')) return fail({}, 'the name of an interface without ":"; what ip calls eth0:1 is a label of an address (label: "eth0:1")');
    return text !== '' && text !== '.' && text !== '..' && bytes(text) <= 15 && !/[\s/\u0000-\u001f]/u.test(text) ? text : fail();
  });

/** The label of an address (IFA_LABEL, as long as an interface's name). */
export const addressLabel = () => textual('a label of at most 15 bytes without space, such as "eth0:vip"', (text, fail) => (text !== '' && bytes(text) <= 15 && !/[\s/\u0000-\u001f]/u.test(text) ? text : fail()));

/** RFC 2338 5.3.10: simple text password, eight octets, filled up with zeros. */
export const password = () => textual('a text of 1 to 8 octets', (text, fail) => (bytes(text) >= 1 && bytes(text) <= 8 && !text.includes('\0') ? text : fail()));

/** A netmask as dotted quad, its ones first. */
export const netmask = () =>
  textual('a netmask such as 255.255.255.0', (text, fail) => {
    if (!isIPv4(text)) return fail();
    const bits = text.split('.').reduce((all, part) => all * 256 + Number(part), 0).toString(2).padStart(32, '0');
    return bits.includes('01') || !bits.startsWith('1') ? fail({}, 'a netmask whose ones come first, such as 255.255.255.0') : text;
  });

export const someText = (expected: string) => textual(expected, (text, fail) => (text === '' ? fail() : text));
