/**
 * The kernel's table as /proc/net/ip_vs shows it (ip_vs_info_seq_show in linux/net/netfilter/ipvs/ip_vs_ctl.c): one file instead of a
 * dump for each service. It has no thresholds, tunnels and flags. The text is read here; whether it says what is known is pure.
 */
import { readFileSync } from 'node:fs';
import { type Destination, destinationKey, type DestinationEntry } from './destination.js';
import { formatEndpoint } from '../network/ip-address.js';
import { decodeAddress } from './message.js';

/** Of a destination, what the file shows. */
export interface ShownDestination {
  /** as `destinationKey` */
  readonly key: string;
  readonly forwarding: string;
  readonly weight: number;
}

/** By `serviceKey`; services of firewall marks are not in it, since the file does not tell their families. */
export type ShownTable = ReadonlyMap<string, readonly ShownDestination[]>;

type Known = readonly (Destination | DestinationEntry)[];

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

export const parseShownTable = (text: string): ShownTable => {
  const table = new Map<string, readonly ShownDestination[]>();
  let destinations: ShownDestination[] = [];
  for (const line of text.split('\n').slice(3)) {
    const [first = '', second = '', third = '', fourth = ''] = line.trimStart().split(/ +/, 4);
    if (first === '->') destinations.push({ key: endpoint(second), forwarding: third, weight: Number(fourth) });
    else if (first !== '') {
      destinations = [];
      if (first !== 'FWM') table.set(`${endpoint(second)}/${first.toLowerCase()}`, destinations);
    }
  }
  return table;
};

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

/** What is known of a service's destinations is what the file shows, and there is nothing that it would not show. */
export const isAsShown = (known: Known, shown: readonly ShownDestination[]): boolean => {
  if (known.length !== shown.length || !known.every(isWhollyShown)) return false;
  const byKey = new Map(shown.map((destination) => [destination.key, destination]));
  return known.every((destination) => {
    const found = byKey.get(destinationKey(destination));
    return found !== undefined && found.weight === destination.weight && found.forwarding === shownForwarding[destination.forwarding];
  });
};
