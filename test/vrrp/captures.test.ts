/** The codecs against captures of other routers, against scapy and against Wireshark (captured.ts names the sources). */
import { describe, expect, it } from 'vitest';
import { arpProbe, decodeArp, gratuitousArp } from '../../src/network/arp.js';
import { neighbourAdvertisement } from '../../src/network/neighbour-advertisement.js';
import { decodeAdvertisement, encodeAdvertisement, multicastGroup } from '../../src/vrrp/packet.js';
import { familyOf } from '../../src/network/ip-address.js';
import { decodeIPv4Packet, decodeIPv6Packet, receive } from '../../src/vrrp/receive.js';
import {
  advertisementOf, type Announcement, builtAdvertisements, builtAnnouncements, capturedAdvertisements, capturedArp, dissectedAdvertisements, dissectedAnnouncements, type Fields, malformedPackets,
} from './captured.js';
import { instanceFor } from './recorded.js';

const payloadOf = (packet: Buffer): Buffer | undefined => (decodeIPv4Packet(packet) ?? decodeIPv6Packet(packet))?.payload;

describe("the routers in tcpdump's vrrp.pcap", () => {
  it('are of both versions and families, with password and without', () => {
    const kinds = capturedAdvertisements.map(({ fields: { version, source, password } }) => `${version} ${familyOf(source)}${password === undefined ? '' : ' password'}`);
    expect([...new Set(kinds)].sort()).toEqual(['2 ipv4', '2 ipv4 password', '3 ipv4', '3 ipv6']);
    expect(capturedAdvertisements).toHaveLength(35);
  });

  it.each(capturedAdvertisements)('are read as tcpdump reads them: $fields.source, VRID $fields.virtualRouterId', ({ packet, source, destination, fields }) => {
    expect(decodeIPv4Packet(packet) ?? decodeIPv6Packet(packet)).toMatchObject({ source, destination, ttl: 255 });
    expect(decodeAdvertisement(payloadOf(packet) ?? packet, source, destination)).toEqual({ ok: true, advertisement: advertisementOf(fields) });
  });

  it.each(capturedAdvertisements)('send what we would send as they are: $fields.source, VRID $fields.virtualRouterId', ({ packet, source, fields }) => {
    expect(encodeAdvertisement(advertisementOf(fields), source).toString('hex')).toBe(payloadOf(packet)?.toString('hex'));
  });

  it.each(capturedAdvertisements)('are taken by an instance like them: $fields.source, VRID $fields.virtualRouterId', ({ packet, source, fields }) => {
    const advertisement = advertisementOf(fields);
    const instance = { configuration: instanceFor({ by: '', title: '', source, packet, advertisement }), source: '192.0.2.9' };
    expect(receive(packet, () => instance)).toEqual({ ok: true, instance, source, advertisement });
  });

  it.each(capturedAdvertisements)('send from the virtual MAC address: $fields.source, VRID $fields.virtualRouterId (RFC 9568, 7.3)', ({ frame, source, fields }) => {
    const block = familyOf(source) === 'ipv6' ? '02' : '01';
    expect(frame.subarray(6, 12).toString('hex')).toBe(`00005e00${block}${fields.virtualRouterId.toString(16).padStart(2, '0')}`);
  });
});

describe("the broken packets in tcpdump's tests, which once made it read past the end,", () => {
  it.each(malformedPackets)('are rejected: packet %#', (packet) => {
    const instance = { configuration: instanceFor({ by: '', title: '', source: '', packet, advertisement: { version: 3, virtualRouterId: packet[21] ?? 0, priority: 100, addresses: [], interval: advertisementOf({ seconds: 1 } as Fields).interval, checksum: 'rfc9568' } }), source: '192.0.2.9' };
    expect(receive(packet, () => instance)).toMatchObject({ ok: false });
  });
});

describe('what scapy builds', () => {
  it.each(builtAdvertisements)('is read as it was told: version $version, $source, VRID $virtualRouterId', (built) => {
    expect(decodeAdvertisement(payloadOf(built.packet) ?? built.packet, built.source, multicastGroup(familyOf(built.source)))).toEqual({ ok: true, advertisement: advertisementOf(built) });
  });

  it.each(builtAdvertisements)('is what we send: version $version, $source, VRID $virtualRouterId', (built) => {
    expect(encodeAdvertisement(advertisementOf(built), built.source).toString('hex')).toBe(payloadOf(built.packet)?.toString('hex'));
  });

  it.each(builtAnnouncements)('is what we announce by: a $kind', ({ frame, ...announcement }) => {
    expect(ourFrame(announcement).toString('hex')).toBe(frame.toString('hex'));
  });
});

const station = Buffer.from('020000000001', 'hex');
const ourFrame = ({ kind, address }: Announcement): Buffer => {
  switch (kind) {
    case 'gratuitous ARP':
      return gratuitousArp(station, address);
    case 'ARP probe':
      return arpProbe(station, address);
    case 'Neighbour Advertisement':
      return neighbourAdvertisement(station, address, false);
    case 'Neighbour Advertisement of a router':
      return neighbourAdvertisement(station, address, true);
  }
};

/** Wireshark's word for a checksum that is right. */
const good = '1';

describe('Wireshark', () => {
  it.each(dissectedAdvertisements)('was shown what we send: version $version, $source, VRID $virtualRouterId, $checksum', ({ frame, ...fields }) => {
    const header = familyOf(fields.source) === 'ipv6' ? 54 : 34;
    expect(encodeAdvertisement(advertisementOf(fields), fields.source).toString('hex')).toBe(frame.subarray(header).toString('hex'));
  });

  it.each(dissectedAdvertisements)('reads what we meant: version $version, $source, VRID $virtualRouterId, $checksum', ({ wireshark, ...fields }) => {
    const interval = fields.version === 2 ? { 'vrrp.auth_type': fields.password === undefined ? '0' : '1', 'vrrp.adver_int': String(fields.seconds) } : { 'vrrp.short_adver_int': String(Math.round(fields.seconds * 100)) };
    expect(wireshark).toEqual({
      'vrrp.version': String(fields.version),
      'vrrp.type': '1',
      'vrrp.virt_rtr_id': String(fields.virtualRouterId),
      'vrrp.prio': String(fields.priority),
      'vrrp.addr_count': String(fields.addresses.length),
      ...interval,
      'vrrp.checksum.status': good,
      [familyOf(fields.source) === 'ipv6' ? 'vrrp.ipv6_addr' : 'vrrp.ip_addr']: fields.addresses.join(','),
    });
  });

  it.each(dissectedAnnouncements)('reads a $kind as one', ({ wireshark, frame, ...announcement }) => {
    const { kind, address } = announcement;
    expect(ourFrame(announcement).toString('hex')).toBe(frame.toString('hex'));
    const arp = { 'arp.opcode': '1', 'arp.src.hw_mac': '02:00:00:00:00:01', 'arp.dst.proto_ipv4': address };
    const advertisement = { 'icmpv6.type': '136', 'icmpv6.checksum.status': good, 'icmpv6.nd.na.flag.s': '0', 'icmpv6.nd.na.flag.o': '1', 'icmpv6.nd.na.target_address': address, 'icmpv6.opt.linkaddr': '02:00:00:00:00:01' };
    const expected: Readonly<Record<Announcement['kind'], object>> = {
      'gratuitous ARP': { ...arp, 'arp.isgratuitous': '1', 'arp.src.proto_ipv4': address },
      'ARP probe': { ...arp, 'arp.isprobe': '1', 'arp.src.proto_ipv4': '0.0.0.0' },
      'Neighbour Advertisement': { ...advertisement, 'icmpv6.nd.na.flag.r': '0' },
      'Neighbour Advertisement of a router': { ...advertisement, 'icmpv6.nd.na.flag.r': '1' },
    };
    expect(wireshark).toEqual(expected[kind]);
  });
});

describe("ARP in tcpdump's captures", () => {
  const sound = capturedArp.filter(({ tcpdump }) => tcpdump.includes('Ethernet (len 6)'));

  it.each(sound)('$tcpdump', ({ frame, tcpdump }) => {
    const [, target, sender] = /Request who-has (\S+) tell (\S+),/.exec(tcpdump) ?? [];
    const [, answered, station] = /Reply (\S+) is-at (\S+),/.exec(tcpdump) ?? [];
    const expected = answered === undefined ? { operation: 'request', senderAddress: sender, targetAddress: target } : { operation: 'reply', senderAddress: answered, senderHardwareAddress: station };
    expect(decodeArp(frame)).toMatchObject(expected);
  });

  it('that is not for Ethernet and IPv4 is none', () => {
    const others = capturedArp.filter(({ tcpdump }) => !tcpdump.includes('Ethernet (len 6)'));
    expect(others.map(({ frame }) => decodeArp(frame))).toEqual([undefined]);
  });
});
