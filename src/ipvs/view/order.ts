/**
 * The order in which ipvsadm 1.31 lists. It takes the difference of two addresses, 32 bits at a time, as a signed number, so addresses more
 * than half of the space apart go the wrong way round (192.0.2.1 before 10.0.0.1), the order is not transitive, and what comes out depends
 * on how it is sorted: by merging, as glibc's qsort does up to 2.36 (Debian 12). Observed with ipvsadm; pure.
 */
import { encodeAddress } from '../../network/ip-address.js';
import { type DestinationSelector } from '../destination.js';
import type { ServiceSelector } from '../service.js';

type Compare<T> = (a: T, b: T) => number;

const mergeSorted = <T>(items: readonly T[], compare: Compare<T>): readonly T[] => {
  if (items.length < 2) return items;
  const half = items.length >> 1;
  const [left, right] = [mergeSorted(items.slice(0, half), compare), mergeSorted(items.slice(half), compare)];
  const merged: T[] = [];
  let [at, other] = [0, 0];
  for (;;) {
    const [first, second] = [left[at], right[other]];
    if (first === undefined) return [...merged, ...right.slice(other)];
    if (second === undefined) return [...merged, ...left.slice(at)];
    if (compare(first, second) <= 0) {
      merged.push(first);
      at++;
    } else {
      merged.push(second);
      other++;
    }
  }
};

const signedDifferences = (a: readonly number[], b: readonly number[]): number => {
  for (const [index, word] of a.entries()) {
    const difference = (word - (b[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
};

/** Four numbers of 32 bits; of an IPv4 address the first one. */
const words = (address: string): readonly number[] => {
  const octets = encodeAddress(address);
  return [0, 4, 8, 12].map((offset) => (offset < octets.length ? octets.readUInt32BE(offset) : 0));
};

const sortedBy = <T>(items: readonly T[], keyOf: (item: T) => readonly number[]): readonly T[] =>
  mergeSorted(items.map((item) => ({ item, key: keyOf(item) })), (a, b) => signedDifferences(a.key, b.key)).map(({ item }) => item);

const protocolRank = { tcp: 6, udp: 17, sctp: 132 } as const;

/** Mark (none counts as 0), family, protocol, address, port. */
const serviceRank = (service: ServiceSelector): readonly number[] =>
  'fwmark' in service
    ? [service.fwmark, service.family === 'ipv6' ? 10 : 2]
    : [0, service.address.includes(':') ? 10 : 2, protocolRank[service.protocol], ...words(service.address), service.port];

/** @param services in the order in which the kernel gave them, as is true of destinations */
export const sortedServices = <T extends { readonly service: ServiceSelector }>(services: readonly T[]): readonly T[] => sortedBy(services, ({ service }) => serviceRank(service));

export const sortedDestinations = <T extends DestinationSelector>(destinations: readonly T[]): readonly T[] => sortedBy(destinations, ({ address, port }) => [...words(address), port]);
