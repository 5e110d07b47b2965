/**
 * The kernel's table as /proc/net/ip_vs shows it (ip_vs_info_seq_show in linux/net/netfilter/ipvs/ip_vs_ctl.c): one file instead of a
 * dump for each service. It has no thresholds, tunnels and flags. The text is read here; whether it says what is known is pure.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { encodeIPv6, familyOf, formatEndpoint } from '../network/ip-address.js';
import type { DestinationEntry } from './destination.js';
import { decodeAddress } from './message.js';

/** A service and the lines of its destinations: a stretch of a text, which ends before `end`. */
export interface ShownService {
  /** as `serviceKey` */
  readonly key: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

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

const arrow = '  -> ';

/** The services of a text that comes in pieces, without those of firewall marks, since it does not tell their families. */
export function* shownServices(pieces: Iterable<string>): Generator<ShownService> {
  let headings = 3;
  let text = '';
  for (const piece of pieces) {
    text += piece;
    let line = 0;
    for (; headings > 0 && text.includes('\n', line); headings--) line = lineEnd(text, line) + 1;
    // the last service, and a line, may go on in the next piece
    for (let next = headings > 0 ? undefined : afterService(text, line); next !== undefined; next = afterService(text, line)) {
      yield* shownService(text, line, next);
      line = next;
    }
    text = text.slice(line);
  }
  if (headings === 0 && text !== '') yield* shownService(text, 0, text.length);
}

/** Where the next service begins; undefined while that has not come. */
const afterService = (text: string, service: number): number | undefined => {
  let line = lineEnd(text, service) + 1;
  while (text.startsWith(arrow, line)) line = lineEnd(text, line) + 1;
  return line + arrow.length <= text.length ? line : undefined;
};

function* shownService(text: string, from: number, end: number): Generator<ShownService> {
  const header = lineEnd(text, from);
  const [protocol = '', shown = ''] = text.slice(from, header).split(/ +/, 2);
  if (protocol !== 'FWM' && shown !== '') yield { key: `${endpoint(shown)}/${protocol.toLowerCase()}`, text, start: header + 1, end };
}

/** Used again and again: in pieces of this size a table of megabytes leaves nothing behind. */
const piece = Buffer.alloc(65_536);

function* readPieces(path: string): Generator<string> {
  const file = openSync(path, 'r');
  try {
    let length = 0;
    for (let read = 1; read > 0; ) {
      // the kernel gives a page at a time
      read = readSync(file, piece, length, piece.length - length, null);
      length += read;
      if (length < piece.length && read > 0) continue;
      yield piece.toString('latin1', 0, length);
      length = 0;
    }
  } finally {
    closeSync(file);
  }
}

/** The services of this network namespace's table. @throws Error where the kernel does not show it */
export const readShownServices = (): Iterable<ShownService> => shownServices(readPieces('/proc/net/ip_vs'));

/** Of these services, by their keys, those that the kernel shows as they are known. */
export const shownAsKnown = (known: ReadonlyMap<string, Known>): ReadonlySet<string> => {
  const same = new Set<string>();
  try {
    for (const service of readShownServices()) {
      const destinations = known.get(service.key);
      if (destinations !== undefined && isAsShown(destinations, service)) same.add(service.key);
    }
  } catch {
    return new Set(); // then every service is asked for
  }
  return same;
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
export const isAsShown = (known: Known, { text, start, end }: Omit<ShownService, 'key'>): boolean => {
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
