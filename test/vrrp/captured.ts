/**
 * Packets of other programs, and what other programs say of ours (fixtures/record-captures.mjs): captures of tcpdump's own tests with
 * tcpdump 4.99.3's words, packets that scapy 2.5.0 built, and our packets as Wireshark 4.0.17 reads them.
 */
import { readFileSync } from 'node:fs';
import { Milliseconds, type Microseconds } from '../../src/time/microseconds.js';
import type { Advertisement } from '../../src/vrrp/packet.js';

interface Captured {
  /** of tcpdump's tests */
  readonly file: string;
  readonly tcpdump: string;
  readonly frame: Buffer;
}

export interface Fields {
  readonly version: 2 | 3;
  readonly source: string;
  readonly virtualRouterId: number;
  readonly priority: number;
  readonly seconds: number;
  readonly addresses: readonly string[];
  readonly password?: string;
  readonly checksum?: 'pseudo_header' | 'rfc9568';
}
export interface Announcement {
  readonly kind: 'gratuitous ARP' | 'ARP probe' | 'Neighbour Advertisement' | 'Neighbour Advertisement of a router';
  readonly address: string;
}

type Json<T> = T & { readonly frame: string; readonly packet: string; readonly wireshark: Readonly<Record<string, string>> };
const file = JSON.parse(readFileSync(new URL('fixtures/captures.json', import.meta.url), 'utf8')) as {
  readonly captured: readonly Json<Omit<Captured, 'frame'>>[];
  readonly built: readonly Json<Fields | Announcement>[];
  readonly dissected: readonly Json<Fields | Announcement>[];
};

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const isAdvertisement = (entry: Fields | Announcement): entry is Fields => 'version' in entry;
const isAnnouncement = (entry: Fields | Announcement): entry is Announcement => 'kind' in entry;

const captured: readonly Captured[] = file.captured.map((entry) => ({ ...entry, frame: bytes(entry.frame) }));

/** An advertisement in a frame of somebody's router, and what tcpdump says of it. */
export interface CapturedAdvertisement extends Captured {
  readonly packet: Buffer;
  readonly source: string;
  readonly destination: string;
  readonly fields: Fields;
}

const words = /(\S+) > (\S+): VRRPv([23]), Advertisement, vrid (\d+), prio (\d+), (?:authtype (\w+), )?intvl (\d+)(c?s), length \d+, addrs(?:\(\d+\))?: (\S+)(?: auth "(.*)")?$/;

/** Those of vrrp.pcap: two routers of each kind, version 2 with and without password, version 3 over IPv4 and IPv6. */
export const capturedAdvertisements: readonly CapturedAdvertisement[] = captured.flatMap((entry) => {
  const [, source, destination, version, virtualRouterId, priority, , interval, unit, addresses, password] = words.exec(entry.tcpdump) ?? [];
  if (source === undefined || destination === undefined || entry.file !== 'vrrp.pcap') return [];
  // Ethernet pads short packets, which a raw socket does not hand over
  const isIPv6 = entry.frame.readUInt16BE(12) === 0x86dd;
  const length = isIPv6 ? 40 + entry.frame.readUInt16BE(18) : entry.frame.readUInt16BE(16);
  const fields: Fields = {
    version: version === '2' ? 2 : 3,
    source,
    virtualRouterId: Number(virtualRouterId),
    priority: Number(priority),
    seconds: Number(interval) / (unit === 'cs' ? 100 : 1),
    addresses: (addresses ?? '').split(','),
    ...(password !== undefined && { password }),
  };
  return [{ ...entry, packet: entry.frame.subarray(14, 14 + length), source, destination, fields }];
});

/** What once made tcpdump read past the end. */
export const malformedPackets: readonly Buffer[] = captured.filter(({ file: name }) => name.includes('oobr')).map(({ frame }) => frame.subarray(14));
export const capturedArp: readonly Captured[] = captured.filter(({ tcpdump }) => tcpdump.startsWith('ARP'));

export const builtAdvertisements = file.built.flatMap((entry) => (isAdvertisement(entry) ? [{ ...entry, packet: bytes(entry.packet) }] : []));
export const builtAnnouncements = file.built.flatMap((entry) => (isAnnouncement(entry) ? [{ ...entry, frame: bytes(entry.packet) }] : []));
export const dissectedAdvertisements = file.dissected.flatMap((entry) => (isAdvertisement(entry) ? [{ ...entry, frame: bytes(entry.frame) }] : []));
export const dissectedAnnouncements = file.dissected.flatMap((entry) => (isAnnouncement(entry) ? [{ ...entry, frame: bytes(entry.frame) }] : []));

/** As our codec says it. */
export const advertisementOf = ({ version, virtualRouterId, priority, seconds, addresses, password, checksum = 'pseudo_header' }: Fields): Advertisement => {
  const interval: Microseconds = Milliseconds(Math.round(seconds * 1_000));
  const common = { virtualRouterId, priority, addresses, interval };
  return version === 2 ? { version, ...common, password } : { version, ...common, checksum };
};
