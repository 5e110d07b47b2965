/** The Internet checksum, on the example of its RFC and on what other implementations send. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { plainChecksum, pseudoHeaderChecksum } from '../../src/vrrp/checksum.js';
import { recorded } from './recorded.js';

const { createChecksum } = createRequire(import.meta.url)('raw-socket') as { createChecksum(buffer: Buffer): number };

describe('the Internet checksum', () => {
  it('is the complement of ddf2 for the octets of RFC 1071, 3', () => {
    expect(plainChecksum(Buffer.from('0001f203f4f5f6f7', 'hex'))).toBe(~0xddf2 & 0xffff);
  });

  it('pads an odd last octet with zero (RFC 1071, 4.1)', () => {
    expect(plainChecksum(Buffer.from('0001f2', 'hex'))).toBe(plainChecksum(Buffer.from('0001f200', 'hex')));
  });

  it('is ffff over nothing', () => {
    expect(plainChecksum(Buffer.alloc(0))).toBe(0xffff);
  });

  it('adds every carry of the longest packet that IP has', () => {
    expect(plainChecksum(Buffer.alloc(0xfffe, 0xff))).toBe(0);
  });

  it('is what the package raw-socket computes (RFC 9568, 5.2.8 has no pseudo-header over IPv4)', () => {
    for (const { packet } of recorded) {
      const message = Buffer.from(packet.subarray(20));
      message.writeUInt16BE(0, 6);
      expect(plainChecksum(message)).toBe(createChecksum(message));
    }
  });
});

describe.each(recorded)('$title', ({ packet, source, advertisement }) => {
  it('has the pseudo-header in version 3 and none in version 2', () => {
    const message = packet.subarray(20);
    const right = { plain: plainChecksum(message) === 0, pseudoHeader: pseudoHeaderChecksum(message, source, '224.0.0.18') === 0 };
    expect(right).toEqual({ plain: advertisement.version === 2, pseudoHeader: advertisement.version === 3 });
  });

  it('comes in an IP header whose checksum, the same sum, is right', () => {
    expect(plainChecksum(packet.subarray(0, 20))).toBe(0);
  });
});
