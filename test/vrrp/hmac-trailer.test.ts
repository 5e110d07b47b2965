/** The trailer of an authenticated advertisement against published vectors, and against every octet changed. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Seconds } from '../../src/time/microseconds.js';
import { isAuthentic, keyIdOf, makeTrailer, sequenceOf } from '../../src/vrrp/hmac-trailer.js';
import { type Advertisement, decodeAdvertisement, encodeAdvertisement } from '../../src/vrrp/packet.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** RFC 4231, 4.2 to 4.8: key, data, HMAC-SHA-256 (the fifth truncated to 128 bits, as here). */
const rfc4231: readonly (readonly [key: Buffer, data: Buffer, hmac: string])[] = [
  [Buffer.alloc(20, 0x0b), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  [Buffer.alloc(20, 0xaa), Buffer.alloc(50, 0xdd), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  [hex('0102030405060708090a0b0c0d0e0f10111213141516171819'), Buffer.alloc(50, 0xcd), '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b'],
  [Buffer.alloc(20, 0x0c), Buffer.from('Test With Truncation'), 'a3b6167473100ee06e0c796c2955552b'],
  [Buffer.alloc(131, 0xaa), Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'), '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54'],
  [Buffer.alloc(131, 0xaa), Buffer.from('This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.'), '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2'],
];

describe('HMAC-SHA-256 as this Node makes it', () => {
  it.each(rfc4231.map(([key, data, hmac], index) => ({ name: `${index + 1}`, key, data, hmac })))('is that of RFC 4231, test case $name', ({ key, data, hmac }) => {
    expect(createHmac('sha256', key).update(data).digest('hex').slice(0, hmac.length)).toBe(hmac);
  });
});

const key = { id: 1, key: Buffer.from(Array.from({ length: 32 }, (_, index) => index)) };
const sequence = 0x6800000080000000n;
const common = { version: 3, virtualRouterId: 51, priority: 200, interval: Seconds(1) } as const;

interface Vector {
  readonly title: string;
  readonly source: string;
  readonly destination: string;
  readonly advertisement: Advertisement;
  readonly octets: Buffer;
}

/** draft-cassen-vrrp-auth-hmac, appendix (also in keepalived's test of 2.4.2): key 00 to 1f with ID 1. */
const vectors: readonly Vector[] = [
  {
    title: "the draft's vector of IPv4, whose checksum does not cover the trailer",
    source: '198.51.100.10',
    destination: '224.0.0.18',
    advertisement: { ...common, addresses: ['192.0.2.100'], checksum: 'rfc9568' },
    octets: hex('3133c801 00644402 c0000264 01010000 68000000 80000000 1b84bc4e8e43892dc6d98448f8ee2265'),
  },
  {
    title: "the draft's vector of IPv6, whose checksum covers the trailer",
    source: 'fe80::10',
    destination: 'fe80::20',
    advertisement: { ...common, addresses: ['fe80::100'], checksum: 'pseudo_header' },
    octets: hex('3133c801 0064a2e9 fe800000000000000000000000000100 01010000 68000000 80000000 c8c56146ebfd66ee10ec4d8186461b78'),
  },
];

describe.each(vectors)('$title', ({ source, destination, advertisement, octets }) => {
  const decoded = decodeAdvertisement(octets, source, destination);

  it('is encoded to the same octets', () => {
    const trailer = makeTrailer(encodeAdvertisement(advertisement, source), source, key, sequence);
    expect(encodeAdvertisement(advertisement, source, destination, trailer).toString('hex')).toBe(octets.toString('hex'));
  });

  it('is decoded, and authentic with its key from its source only', () => {
    expect(decoded).toMatchObject({ ok: true, advertisement });
    if (!decoded.ok || !decoded.signed) throw new Error('not signed');
    const { signed } = decoded;
    expect([keyIdOf(signed.trailer), sequenceOf(signed.trailer)]).toEqual([1, sequence]);
    expect(isAuthentic(signed, source, key.key)).toBe(true);
    expect(isAuthentic(signed, source === 'fe80::10' ? 'fe80::20' : '198.51.100.11', key.key)).toBe(false);
    expect(isAuthentic(signed, source, Buffer.alloc(32))).toBe(false);
  });

  it('is not authentic any more with any bit of it changed, but for the checksum, which every copy has its own', () => {
    const end = octets.length - 28;
    const accepted = Array.from({ length: 8 * octets.length }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(octets);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return isAuthentic({ message: changed.subarray(0, end), trailer: changed.subarray(end) }, source, key.key);
    });
    expect([...new Set(accepted.map((bit) => bit >> 3))]).toEqual([6, 7]);
  });

  it.each([
    ['one octet less', octets.subarray(0, -1)],
    ['one octet more', Buffer.concat([octets, Buffer.alloc(1)])],
    ['two trailers', Buffer.concat([octets, octets.subarray(-28)])],
    ['another type of trailer', Buffer.concat([octets.subarray(0, -28), Buffer.from([2]), octets.subarray(-27)])],
    ['reserved octets that are not zero', Buffer.concat([octets.subarray(0, -26), Buffer.from([0, 1]), octets.subarray(-24)])],
  ])('with %s is rejected for its length', (_, changed) => {
    expect(decodeAdvertisement(changed, source, destination)).toEqual({ ok: false, reason: 'length' });
  });
});

it('a version 2 advertisement has no trailer', () => {
  const message = encodeAdvertisement({ version: 2, virtualRouterId: 51, priority: 200, addresses: ['192.0.2.100'], interval: Seconds(1), password: undefined }, '192.0.2.1');
  const trailer = makeTrailer(message, '192.0.2.1', key, sequence);
  expect(decodeAdvertisement(Buffer.concat([message, trailer]), '192.0.2.1', '224.0.0.18')).toEqual({ ok: false, reason: 'length' });
});
