/** ICMP and ICMPv6 echo messages (RFC 792, RFC 4443) and what routers say of them: pure. */
import { canonicalIPv6, decodeIPv4, decodeIPv6, type Family } from '../network/ip-address.js';
import { plainChecksum } from '../vrrp/checksum.js';

/** What tells one echo from another, beside the address. Both 0..65535. */
export interface EchoId {
  readonly identifier: number;
  readonly sequence: number;
}

/** `target`: the address that was pinged; `problem`: in words, where a router (or this host) says that it could not be reached. */
export type EchoOutcome = EchoId & { readonly target: string; readonly problem: string | undefined };

const types = {
  ipv4: { request: 8, reply: 0, unreachable: 3, timeExceeded: 11 },
  ipv6: { request: 128, reply: 129, unreachable: 1, timeExceeded: 3 },
} as const;

/** Messages that say something of an echo; the sockets are to receive no others. */
export const wantedTypes = (family: Family): readonly number[] => [types[family].reply, types[family].unreachable, types[family].timeExceeded];

/** Destination unreachable, by code: RFC 792, RFC 1812 5.2.7.1; RFC 4443 3.1. */
const unreachable: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['network unreachable', 'host unreachable', 'protocol unreachable', 'port unreachable', 'fragmentation needed', 'source route failed', 'network unknown', 'host unknown', 'source host isolated', 'network prohibited', 'host prohibited', 'network unreachable for this type of service', 'host unreachable for this type of service', 'communication prohibited'],
  ipv6: ['no route', 'communication prohibited', 'beyond the scope of the source address', 'address unreachable', 'port unreachable', 'source address refused', 'route rejected'],
};

const headerLength = 8;
/** As many as ping(8) sends: a message of 64 octets. */
const dataLength = 56;

/** ICMPv6's checksum covers addresses, and is left to the kernel. */
export const encodeEcho = (family: Family, { identifier, sequence }: EchoId): Buffer => {
  const message = Buffer.alloc(headerLength + dataLength);
  message.writeUInt8(types[family].request, 0);
  message.writeUInt16BE(identifier, 4);
  message.writeUInt16BE(sequence, 6);
  if (family === 'ipv4') message.writeUInt16BE(plainChecksum(message), 2);
  return message;
};

/** `packet` as a raw socket gives it: of IPv4 with its IP header, of IPv6 without; `from`: its sender. Undefined: nothing of an echo. */
export const readEcho = (family: Family, packet: Buffer, from: string): EchoOutcome | undefined => {
  const message = family === 'ipv4' ? withoutHeader(packet) : packet;
  if (message === undefined || message.length < headerLength) return undefined;
  const type = message.readUInt8(0);
  const code = message.readUInt8(1);
  if (type === types[family].reply) return { identifier: message.readUInt16BE(4), sequence: message.readUInt16BE(6), target: family === 'ipv6' ? canonicalIPv6(from) : from, problem: undefined };
  if (type !== types[family].unreachable && type !== types[family].timeExceeded) return undefined;
  const quoted = quotedEcho(family, message.subarray(headerLength));
  const words = type === types[family].timeExceeded ? 'on its way too long (a routing loop?)' : (unreachable[family][code] ?? `unreachable, code ${code}`);
  return quoted && { ...quoted, problem: `${words}, says ${from}` };
};

/** RFC 791 3.1 */
const withoutHeader = (packet: Buffer): Buffer | undefined => (packet.length < 20 ? undefined : packet.subarray((packet.readUInt8(0) & 0xf) * 4));

/** An error quotes the packet that it is about: its IP header and 8 octets more at least. */
const quotedEcho = (family: Family, packet: Buffer): (EchoId & { readonly target: string }) | undefined => {
  const isIPv4 = family === 'ipv4';
  if (packet.length < (isIPv4 ? 20 : 40)) return undefined;
  // extension headers are not among what is sent here
  if (packet.readUInt8(isIPv4 ? 9 : 6) !== (isIPv4 ? 1 : 58)) return undefined;
  const message = isIPv4 ? withoutHeader(packet) : packet.subarray(40);
  if (message === undefined || message.length < headerLength || message.readUInt8(0) !== types[family].request) return undefined;
  return { identifier: message.readUInt16BE(4), sequence: message.readUInt16BE(6), target: isIPv4 ? decodeIPv4(packet, 16) : decodeIPv6(packet, 24) };
};
