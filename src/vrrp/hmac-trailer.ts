/**
 * The trailer behind a VRRPv3 advertisement that authenticates it (draft-cassen-vrrp-auth-hmac, as keepalived 2.4.2 sends it):
 * type, key ID, two reserved octets, a sequence number of eight, HMAC-SHA-256 truncated to sixteen. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { encodeAddress, familyOf } from '../network/ip-address.js';

/** octets */
export const trailerLength = 28;
const TYPE_HMAC_SHA256 = 1;
const sequenceOffset = 4;
const hmacOffset = 12;
const hmacLength = 16;
/** family (4 or 6), version, virtual router ID, 0, and the source in 16 octets, one of IPv4 followed by zeros */
const pseudoHeaderLength = 20;
/** of the VRRP message, not covered: over IPv6 it covers the trailer in its turn */
const checksumOffset = 6;

/** What an advertisement is followed by. */
export interface SignedMessage {
  /** the VRRP message without the trailer */
  readonly message: Buffer;
  readonly trailer: Buffer;
}

/** Whether these octets, all that follows a VRRPv3 message, are a trailer of the one known type. */
export const isTrailer = (octets: Buffer): boolean => octets.length === trailerLength && octets.readUInt8(0) === TYPE_HMAC_SHA256 && octets.readUInt16BE(2) === 0;

export const keyIdOf = (trailer: Buffer): number => trailer.readUInt8(1);
export const sequenceOf = (trailer: Buffer): bigint => trailer.readBigUInt64BE(sequenceOffset);

/** Neither destination, TTL nor checksum count: one trailer serves the copies to all peers. */
const digest = ({ message, trailer }: SignedMessage, source: string, key: Buffer): Buffer => {
  const covered = Buffer.concat([Buffer.alloc(pseudoHeaderLength), message, trailer]);
  covered.writeUInt8(familyOf(source) === 'ipv6' ? 6 : 4, 0);
  covered.writeUInt8(message.readUInt8(0) >>> 4, 1);
  covered.writeUInt8(message.readUInt8(1), 2);
  encodeAddress(source).copy(covered, 4);
  covered.writeUInt16BE(0, pseudoHeaderLength + checksumOffset);
  covered.fill(0, covered.length - hmacLength);
  return createHmac('sha256', key).update(covered).digest().subarray(0, hmacLength);
};

/**
 * The trailer of a VRRP message that is sent from `source`; key IDs are 1..255.
 */
export const makeTrailer = (message: Buffer, source: string, { id, key }: { readonly id: number; readonly key: Buffer }, sequence: bigint): Buffer => {
  const trailer = Buffer.alloc(trailerLength);
  trailer.writeUInt8(TYPE_HMAC_SHA256, 0);
  trailer.writeUInt8(id, 1);
  trailer.writeBigUInt64BE(sequence, sequenceOffset);
  digest({ message, trailer }, source, key).copy(trailer, hmacOffset);
  return trailer;
};

/** Whether it was made with this key for this message from this source; takes as long for a wrong one. */
export const isAuthentic = (signed: SignedMessage, source: string, key: Buffer): boolean => timingSafeEqual(signed.trailer.subarray(hmacOffset), digest(signed, source, key));
