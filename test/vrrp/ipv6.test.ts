/** IPv6 on the wire, against what keepalived 2.2.7 put there (tcpdump on a veth, 2026-11-21): fe80::a, VRID 51, priority 150, 100 ms. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration, UnicastConfiguration } from '../../src/config/model.js';
import { compareAddresses, decodeIPv6, encodeIPv6, isLinkLocal } from '../../src/network/ip-address.js';
import { neighbourAdvertisement } from '../../src/network/neighbour-advertisement.js';
import type { InterfaceAddress } from '../../src/network/rtnetlink.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { instanceFamily } from '../../src/vrrp/family.js';
import { Instance } from '../../src/vrrp/instance.js';
import { type Advertisement, decodeAdvertisement, encodeAdvertisement } from '../../src/vrrp/packet.js';
import { decodeIPv6Packet, receive } from '../../src/vrrp/receive.js';
import { lacksSource, sourceAddress } from '../../src/vrrp/source-address.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

const frame = hex(`3333 0000 0012 0200 0000 0001 86dd 6c03 70f8 0028 70ff fe80 0000 0000 0000 0000 0000 0000 000a ff02 0000 0000 0000 0000
  0000 0000 0012 3133 9602 000a 0bd7 fe80 0000 0000 0000 0000 0000 0000 0100 2001 0db8 0077 0000 0000 0000 0000 0100`);
const packet = frame.subarray(14);
const advertisement: Advertisement = { version: 3, virtualRouterId: 51, priority: 150, addresses: ['fe80::100', '2001:db8:77::100'], interval: Milliseconds(100), checksum: 'pseudo_header' };

const configuration = (changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration => ({
  name: 'web',
  interface: 'e0',
  version: 3,
  virtualRouterId: 51,
  priority: 100,
  advertisementInterval: Milliseconds(100),
  preempt: true,
  preemptDelay: Seconds(0),
  checksum: 'pseudo_header',
  authentication: undefined,
  virtualAddresses: ['fe80::100', '2001:db8:77::100'].map((address) => ({ address, prefixLength: 128, interface: 'e0', label: undefined, advertise: true })),
  garp: { repeat: 1, delay: Milliseconds(0), refresh: Milliseconds(0) },
  ...changes,
});

describe('an advertisement of keepalived over IPv6', () => {
  it('is decoded as it was configured', () => {
    expect(decodeIPv6Packet(packet)).toMatchObject({ source: 'fe80::a', destination: 'ff02::12', ttl: 255 });
    expect(decodeAdvertisement(packet.subarray(40), 'fe80::a', 'ff02::12')).toEqual({ ok: true, advertisement });
  });

  it('is encoded to the same octets; there is but one form of the checksum (RFC 9568, 5.2.8)', () => {
    for (const checksum of ['pseudo_header', 'rfc9568'] as const) {
      expect(encodeAdvertisement({ ...advertisement, checksum }, 'fe80::a').toString('hex')).toBe(packet.subarray(40).toString('hex'));
    }
  });

  it('is what an instance configured like it sends, to the group with hop limit 255', () => {
    const [outgoing, ...others] = new Instance(configuration({ priority: 150 }), undefined).advertisements(150, 'fe80::a', 0);
    expect({ ...outgoing, message: outgoing?.message.toString('hex') }).toEqual({ message: packet.subarray(40).toString('hex'), source: 'fe80::a', destination: 'ff02::12', ttl: 255 });
    expect(others).toEqual([]);
  });
});

describe('a packet over IPv6 is', () => {
  const hear = (octets: Buffer, changes: Partial<InstanceConfiguration> = {}, source = 'fe80::b') => {
    const instance = { configuration: configuration(changes), source };
    return receive(octets, (id) => (id === 51 ? instance : undefined));
  };
  const changed = (offset: number, value: number): Buffer => {
    const copy = Buffer.from(packet);
    copy.writeUInt8(value, offset);
    return copy;
  };
  const peers: UnicastConfiguration = { source: undefined, peers: ['fe80::a'], ttl: 255, minTtl: 200, maxTtl: 255 };
  const toUs = (hopLimit: number): Buffer => {
    const copy = Buffer.concat([packet.subarray(0, 40), encodeAdvertisement(advertisement, 'fe80::a', 'fe80::b')]);
    encodeIPv6('fe80::b').copy(copy, 24);
    copy.writeUInt8(hopLimit, 7);
    return copy;
  };

  it('taken as it was recorded, and from a unicast peer within its bounds', () => {
    expect(hear(packet)).toMatchObject({ ok: true, source: 'fe80::a', advertisement });
    expect(hear(toUs(200), { unicast: peers })).toMatchObject({ ok: true, source: 'fe80::a', advertisement });
  });

  it.each([
    ['ttl', 'its hop limit is not 255 (RFC 9568, 5.1.2.3)', () => hear(changed(7, 254))],
    ['destination', 'it is not for ff02::12 (RFC 9568, 5.1.2.2)', () => hear(changed(39, 0x13))],
    ['checksum', 'its checksum is wrong', () => hear(changed(47, 0))],
    ['checksum', 'its source is another than the checksum says', () => hear(changed(23, 0x0c))],
    ['length', 'it says more addresses than it has', () => hear(changed(43, 3))],
    ['version', 'it is of version 2, which has no IPv6', () => hear(changed(40, 0x21))],
    ['ip_header', 'it is longer than its header says', () => hear(Buffer.concat([packet, Buffer.alloc(1)]))],
    ['ip_header', 'it is not of protocol 112', () => hear(changed(6, 58))],
    ['ip_header', 'it is shorter than its header', () => hear(packet.subarray(0, 39))],
    ['own_address', 'it is our own, come back', () => hear(packet, {}, 'fe80::a')],
    ['destination', 'it came by multicast and we have unicast peers', () => hear(packet, { unicast: peers })],
    ['ttl', 'its hop limit is below the bound', () => hear(toUs(199), { unicast: peers })],
    ['unicast_peer', 'it is from a stranger', () => hear(toUs(255), { unicast: { ...peers, peers: ['fe80::c'] } })],
  ] as const)('rejected as %s when %s', (reason, _, received) => {
    expect(received()).toMatchObject({ ok: false, reason });
  });

  it('never more than rejected, whatever octets it has', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(packet.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(packet.length), (changes, length) => {
        const copy = Buffer.from(packet);
        for (const [offset, value] of changes) copy.writeUInt8(value, offset);
        expect(typeof hear(copy.subarray(0, length)).ok).toBe('boolean');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a Neighbour Advertisement', () => {
  const station = hex('020000000001');
  it.each([
    ['fe80::100', '559d'],
    ['2001:db8:77::100', 'f63e'],
  ])('of %s is what keepalived sends on a host that does not forward', (address, checksum) => {
    const octets = encodeIPv6(address).toString('hex');
    const recorded = `333300000001020000000001 86dd 60000000 0020 3a ff ${octets} ff020000000000000000000000000001 8800 ${checksum} 20000000 ${octets} 0201 020000000001`;
    expect(neighbourAdvertisement(station, address, false).toString('hex')).toBe(recorded.replaceAll(' ', ''));
  });

  it('has the router flag beside the override flag on a host that forwards (RFC 4861, 4.4)', () => {
    const [host, router] = [false, true].map((forwards) => neighbourAdvertisement(station, 'fe80::100', forwards));
    expect([host?.readUInt8(58), router?.readUInt8(58)]).toEqual([0x20, 0xa0]);
  });
});

describe('an IPv6 address', () => {
  it.each([
    // RFC 5952, 4 and 5
    ['2001:0db8:0:0:0:0:2:0001', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::AAAA', '2001:db8::aaaa'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('%s is written %s', (text, canonical) => {
    expect(decodeIPv6(encodeIPv6(text))).toBe(canonical);
  });

  it('is the same after both ways', () => {
    const octets = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array));
    fc.assert(fc.property(octets, (buffer) => encodeIPv6(decodeIPv6(buffer)).equals(buffer)));
  });

  it('is ordered as a number, not as a text', () => {
    expect(compareAddresses('fe80::9', 'fe80::10')).toBeLessThan(0);
    expect(compareAddresses('fe80::1:0', 'fe80::ffff')).toBeGreaterThan(0);
    expect(compareAddresses('192.0.2.9', '192.0.2.10')).toBeLessThan(0);
  });

  it('is link-local from fe80:: to febf:ffff::', () => {
    expect(['fe80::1', 'febf::1', 'fec0::1', 'fe7f::1', '2001:db8::1', '169.254.0.1'].map(isLinkLocal)).toEqual([true, true, false, false, false, false]);
  });
});

describe('the family of an instance', () => {
  const addresses = (...entries: readonly (readonly [string, boolean])[]) => ({ virtualAddresses: entries.map(([address, advertise]) => ({ address, prefixLength: 32, interface: 'e0', label: undefined, advertise })) });
  it('is that of its advertised addresses', () => {
    expect(instanceFamily(addresses(['fe80::1', true]))).toBe('ipv6');
    expect(instanceFamily(addresses(['192.0.2.1', false], ['fe80::1', true]))).toBe('ipv6');
    expect(instanceFamily(addresses(['fe80::1', false], ['192.0.2.1', true]))).toBe('ipv4');
  });
});

describe('the source of an IPv6 instance', () => {
  const on = (...texts: readonly string[]): readonly InterfaceAddress[] =>
    texts.map((text) => ({ index: 2, address: text.replace('?', ''), prefixLength: 64, label: undefined, secondary: false, tentative: text.endsWith('?') }));
  const source = (own: InstanceConfiguration, addresses: readonly InterfaceAddress[], current?: string) => sourceAddress(own, addresses, new Set(own.virtualAddresses.map(({ address }) => address)), current);
  const to = (...peers: readonly string[]) => configuration({ unicast: { source: undefined, peers, ttl: 255, minTtl: 0, maxTtl: 255 } });

  it('is a link-local address that is no virtual one and has passed duplicate address detection', () => {
    expect(source(configuration(), on('192.0.2.1', '2001:db8::1', 'fe80::100', 'fe80::1?', 'fe80::2'))).toBe('fe80::2');
    expect(source(configuration(), on('2001:db8::1', 'fe80::1?'))).toBeUndefined();
    expect(lacksSource(configuration())).toBe('interface e0 has no usable link-local IPv6 address of its own');
  });

  it('stays the one that it was while that is there, in whatever order the kernel lists them', () => {
    expect(source(configuration(), on('fe80::1', 'fe80::2'), 'fe80::2')).toBe('fe80::2');
    expect(source(configuration(), on('fe80::1'), 'fe80::2')).toBe('fe80::1');
  });

  it('is a global one for unicast peers that are not link-local', () => {
    expect(source(to('2001:db8::9'), on('fe80::1', '2001:db8::1'))).toBe('2001:db8::1');
    expect(source(to('fe80::9'), on('2001:db8::1', 'fe80::1'))).toBe('fe80::1');
    expect(lacksSource(to('2001:db8::9'))).toBe('interface e0 has no usable global IPv6 address of its own');
  });
});
