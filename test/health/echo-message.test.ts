/** ICMP messages of the ping check, against those of ping(8) (iputils 20221126) and Linux 6.1 as tcpdump saw them. */
import { describe, expect, it } from 'vitest';
import { encodeEcho, readEcho } from '../../src/health/echo-message.js';
import { plainChecksum } from '../../src/vrrp/checksum.js';

const octets = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

const reply4 = octets('4500002c7fc500004001e66b0a4f00020a4f0001 0000265d43210001914d016b0000000003c8000000000000');
/** a router that may not forward, about 10.80.0.1 */
const prohibited4 = octets('45c000487fc600004001e58e0a4f00020a4f0001 030dfcf200000000 4500002c9db640004001887a0a4f00010a500001 0800034f43210001914d016b000000001ed6000000000000');
/** of IPv6 a raw socket gives no header */
const reply6 = octets('81003c7243210001914d016b0000000010eb000000000000');
const unreachable6 = octets('010049ed00000000 6005bf0f00183a4020010db800000000000000000000000120010db8000100000000000000000001 8000c16643210001914d016b000000008cf6000000000000');
const echo = { identifier: 17_185, sequence: 1 };

describe('an echo', () => {
  it('is known by its reply', () => {
    expect(readEcho('ipv4', reply4, '10.79.0.2')).toEqual({ ...echo, target: '10.79.0.2', problem: undefined });
    expect(readEcho('ipv6', reply6, '2001:DB8:0::2')).toEqual({ ...echo, target: '2001:db8::2', problem: undefined });
  });

  it('is known by what a router quotes of it', () => {
    expect(readEcho('ipv4', prohibited4, '10.79.0.2')).toEqual({ ...echo, target: '10.80.0.1', problem: 'communication prohibited, says 10.79.0.2' });
    expect(readEcho('ipv6', unreachable6, '2001:db8::2')).toEqual({ ...echo, target: '2001:db8:1::1', problem: 'no route, says 2001:db8::2' });
    const expired = Buffer.from(prohibited4);
    expired.writeUInt16BE(11 << 8, 20);
    expect(readEcho('ipv4', expired, '10.79.0.2')?.problem).toBe('on its way too long (a routing loop?), says 10.79.0.2');
  });

  it('is sent as a request of 64 octets; the checksum of IPv6 is left to the kernel', () => {
    const request4 = encodeEcho('ipv4', echo);
    expect([request4.length, request4.subarray(0, 2), request4.subarray(4, 8)]).toEqual([64, octets('0800'), octets('43210001')]);
    expect(plainChecksum(request4)).toBe(0);
    expect(encodeEcho('ipv6', echo).subarray(0, 8)).toEqual(octets('8000000043210001'));
  });

  it('is nowhere in what is cut short or about something else', () => {
    for (const [family, packet] of [['ipv4', reply4], ['ipv4', prohibited4], ['ipv6', reply6], ['ipv6', unreachable6]] as const) {
      const least = packet === reply4 ? 28 : packet === reply6 ? 8 : family === 'ipv4' ? 56 : 56;
      for (let length = 0; length < least; length += 1) expect(readEcho(family, packet.subarray(0, length), '10.79.0.2')).toBeUndefined();
    }
    const aboutTcp = Buffer.from(prohibited4);
    aboutTcp.writeUInt8(6, 37);
    expect(readEcho('ipv4', aboutTcp, '10.79.0.2')).toBeUndefined();
  });
});
