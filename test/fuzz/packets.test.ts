/** Every decoder of octets from the network and from the kernel, over a million mutated messages: its own reject reasons, and nothing else. */
import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { HmacAuthentication } from '../../src/config/model.js';
import { decodeDaemon } from '../../src/ipvs/daemon.js';
import { decodeDestination } from '../../src/ipvs/destination.js';
import { familyNumber } from '../../src/ipvs/family.js';
import { decodeMessage, IpvsMessageError, required } from '../../src/ipvs/message.js';
import { decodeService } from '../../src/ipvs/service.js';
import { decodeTimeouts } from '../../src/ipvs/timeouts.js';
import { decodeAncillaryData } from '../../src/network/ancillary-data.js';
import { decodeArp } from '../../src/network/arp.js';
import { decodeGuePort } from '../../src/network/fou.js';
import { canonicalIPv6, decodeIPv6, type Family, familyOf } from '../../src/network/ip-address.js';
import { decodeAttributes, NetlinkFormatError } from '../../src/network/netlink-attributes.js';
import { decodeDatagram, encodeRequests, errorCode } from '../../src/network/netlink-message.js';
import { decodeAddress, decodeLink, RTM_DELADDR, RTM_NEWADDR, RTM_NEWLINK } from '../../src/network/rtnetlink.js';
import { Seconds } from '../../src/time/microseconds.js';
import { Authenticator } from '../../src/vrrp/authentication.js';
import { plainChecksum, pseudoHeaderChecksum } from '../../src/vrrp/checksum.js';
import { type Advertisement, decodeAdvertisement, peek } from '../../src/vrrp/packet.js';
import { decodeIPv4Packet, decodeIPv6Packet, receive } from '../../src/vrrp/receive.js';
import { familyAnswer } from '../ipvs/recorded.js';
import { fouPorts } from '../realserver/recorded.js';
import { builtAdvertisements, builtAnnouncements, capturedAdvertisements, capturedArp, malformedPackets } from '../vrrp/captured.js';
import { instanceFor, recorded } from '../vrrp/recorded.js';
import { casesOf, fuzz, isReplay, type Outcomes, type Target } from './fuzz.js';

const ofFamily = (family: Family): readonly { readonly source: string; readonly packet: Buffer }[] =>
  [...recorded, ...capturedAdvertisements, ...builtAdvertisements].filter(({ source }) => familyOf(source) === family);
const ipv4 = [...ofFamily('ipv4').map(({ packet }) => packet), ...malformedPackets];
const ipv6 = ofFamily('ipv6').map(({ packet }) => packet);
/** Without the addresses that it lists. */
const emptied = (packet: Buffer, header: number): Buffer => {
  const short = Buffer.from(packet.subarray(0, header + 8));
  short.writeUInt8(0, header + 3);
  return short;
};

// --- VRRP ---------------------------------------------------------------------------------------------------------

const wrongAdvertisement = ({ version, virtualRouterId, priority, interval, addresses }: Advertisement, family: Family): string | undefined => {
  if (addresses.some((address) => (family === 'ipv6' ? !isIPv6(address) : !isIPv4(address)))) return `the addresses ${addresses.join(' ')}`;
  if (addresses.length > 255 || virtualRouterId > 255 || priority > 255) return 'a number past its octet';
  return version === 3 && interval <= 0 ? 'an interval that leaves no time' : undefined;
};

/** Length in the IP header and checksum of the message as they should be. */
const repairIPv4 = (packet: Buffer): void => {
  if (packet.length < 28) return;
  packet.writeUInt16BE(packet.length, 2);
  const message = packet.subarray((packet.readUInt8(0) & 0x0f) * 4);
  if (message.length < 8) return;
  message.writeUInt16BE(0, 6);
  message.writeUInt16BE(plainChecksum(message), 6);
};
const repairIPv6 = (packet: Buffer): void => {
  if (packet.length < 48) return;
  packet.writeUInt16BE(packet.length - 40, 4);
  const message = packet.subarray(40);
  message.writeUInt16BE(0, 6);
  message.writeUInt16BE(pseudoHeaderChecksum(message, decodeIPv6(packet, 8), decodeIPv6(packet, 24)), 6);
};

const configurations = recorded.map((record) => instanceFor(record));
const ladder = (packet: Buffer) => receive(packet, (virtualRouterId, version) => ({
  // by the packet itself, so that the rest of the ladder is climbed too
  configuration: { ...(configurations.find((one) => one.version === version && (one.authentication !== undefined) === (version === 2 && virtualRouterId % 2 === 1)) ?? instanceFor(recorded[0] ?? never())), virtualRouterId },
  source: packet.length >= 40 && packet.readUInt8(0) >>> 4 === 6 ? 'fe80::1' : '192.0.2.9',
}));
const never = (): never => {
  throw new Error('nothing was recorded');
};

const receiving = (name: string, family: Family, runs: number): Target<ReturnType<typeof ladder>> => ({
  name,
  runs,
  corpus: family === 'ipv6' ? [...ipv6, ...ipv6.slice(0, 3).map((packet) => emptied(packet, 40))] : [...ipv4, ...ipv4.slice(0, 12).map((packet) => emptied(packet, 20))],
  repair: family === 'ipv6' ? repairIPv6 : repairIPv4,
  decode: ladder,
  wrong: (received) => (received.ok ? wrongAdvertisement(received.advertisement, familyOf(received.source)) : undefined),
});

const messages = (family: Family): readonly Buffer[] => ofFamily(family).map(({ packet }) => packet.subarray(family === 'ipv6' ? 40 : 20));
const source = { ipv4: '192.0.2.1', ipv6: 'fe80::a' } as const;
const group = { ipv4: '224.0.0.18', ipv6: 'ff02::12' } as const;
const advertisement = (name: string, family: Family, runs: number): Target<ReturnType<typeof decodeAdvertisement>> => ({
  name,
  runs,
  corpus: messages(family),
  repair: (message) => {
    if (message.length < 8) return;
    message.writeUInt16BE(0, 6);
    message.writeUInt16BE(family === 'ipv6' ? pseudoHeaderChecksum(message, source.ipv6, group.ipv6) : plainChecksum(message), 6);
  },
  decode: (message) => {
    peek(message);
    return decodeAdvertisement(message, source[family], group[family]);
  },
  wrong: (decoded) => (decoded.ok ? wrongAdvertisement(decoded.advertisement, family) : undefined),
});

const verdict = (result: { readonly ok: true } | { readonly ok: false; readonly reason: string }): string => (result.ok ? 'taken' : result.reason);
const common = ['checksum', 'length', 'no_addresses', 'taken', 'too_short', 'type', 'version'];

describe('VRRP', () => {
  it('over IPv4, as a raw socket gives it, is taken or rejected', () => {
    const outcomes = fuzz(receiving('vrrp-ipv4', 'ipv4', 300_000), verdict);
    expectOutcomes(outcomes, [...common, 'advertisement_interval', 'authentication_failure', 'authentication_type', 'destination', 'ip_header', 'own_address', 'ttl']);
  }, 60_000);

  it('over IPv6 is taken or rejected', () => {
    const outcomes = fuzz(receiving('vrrp-ipv6', 'ipv6', 150_000), verdict);
    expectOutcomes(outcomes, [...common, 'advertisement_interval', 'destination', 'ip_header', 'own_address', 'ttl']);
  }, 60_000);

  it('messages of both versions are taken or rejected', () => {
    const outcomes = fuzz(advertisement('vrrp-message', 'ipv4', 150_000), verdict);
    expectOutcomes(outcomes, [...common, 'advertisement_interval', 'authentication_type']);
  }, 60_000);

  it('messages over IPv6 are taken or rejected', () => {
    expectOutcomes(fuzz(advertisement('vrrp-message-ipv6', 'ipv6', 80_000), verdict), [...common, 'advertisement_interval']);
  }, 60_000);

  it('messages with a trailer that authenticates them are verified, or are not authentic', () => {
    const authentication: HmacAuthentication = { type: 'hmac', mode: 'enforce', keys: [{ id: 1, key: '00'.repeat(32) }], activeKey: 1, antiReplay: 'time', timeWindow: Seconds(30) };
    const wallClock = 1_795_000_000_000;
    const sign = (message: Buffer, age: number): Buffer => Buffer.concat([message, new Authenticator().trailer(message, source.ipv4, authentication, wallClock - age) ?? never()]);
    const target: Target<string> = {
      name: 'vrrp-signed',
      runs: 40_000,
      corpus: recorded.filter((record) => record.advertisement.version === 3).flatMap(({ packet }) => [0, 3_600_000].map((age) => sign(packet.subarray(20), age))),
      repair: (octets) => {
        const message = octets.length > 36 ? octets.subarray(0, octets.length - 28) : octets;
        if (message.length < 8) return;
        message.writeUInt16BE(0, 6);
        message.writeUInt16BE(plainChecksum(message), 6);
      },
      decode: (octets) => {
        const decoded = decodeAdvertisement(octets, source.ipv4, group.ipv4);
        if (!decoded.ok) return 'rejected';
        const judged = new Authenticator().verify(decoded.signed, source.ipv4, authentication, wallClock);
        return judged.ok ? 'verified' : judged.reason;
      },
    };
    expectOutcomes(fuzz(target, (outcome) => outcome), ['authentication_failure', 'authentication_missing', 'authentication_stale', 'authentication_unknown_key', 'rejected', 'verified']);
  }, 60_000);

  it.each([
    ['ipv4-header', 60_000, ipv4, decodeIPv4Packet, isIPv4] as const,
    ['ipv6-header', 60_000, ipv6, decodeIPv6Packet, isIPv6] as const,
  ])('%s is stripped or refused', (name, runs, corpus, decode, isAddress) => {
    const target: Target<ReturnType<typeof decodeIPv4Packet>> = {
      name,
      runs,
      corpus: [...corpus, ...builtAnnouncements.map(({ frame }) => frame.subarray(14))],
      decode,
      wrong: (ip, octets) => {
        if (!ip) return undefined;
        if (!isAddress(ip.source) || !isAddress(ip.destination)) return `the addresses ${ip.source} and ${ip.destination}`;
        return ip.payload.length >= octets.length ? 'a payload as long as the packet' : undefined;
      },
    };
    expectOutcomes(fuzz(target, (ip) => (ip ? 'stripped' : 'none')), ['none', 'stripped']);
  }, 60_000);
});

// --- the segment --------------------------------------------------------------------------------------------------

describe('the segment', () => {
  it('ARP is read or is none', () => {
    const target: Target<ReturnType<typeof decodeArp>> = {
      name: 'arp',
      runs: 150_000,
      corpus: [...capturedArp.filter(({ tcpdump }) => tcpdump.includes('(len 6)')).map(({ frame }) => frame), ...builtAnnouncements.map(({ frame }) => frame)],
      decode: decodeArp,
      wrong: (arp) => (arp && !(isIPv4(arp.senderAddress) && isIPv4(arp.targetAddress) && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(arp.senderHardwareAddress)) ? JSON.stringify(arp) : undefined),
    };
    expectOutcomes(fuzz(target, (arp) => arp?.operation ?? 'none'), ['none', 'reply', 'request']);
  }, 60_000);

  it('what the kernel says beside an IPv6 packet is read as far as it goes', () => {
    const header = (length: number, type: number, data: Buffer): Buffer => {
      const octets = Buffer.alloc(Math.ceil((16 + data.length) / 8) * 8);
      octets.writeBigUInt64LE(BigInt(length));
      octets.writeUInt32LE(41, 8);
      octets.writeUInt32LE(type, 12);
      data.copy(octets, 16);
      return octets;
    };
    // struct in6_pktinfo and the hop limit, as Linux puts them
    const pktinfo = header(36, 50, Buffer.from('ff020000000000000000000000000012' + '03000000', 'hex'));
    const hopLimit = header(20, 52, Buffer.from('ff000000', 'hex'));
    const target: Target<ReturnType<typeof decodeAncillaryData>> = {
      name: 'ancillary',
      runs: 50_000,
      corpus: [Buffer.concat([pktinfo, hopLimit]), Buffer.concat([hopLimit, pktinfo]), hopLimit],
      decode: decodeAncillaryData,
      wrong: ({ hopLimit: limit = 0, destination }) => (limit > 255 || (destination && destination.length !== 16) ? 'a hop limit or a destination that is none' : undefined),
    };
    const outcomes = fuzz(target, ({ hopLimit: limit, destination }) => [limit === undefined ? '' : 'limit', destination ? 'destination' : ''].join(' ').trim() || 'nothing');
    expectOutcomes(outcomes, ['destination', 'limit', 'limit destination', 'nothing']);
  }, 60_000);
});

// --- netlink ------------------------------------------------------------------------------------------------------

const rtnetlink = (JSON.parse(readFileSync(new URL('fixtures/rtnetlink.json', import.meta.url), 'utf8')) as readonly { readonly type: number; readonly payload: string }[])
  .map(({ type, payload }) => ({ type, flags: 0, payload: Buffer.from(payload, 'hex') }));
const isFormatError = (error: unknown): boolean => error instanceof NetlinkFormatError;

describe('netlink', () => {
  it('datagrams come apart into messages, and what is none is left', () => {
    const errors = ['00000000', 'efffffff', 'ffffffff'].map((errno) => encodeRequests([{ type: 2, flags: 0, payload: Buffer.from(errno + '1000000010000500', 'hex') }], 7));
    const datagrams = rtnetlink.map((message, index) => encodeRequests([message], index));
    const target: Target<readonly string[]> = {
      name: 'netlink-datagram',
      runs: 60_000,
      corpus: [Buffer.concat(datagrams.slice(0, 2)), Buffer.concat(datagrams.slice(5, 11)), Buffer.concat([...errors, ...datagrams.slice(6, 8)]), ...errors],
      decode: (datagram) => decodeDatagram(datagram).map((message) => (message.type === 2 ? `error ${errorCode(message.payload) ?? 'none'}` : 'message')),
      wrong: (found, datagram) => (found.length * 16 > datagram.length ? 'more messages than it has room for' : undefined),
    };
    const outcomes = fuzz(target, (found) => (found.length === 0 ? 'none' : found.length < 3 ? 'some' : 'many'));
    expectOutcomes(outcomes, ['many', 'none', 'some']);
  }, 60_000);

  const payloadsOf = (...types: readonly number[]): readonly Buffer[] => rtnetlink.filter(({ type }) => types.includes(type)).map(({ payload }) => payload);

  it('links of rtnetlink are read, are of no whole interface, or are refused', () => {
    const target: Target<ReturnType<typeof decodeLink>> = { name: 'rtnetlink-link', runs: 60_000, corpus: payloadsOf(RTM_NEWLINK), decode: (payload) => decodeLink({ type: RTM_NEWLINK, flags: 0, payload }), refuses: isFormatError };
    expectOutcomes(fuzz(target, (link) => (link ? 'read' : 'none')), ['none', 'read', 'refused: NetlinkFormatError']);
  }, 60_000);

  it('addresses of rtnetlink are read, are of another family, or are refused', () => {
    const target: Target<ReturnType<typeof decodeAddress>> = {
      name: 'rtnetlink-address',
      runs: 80_000,
      corpus: payloadsOf(RTM_NEWADDR, RTM_DELADDR),
      decode: (payload) => decodeAddress({ type: RTM_NEWADDR, flags: 0, payload }),
      refuses: isFormatError,
      wrong: (address) => (address && !isIPv4(address.address) && !(isIPv6(address.address) && canonicalIPv6(address.address) === address.address) ? `the address ${address.address}` : undefined),
    };
    expectOutcomes(fuzz(target, (address) => (address ? familyOf(address.address) : 'none')), ['ipv4', 'ipv6', 'none', 'refused: NetlinkFormatError']);
  }, 60_000);
});

// --- IPVS ---------------------------------------------------------------------------------------------------------

const commands = (JSON.parse(readFileSync(new URL('../ipvs/fixtures/recorded.json', import.meta.url), 'utf8')) as { readonly commands: readonly { readonly requests: readonly string[]; readonly replies: readonly string[] }[] }).commands
  .flatMap(({ requests, replies }) => [...requests, ...replies])
  .map((hex) => Buffer.from(hex, 'hex'));
/** Payloads of recorded messages that hold this attribute. */
const withAttribute = (type: number): readonly Buffer[] => commands.filter((payload) => payload.length > 4 && decodeMessage(payload).attributes.has(type));
const isIpvsError = (error: unknown): boolean => error instanceof IpvsMessageError || isFormatError(error);

describe('generic netlink', () => {
  it.each([
    ['ipvs-service', 25_000, withAttribute(1), (payload: Buffer): unknown => decodeService(required(decodeMessage(payload).attributes, 1, 'the service', 0))] as const,
    ['ipvs-destination', 25_000, withAttribute(2), (payload: Buffer): unknown => decodeDestination(required(decodeMessage(payload).attributes, 2, 'the destination', 0))] as const,
    ['ipvs-daemon', 25_000, withAttribute(3), (payload: Buffer): unknown => decodeDaemon(required(decodeMessage(payload).attributes, 3, 'the daemon', 0))] as const,
    ['ipvs-timeouts', 15_000, withAttribute(4), (payload: Buffer): unknown => decodeTimeouts(decodeMessage(payload).attributes)] as const,
    ['genetlink-family', 15_000, [familyAnswer], (payload: Buffer): unknown => familyNumber(payload)] as const,
  ])('%s is read or refused', (name, runs, corpus, decode) => {
    expect(corpus.length).toBeGreaterThan(0);
    const outcomes = fuzz({ name, runs, corpus, decode, refuses: isIpvsError }, () => 'read');
    expectOutcomes(outcomes, ['read', 'refused: IpvsMessageError', 'refused: NetlinkFormatError']);
  }, 60_000);

  it('ports of fou are read, are of another kind, or are refused', () => {
    const target: Target<ReturnType<typeof decodeGuePort>> = { name: 'fou-port', runs: 15_000, corpus: fouPorts, decode: (payload) => decodeGuePort({ type: 0, flags: 0, payload }), refuses: isFormatError };
    expectOutcomes(fuzz(target, (port) => (port ? 'read' : 'none')), ['none', 'read', 'refused: NetlinkFormatError']);
  }, 60_000);

  it('nested attributes of the controller are read or refused', () => {
    const target: Target<number> = { name: 'attributes', runs: 15_000, corpus: [familyAnswer.subarray(4)], decode: (octets) => [...decodeAttributes(octets).values()].length, refuses: isFormatError };
    expectOutcomes(fuzz(target, () => 'read'), ['read', 'refused: NetlinkFormatError']);
  }, 60_000);
});

// --- how much -----------------------------------------------------------------------------------------------------

const done: number[] = [];
/** The cases reached what they were to reach, and nothing else came out. */
function expectOutcomes(outcomes: Outcomes, expected: readonly string[]): void {
  if (isReplay()) return;
  done.push([...outcomes.values()].reduce((sum, count) => sum + count, 0));
  expect([...outcomes.keys()].sort()).toEqual([...expected].sort());
}

it.skipIf(isReplay())('these were more than a million', () => {
  expect(done.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(casesOf(1_000_000));
});

