/** The VRRP message against what other implementations send, and against mutated and random octets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainChecksum } from '../../src/vrrp/checksum.js';
import { decodeIPv4Packet } from '../../src/vrrp/receive.js';
import { addressesThatFit, type Advertisement, decodeAdvertisement, encodeAdvertisement, peek, VRRP_MULTICAST_IPV4 } from '../../src/vrrp/packet.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { recorded } from './recorded.js';

const message = (packet: Buffer): Buffer => packet.subarray(20);

describe.each(recorded)('$title', ({ packet, source, advertisement }) => {
  it('is decoded as it was configured', () => {
    expect(decodeAdvertisement(message(packet), source, VRRP_MULTICAST_IPV4)).toEqual({ ok: true, advertisement });
  });

  it('is encoded to the same octets', () => {
    expect(encodeAdvertisement(advertisement, source).toString('hex')).toBe(message(packet).toString('hex'));
  });

  it('comes in an IP header that says what RFC 9568, 5.1.1 asks for', () => {
    const { payload, ...header } = decodeIPv4Packet(packet) ?? { payload: undefined };
    expect(header).toEqual({ source, destination: '224.0.0.18', ttl: 255 });
    expect(payload).toEqual(message(packet));
  });
});

const octet = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const common = { virtualRouterId: fc.integer({ min: 1, max: 255 }), priority: octet, addresses: fc.array(address, { maxLength: 255 }) };
// neither NUL, which ends it, nor octets that are no UTF-8
const password = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 8 });
const anyAdvertisement: fc.Arbitrary<Advertisement> = fc.oneof(
  fc.record({ version: fc.constant(2 as const), ...common, interval: fc.integer({ min: 1, max: 255 }).map(Seconds), password: fc.option(password, { nil: undefined }) }),
  fc.record({
    version: fc.constant(3 as const),
    ...common,
    addresses: fc.array(address, { minLength: 1, maxLength: 255 }),
    interval: fc.integer({ min: 1, max: 4095 }).map((centiseconds) => Milliseconds(10 * centiseconds)),
    checksum: fc.constantFrom('pseudo_header' as const, 'rfc9568' as const),
  }),
);

describe('any advertisement', () => {
  it('is decoded to what was encoded', () => {
    fc.assert(
      fc.property(anyAdvertisement, address, (advertisement, source) => {
        const decoded = decodeAdvertisement(encodeAdvertisement(advertisement, source), source, VRRP_MULTICAST_IPV4);
        expect(decoded).toEqual({ ok: true, advertisement });
      }),
      { numRuns: 500 },
    );
  });

  it('is rejected when it is one octet longer or shorter (RFC 9568, 7.1: the length is exact)', () => {
    fc.assert(
      fc.property(anyAdvertisement, address, (advertisement, source) => {
        const octets = encodeAdvertisement(advertisement, source);
        expect(decodeAdvertisement(Buffer.concat([octets, Buffer.alloc(1)]), source, VRRP_MULTICAST_IPV4).ok).toBe(false);
        expect(decodeAdvertisement(octets.subarray(0, -1), source, VRRP_MULTICAST_IPV4).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the decoder', () => {
  it('rejects every message with one bit turned, but for the bits that RFC 9568 lets a receiver ignore', () => {
    for (const { packet, source, title } of recorded) {
      const octets = message(packet);
      for (let bit = 0; bit < octets.length * 8; bit++) {
        const turned = Buffer.from(octets);
        turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (0x80 >> (bit & 7)), bit >> 3);
        expect(decodeAdvertisement(turned, source, VRRP_MULTICAST_IPV4).ok, `${title}, bit ${bit}`).toBe(false);
      }
    }
  });

  it('ignores the four reserved bits of version 3 (RFC 9568, 5.2.6)', () => {
    const octets = encodeAdvertisement({ version: 3, virtualRouterId: 51, priority: 100, addresses: ['192.0.2.100'], interval: Seconds(1), checksum: 'rfc9568' }, '192.0.2.1');
    octets.writeUInt8(octets.readUInt8(4) | 0xf0, 4);
    octets.writeUInt16BE(0, 6);
    octets.writeUInt16BE(plainChecksum(octets), 6);
    expect(decodeAdvertisement(octets, '192.0.2.1', VRRP_MULTICAST_IPV4)).toMatchObject({ ok: true, advertisement: { interval: Seconds(1) } });
  });

  it('gives a verdict on 100,000 mutated and random messages and never throws', () => {
    // a generator of its own (mulberry32): fast-check is some ten times slower at this
    let seed = 0x7a4d;
    const random = (below: number): number => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % below;
    };
    const verdicts = new Map<string, number>();
    for (let round = 0; round < 100_000; round++) {
      const original = recorded[random(recorded.length)];
      if (!original) throw new Error('nothing was recorded');
      const length = random(4) === 0 ? random(64) : original.packet.length;
      const packet = Buffer.alloc(length);
      original.packet.copy(packet);
      for (let change = random(6); change > 0 && length > 0; change--) packet.writeUInt8(random(256), random(length));
      const ip = decodeIPv4Packet(packet);
      const octets = ip?.payload ?? packet.subarray(20);
      peek(octets);
      const decoded = decodeAdvertisement(octets, original.source, VRRP_MULTICAST_IPV4);
      const verdict = decoded.ok ? 'taken' : decoded.reason;
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    expect([...verdicts.keys()].sort()).toEqual(['checksum', 'length', 'taken', 'too_short', 'type', 'version']);
  });
});

describe('the addresses of an advertisement', () => {
  it.each([
    [undefined, 255],
    [1_500, 255],
    [1_056, 255],
    [1_055, 254],
    [576, 135],
    [68, 8],
  ])('with an MTU of %s are at most %i', (mtu, count) => {
    expect(addressesThatFit(mtu)).toBe(count);
  });

  it.each([
    [1_500, 255],
    [576, 128],
  ])('with an MTU of %s and a signature behind them are at most %i', (mtu, count) => {
    expect(addressesThatFit(mtu, true)).toBe(count);
  });
});
