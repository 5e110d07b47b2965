/**
 * The kernel's table as /proc/net/ip_vs shows it (ip_vs_info_seq_show in linux/net/netfilter/ipvs/ip_vs_ctl.c): one file instead of a
 * dump for each service. It has no thresholds, tunnels and flags. The text is read here; whether it says what is known is pure.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { onceForEach } from '../config/once-for-each.js';
import { encodeIPv6, familyOf } from '../network/ip-address.js';
import type { DestinationEntry } from './destination.js';
import { decodeAddress } from './message.js';
import type { ServiceSelector } from './service.js';

/** The lines of a service's destinations: a stretch of a text, which ends before `end`. */
export interface ShownDestinations {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface ShownService extends ShownDestinations {
  /** as the file has it: `TCP  0A000064:0050` */
  readonly heading: string;
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

/** Of `TCP  0A000064:0050` and `TCP  [FD00:...:0064]:0050`. @throws IpvsMessageError */
export const addressOfHeading = (heading: string): string => {
  const shown = heading.slice(heading.lastIndexOf(' ') + 1, heading.lastIndexOf(':'));
  return parseShownAddress(shown.startsWith('[') ? shown.slice(1, -1) : shown);
};

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
};

const arrow = '  -> ';

/** The services of a text that comes in pieces, without those of firewall marks, since it does not tell their families. */
export function* shownServices(pieces: Iterable<string>): Generator<ShownService> {
  for (const service of allServices(pieces)) if (!service.heading.startsWith('FWM')) yield service;
}

function* allServices(pieces: Iterable<string>): Generator<ShownService> {
  let headings = 3;
  let text = '';
  for (const piece of pieces) {
    text += piece;
    let line = 0;
    for (; headings > 0 && text.includes('\n', line); headings--) line = lineEnd(text, line) + 1;
    // the last service, and a line, may go on in the next piece
    for (let next = headings > 0 ? undefined : afterService(text, line); next !== undefined; next = afterService(text, line)) {
      yield shownService(text, line, next);
      line = next;
    }
    text = text.slice(line);
  }
  if (headings === 0 && text !== '') yield shownService(text, 0, text.length);
}

/** Where the next service begins; undefined while that has not come. */
const afterService = (text: string, service: number): number | undefined => {
  let line = lineEnd(text, service) + 1;
  while (text.startsWith(arrow, line)) line = lineEnd(text, line) + 1;
  return line + arrow.length <= text.length ? line : undefined;
};

/** Its heading is the protocol's name, two blanks, the endpoint and a blank. */
const shownService = (text: string, from: number, end: number): ShownService => ({ heading: text.slice(from, text.indexOf(' ', text.indexOf('  ', from) + 2)), text, start: lineEnd(text, from) + 1, end });

/** Used again and again: in pieces a table of megabytes leaves nothing behind. The kernel gives a page at a time. */
const piece = Buffer.alloc(4_096);

function* readPieces(path: string): Generator<string> {
  const file = openSync(path, 'r');
  try {
    for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) yield piece.toString('latin1', 0, length);
  } finally {
    closeSync(file);
  }
}

/** The services of this network namespace's table. @throws Error where the kernel does not show it */
export const readShownServices = (): Iterable<ShownService> => shownServices(readPieces('/proc/net/ip_vs'));

/** Of these services those whose destinations the kernel shows as they are known. */
export const shownAsKnown = <S extends ServiceSelector>(known: Iterable<readonly [S, Known]>, shown: Iterable<ShownService> = readShownServices()): ReadonlySet<S> => {
  const wanted = new Map([...known].map((entry) => [headingOf(entry[0]), entry] as const));
  const same = new Set<S>();
  try {
    for (const now of shown) {
      const [service, destinations] = wanted.get(now.heading) ?? [];
      if (service !== undefined && destinations !== undefined && isAsShown(destinations, now)) same.add(service);
    }
  } catch {
    return new Set(); // then every service is asked for
  }
  return same;
};

/** Whether the file shows all that is to be known of these destinations. */
const isWhollyShown = ({ forwarding, upperThreshold, lowerThreshold }: DestinationEntry): boolean => forwarding !== 'tun' && !upperThreshold && !lowerThreshold;

const hex = (number: number, digits: number): string => number.toString(16).toUpperCase().padStart(digits, '0');
const hexOfOctet: Readonly<Record<string, string>> = Object.fromEntries(Array.from({ length: 256 }, (_, octet) => [String(octet), hex(octet, 2)]));

const shownAddress = (address: string): string => (familyOf(address) === 'ipv6' ? `[${encodeIPv6(address).toString('hex').replace(/(....)(?!$)/g, '$1:')}]` : address.split('.').map((octet) => hexOfOctet[octet] ?? '').join(''));
const shownEndpoint = (address: string, port: number): string => `${shownAddress(address)}:${hex(port, 4)}`;

/** In the form of a heading; a service of a mark has none that tells it from that of the other family. */
const headingOf = onceForEach((selector: ServiceSelector): string => ('fwmark' in selector ? '' : `${selector.protocol.toUpperCase()}  ${shownEndpoint(selector.address, selector.port)}`));

/** What the file writes of it up to the counts of its connections: its endpoint, and the rest. */
const expectedLine = ({ address, port, forwarding, weight }: DestinationEntry): readonly [string, string] => [shownEndpoint(address, port), `      ${shownForwarding[forwarding].padEnd(7)} ${String(weight).padEnd(6)} `];

/** Lines up to the counts of their connections, each with a line end, as they were found to be what is known: at the next look most stand there as they are. */
const found = new WeakMap<Known, string>();

/** What is known of a service's destinations is what the file shows, and there is nothing that it would not show. */
export const isAsShown = (known: Known, shown: ShownDestinations): boolean => {
  const before = found.get(known);
  if (before !== undefined && begins(shown, before)) return true;
  const lines = known.every(isWhollyShown) ? expectedLines(known, shown) : undefined;
  if (lines !== undefined) found.set(known, lines);
  return lines !== undefined;
};

/** Each line begins with the next one of `lines`. */
const begins = ({ text, start, end }: ShownDestinations, lines: string): boolean => {
  let at = 0;
  for (let line = start; line < end; line = lineEnd(text, line) + 1) {
    const to = lineEnd(lines, at);
    if (at >= lines.length || !text.startsWith(lines.slice(at, to), line)) return false;
    at = to + 1;
  }
  return at >= lines.length;
};

/** The lines as they stand there, in whichever order, when they say what is known. */
const expectedLines = (known: Known, { text, start, end }: ShownDestinations): string | undefined => {
  const expected = new Map(known.map(expectedLine));
  let lines = '';
  let count = 0;
  for (let line = start; line < end; line = lineEnd(text, line) + 1, count++) {
    const from = line + arrow.length;
    const to = text.indexOf(' ', from);
    const rest = expected.get(text.slice(from, to));
    if (rest === undefined || !text.startsWith(rest, to)) return undefined;
    lines += `${text.slice(line, to)}${rest}\n`;
  }
  return count === known.length ? lines : undefined;
};
