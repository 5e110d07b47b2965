/** IPv4 packets that ask a real server whether it takes an address, and what comes back (RFC 791, 792, 9293, 2003). Pure. */
import { decodeIPv4, encodeIPv4 } from '../network/ip-address.js';
import { plainChecksum } from '../vrrp/checksum.js';

export const IPPROTO_ICMP = 1;
export const IPPROTO_IPIP = 4;
export const IPPROTO_TCP = 6;
const headerLength = 20;
const DONT_FRAGMENT = 0x4000;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;

const withChecksum = (message: Buffer, offset: number, pseudoHeader = Buffer.alloc(0)): Buffer => {
  message.writeUInt16BE(plainChecksum(Buffer.concat([pseudoHeader, message])), offset);
  return message;
};

export const ipv4Packet = (source: string, destination: string, protocol: number, content: Buffer, dontFragment = false): Buffer => {
  const header = Buffer.alloc(headerLength);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(headerLength + content.length, 2);
  header.writeUInt16BE(dontFragment ? DONT_FRAGMENT : 0, 6);
  header.writeUInt8(64, 8);
  header.writeUInt8(protocol, 9);
  encodeIPv4(source).copy(header, 12);
  encodeIPv4(destination).copy(header, 16);
  return Buffer.concat([withChecksum(header, 10), content]);
};

interface Flow {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

const tcp = ({ source, sourcePort, destination, destinationPort }: Flow, flags: number, sequence: number, acknowledgement: number): Buffer => {
  const segment = Buffer.alloc(20);
  segment.writeUInt16BE(sourcePort, 0);
  segment.writeUInt16BE(destinationPort, 2);
  segment.writeUInt32BE(sequence >>> 0, 4);
  segment.writeUInt32BE(acknowledgement >>> 0, 8);
  segment.writeUInt8(5 << 4, 12);
  segment.writeUInt8(flags, 13);
  segment.writeUInt16BE(1024, 14);
  const pseudoHeader = Buffer.concat([encodeIPv4(source), encodeIPv4(destination), Buffer.from([0, IPPROTO_TCP, 0, segment.length])]);
  return ipv4Packet(source, destination, IPPROTO_TCP, withChecksum(segment, 16, pseudoHeader));
};

export const syn = (flow: Flow, sequence: number): Buffer => tcp(flow, SYN, sequence, 0);
/** Ends what an answer to `syn` has begun. */
export const reset = (flow: Flow, sequence: number): Buffer => tcp(flow, RST, sequence + 1, 0);

/** @param length of the whole packet, octets */
export const echoRequest = (source: string, destination: string, identifier: number, sequence: number, length = headerLength + 8): Buffer => {
  const message = Buffer.alloc(length - headerLength);
  message.writeUInt8(ECHO_REQUEST, 0);
  message.writeUInt16BE(identifier, 4);
  message.writeUInt16BE(sequence, 6);
  return ipv4Packet(source, destination, IPPROTO_ICMP, withChecksum(message, 2));
};

/** RFC 2003, as IPVS wraps it. @param dontFragment of the outer header */
export const inTunnel = (source: string, destination: string, packet: Buffer, dontFragment: boolean): Buffer => ipv4Packet(source, destination, IPPROTO_IPIP, packet, dontFragment);

/** In an Ethernet frame. @param to, from Ethernet addresses, 6 octets */
export const ipv4Frame = (to: Buffer, from: Buffer, packet: Buffer): Buffer => Buffer.concat([to, from, Buffer.from([0x08, 0x00]), packet]);

export type Answer =
  | { readonly kind: 'tcp'; readonly source: string; readonly destination: string; readonly sourcePort: number; readonly destinationPort: number; readonly acknowledgement: number; readonly answer: 'connection' | 'reset' }
  | { readonly kind: 'echo'; readonly source: string; readonly destination: string; readonly identifier: number; readonly sequence: number }
  /** a router says what fits; `about`: the destination of the packet that did not */
  | { readonly kind: 'too_big'; readonly source: string; readonly about: string; readonly mtu: number };

/** Undefined for what is no answer to any of these. @param packet may be padded */
export const readAnswer = (packet: Buffer): Answer | undefined => {
  if (packet.length < headerLength || packet.readUInt8(0) >>> 4 !== 4) return undefined;
  const length = (packet.readUInt8(0) & 0x0f) * 4;
  const [source, destination] = [decodeIPv4(packet, 12), decodeIPv4(packet, 16)];
  const content = packet.subarray(length, packet.readUInt16BE(2));
  switch (packet.readUInt8(9)) {
    case IPPROTO_TCP: {
      if (content.length < 20) return undefined;
      const flags = content.readUInt8(13);
      const answer = (flags & RST) !== 0 ? 'reset' : (flags & (SYN | ACK)) === (SYN | ACK) ? 'connection' : undefined;
      return answer && { kind: 'tcp', source, destination, sourcePort: content.readUInt16BE(0), destinationPort: content.readUInt16BE(2), acknowledgement: content.readUInt32BE(8), answer };
    }
    case IPPROTO_ICMP: {
      if (content.length < 8) return undefined;
      const [type, code] = [content.readUInt8(0), content.readUInt8(1)];
      if (type === ECHO_REPLY) return { kind: 'echo', source, destination, identifier: content.readUInt16BE(4), sequence: content.readUInt16BE(6) };
      if (type === UNREACHABLE && code === FRAGMENTATION_NEEDED && content.length >= 28) return { kind: 'too_big', source, about: decodeIPv4(content, 24), mtu: content.readUInt16BE(6) };
      return undefined;
    }
  }
  return undefined;
};
