/** Arguments of keywords: what cannot be read is a warning, and the keyword is left out, as keepalived leaves it out. */
import { isIPv4, isIPv6 } from 'node:net';
import { canonicalIPv6 } from '../../network/ip-address.js';
import { Microseconds } from '../../time/microseconds.js';
import type { Findings } from './findings.js';
import type { Token } from './tokens.js';
import type { Statement } from './tree.js';

/** Of a value that cannot be read. */
export const remedyOf = (text: string): string => {
  const [, parameter] = /\$\{?([A-Za-z_]\w*)/.exec(text) ?? [];
  if (parameter !== undefined) return `the parameter ${parameter} is not defined: write $${parameter}=VALUE before it, or fill in the template first; and import again`;
  return 'it is left out, as keepalived leaves it out; write it into the result if it is needed';
};

/** Says what is wrong with an argument; undefined, so that it can be returned. */
export const invalid = (token: Pick<Token, 'place' | 'text'>, expected: string, findings: Findings): undefined => {
  findings.warn(token.place, { code: 'invalid_value', message: `${token.text.slice(0, 60) || '""'} is not ${expected}`, remedy: remedyOf(token.text) });
  return undefined;
};

/** The argument, or a warning that there is none. */
export const argument = ({ keyword, args, place }: Statement, findings: Findings, index = 0): Token | undefined => {
  const token = args[index];
  if (token === undefined) findings.warn(place, { code: 'invalid_value', message: `${keyword} says nothing`, remedy: 'it is left out, as keepalived leaves it out; complete the line if it is needed, and import again' });
  return token;
};

export interface Range {
  readonly from: number;
  readonly to: number;
}

export const readInteger = (token: Token, { from, to }: Range, findings: Findings): number | undefined => {
  const value = /^[+-]?\d+$/.test(token.text) ? Number(token.text) : /^0x[0-9a-f]+$/i.test(token.text) ? Number(token.text) : Number.NaN;
  return value >= from && value <= to ? value : invalid(token, `a whole number from ${from} to ${to}`, findings);
};

export const integer = (statement: Statement, range: Range, findings: Findings, index = 0): number | undefined => {
  const token = argument(statement, findings, index);
  return token && readInteger(token, range, findings);
};

/** Seconds, with a fraction perhaps. */
export const seconds = (statement: Statement, { from, to }: Range, findings: Findings, index = 0): Microseconds | undefined => {
  const token = argument(statement, findings, index);
  if (token === undefined) return undefined;
  const value = /^(\d+\.?\d*|\.\d+)$/.test(token.text) ? Number(token.text) : Number.NaN;
  return value >= from && value <= to ? Microseconds(Math.round(value * 1e6)) : invalid(token, `a number of seconds from ${from} to ${to}`, findings);
};

const yes = ['on', 'true', 'yes'];
const no = ['off', 'false', 'no'];

/** A keyword by itself is true. */
export const flag = ({ args: [token] }: Statement, findings: Findings): boolean | undefined => {
  if (token === undefined) return true;
  const text = token.text.toLowerCase();
  return yes.includes(text) ? true : no.includes(text) ? false : invalid(token, 'on or off', findings);
};

/** An address in canonical form; a length behind it is passed over, as keepalived does. */
export const readAddress = (token: Token, findings: Findings): string | undefined => {
  const text = token.text.replace(/\/\d+$/, '');
  if (isIPv4(text)) return text;
  return isIPv6(text) && !text.includes('%') ? canonicalIPv6(text) : invalid(token, 'an IP address', findings);
};

export const address = (statement: Statement, findings: Findings, index = 0): string | undefined => {
  const token = argument(statement, findings, index);
  return token && readAddress(token, findings);
};

/** Text that must have a form. */
export const matching = (statement: Statement, pattern: RegExp, expected: string, findings: Findings): string | undefined => {
  const token = argument(statement, findings);
  return token === undefined || pattern.test(token.text) ? token?.text : invalid(token, expected, findings);
};

const userPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$/;
export const userName = (statement: Statement, findings: Findings): string | undefined => matching(statement, userPattern, 'the name of a user', findings);
export const isUserName = (text: string): boolean => userPattern.test(text);

/** For a Host header. */
export const hostName = (statement: Statement, findings: Findings): string | undefined => matching(statement, /^[^\s/\\?#@\u0000-\u0020\u007f-\uffff]{1,255}$/, 'the name of a host', findings);

export interface Network {
  readonly address: string;
  /** undefined: none is written */
  readonly length: number | undefined;
}

/** `192.0.2.10/24`, `192.0.2.10/255.255.255.0`, `2001:db8::10`. */
export const parseNetwork = (text: string): Network | undefined => {
  const [host = '', length, ...rest] = text.split('/');
  const longest = isIPv4(host) ? 32 : 128;
  if (rest.length > 0 || (longest === 128 && !(isIPv6(host) && !host.includes('%')))) return undefined;
  const bits = length === undefined ? undefined : /^\d{1,3}$/.test(length) ? Number(length) : maskLength(length);
  if (length !== undefined && (bits === undefined || bits > longest)) return undefined;
  return { address: longest === 32 ? host : canonicalIPv6(host), length: bits };
};

/** The ones of a netmask as dotted quad, when they come first. */
export const maskLength = (mask: string): number | undefined => {
  if (!isIPv4(mask)) return undefined;
  const bits = mask.split('.').map((octet) => Number(octet).toString(2).padStart(8, '0')).join('');
  return bits.includes('01') ? undefined : bits.replaceAll('0', '').length;
};

export const readNetwork = (token: Token, findings: Findings): Network | undefined => parseNetwork(token.text) ?? invalid(token, 'an IP address with or without a length', findings);

/** The words of a block that is a list of names, such as `group { a b }`. */
export const wordsOf = (block: readonly Statement[]): readonly Token[] =>
  block.flatMap(({ keyword, place, args }) => [{ kind: 'word' as const, text: keyword, quoted: false, place }, ...args]);

/** One statement as its words. */
export const wordsOfStatement = (statement: Statement): readonly Token[] => wordsOf([statement]);

/** A name as tandem.yaml can have it: what it cannot hold becomes an underscore. */
export const nameOf = (text: string): string => text.replaceAll(/[^\p{L}\p{N}._:@/+-]/gu, '_').slice(0, 64) || '_';
