/**
 * The kernel's table as /proc/net/ip_vs shows it (ip_vs_info_seq_show in linux/net/netfilter/ipvs/ip_vs_ctl.c): one file instead of a
 * dump for each service. It has no thresholds, tunnels and flags. The text is read here; whether it says what is known is pure.
 */
import { readFileSync } from 'node:fs';
import { encodeIPv6, familyOf, formatEndpoint } from '../network/ip-address.js';
import type { DestinationEntry } from './destination.js';
import { decodeAddress } from './message.js';

/** The lines of a service's destinations: a stretch of the file's text, which ends before `end`. */
export interface ShownDestinations {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** By `serviceKey`; services of firewall marks are not in it, since the file does not tell their families. */
export type ShownTable = ReadonlyMap<string, ShownDestinations>;

type Known = readonly DestinationEntry[];

/** ip_vs_fwd_name */
const shownForwarding = { nat: 'Masq', bypass: 'Masq', local: 'Local', tun: 'Tunnel', dr: 'Route' } as const;

/** `0A000064` and `FD00:...:0064`, as the kernel's files in /proc/net write addresses. @throws IpvsMessageError */
export const parseShownAddress = (shown: string): string => {
  if (shown.includes(':')) return decodeAddress('ipv6', Buffer.from(shown.replaceAll(':', ''), 'hex'));
  const address = Number.parseInt(shown, 16);
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
};

/** `0A000064:0050` and `[FD00:...:0064]:0050`, as they are for keys. */
const endpoint = (shown: string): string => {
  const colon = shown.lastIndexOf(':');
  const address = shown.slice(0, colon);
  return formatEndpoint(parseShownAddress(address.startsWith('[') ? address.slice(1, -1) : address), Number.parseInt(shown.slice(colon + 1), 16));
};

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
};

export const parseShownTable = (text: string): ShownTable => {
  const table = new Map<string, ShownDestinations>();
  let line = 0;
  for (let heading = 0; heading < 3; heading++) line = lineEnd(text, line) + 1;
  while (line < text.length) {
    const [protocol = '', shown = ''] = text.slice(line, lineEnd(text, line)).split(/ +/, 2);
    const start = lineEnd(text, line) + 1;
    for (line = start; text.startsWith(arrow, line); ) line = lineEnd(text, line) + 1;
    if (protocol !== 'FWM' && shown !== '') table.set(`${endpoint(shown)}/${protocol.toLowerCase()}`, { text, start, end: line });
  }
  return table;
};

const arrow = '  -> ';

/** The table of this network namespace; undefined where the kernel does not show it. */
export const readShownTable = (): ShownTable | undefined => {
  try {
    return parseShownTable(readFileSync('/proc/net/ip_vs', 'latin1'));
  } catch {
    return undefined; // then every service is asked for
  }
};

/** Whether the file shows all that is to be known of these destinations. */
const isWhollyShown = ({ forwarding, upperThreshold, lowerThreshold }: DestinationEntry): boolean => forwarding !== 'tun' && !upperThreshold && !lowerThreshold;

const hex = (number: number, digits: number): string => number.toString(16).toUpperCase().padStart(digits, '0');
const hexOfIPv4 = (address: string): string => hex(address.split('.').reduce((all, part) => 256 * all + Number(part), 0), 8);

/** What the file writes of it up to the counts of its connections: its endpoint, and the rest. */
const expectedLine = ({ address, port, forwarding, weight }: DestinationEntry): readonly [string, string] => {
  const shown = familyOf(address) === 'ipv6' ? `[${encodeIPv6(address).toString('hex').toUpperCase().replace(/(....)(?!$)/g, '$1:')}]` : hexOfIPv4(address);
  return [`${shown}:${hex(port, 4)}`, `      ${shownForwarding[forwarding].padEnd(7)} ${String(weight).padEnd(6)} `];
};

/** Once for what is known: most is the same at the next look. */
const expectations = new WeakMap<Known, ReadonlyMap<string, string> | 'not shown'>();

const expectationOf = (known: Known): ReadonlyMap<string, string> | 'not shown' => {
  let expected = expectations.get(known);
  if (expected === undefined) expectations.set(known, (expected = known.every(isWhollyShown) ? new Map(known.map(expectedLine)) : 'not shown'));
  return expected;
};

/** What is known of a service's destinations is what the file shows, and there is nothing that it would not show. */
export const isAsShown = (known: Known, { text, start, end }: ShownDestinations): boolean => {
  const expected = expectationOf(known);
  if (expected === 'not shown') return false;
  let count = 0;
  for (let line = start; line < end; line = lineEnd(text, line) + 1, count++) {
    const from = line + arrow.length;
    const to = text.indexOf(' ', from);
    const shown = text.slice(from, to);
    const rest = expected.get(shown.startsWith('[') ? shown.toUpperCase() : shown);
    if (rest === undefined || !text.startsWith(rest, to)) return false;
  }
  return count === known.length;
};
