// The IPVS codec against what ipvsadm, keepalived and the kernel really send.
import { describe, expect, it } from 'vitest';
import { decodeDaemon, encodeDaemon, encodeDaemonRole } from '../../src/ipvs/daemon.js';
import { decodeDestination, encodeDestination } from '../../src/ipvs/destination.js';
import { familyNumber, familyRequest } from '../../src/ipvs/family.js';
import { decodeAddress, decodeMessage, encodeAddress, encodeMessage, IpvsMessageError, required } from '../../src/ipvs/message.js';
import { decodeService, encodeService, encodeServiceSelector, type Service, serviceKey } from '../../src/ipvs/service.js';
import { ServiceMemory } from '../../src/ipvs/service-memory.js';
import { decodeTimeouts, encodeTimeouts } from '../../src/ipvs/timeouts.js';
import { encodeAttributes, u16 } from '../../src/network/netlink-attributes.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { familyAnswer, only, recorded } from './recorded.js';
import { destination, service } from './samples.js';

const attribute = (payload: Buffer, type: number): Buffer => required(decodeMessage(payload).attributes, type, `attribute ${type}`, 0);
const counts = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0 };

const settings = { scheduler: 'rr', persistence: undefined, onePacket: false, schedulerFlags: 0, persistenceEngine: undefined };
const services: readonly (readonly [command: string, number: number, expected: Service])[] = [
  ['ipvsadm -A -t 10.0.0.100:80 -s wrr', 1, service()],
  ['ipvsadm -A -u 10.0.0.100:53 -s rr -o', 1, service({ protocol: 'udp', port: 53, scheduler: 'rr', onePacket: true })],
  [
    'ipvsadm -A -t 10.0.0.101:0 -s sh -b sh-fallback,sh-port -p 1800 -M 255.255.255.0',
    1,
    service({ address: '10.0.0.101', port: 0, scheduler: 'sh', schedulerFlags: 0x18, persistence: { timeout: Seconds(1800), netmask: '255.255.255.0' } }),
  ],
  ['ipvsadm -A -f 7 -s rr', 1, { family: 'ipv4', fwmark: 7, ...settings }],
  ['ipvsadm -A -f 8 -6 -s rr', 1, { family: 'ipv6', fwmark: 8, ...settings }],
  [
    'ipvsadm -A -t [2001:db8::100]:443',
    1,
    service({ address: '2001:db8::100', port: 443, scheduler: 'wlc', persistence: { timeout: Seconds(360), netmask: '64' } }),
  ],
  ['ipvsadm -A --sctp-service 10.0.0.100:132', 1, service({ protocol: 'sctp', port: 132, scheduler: 'rr' })],
  ['ipvsadm -E -t 10.0.0.100:80', 2, service({ scheduler: 'wlc', persistence: { timeout: Seconds(360), netmask: '255.255.255.255' } })],
];

describe('a service', () => {
  it.each(services)('is written and read as by %s', (command, number, expected) => {
    const bytes = only(recorded(command).requests);
    expect(decodeService(attribute(bytes, 1))).toEqual(expected);
    expect(encodeMessage(number, 1, [{ type: 1, value: encodeService(expected) }]).toString('hex')).toBe(bytes.toString('hex'));
  });

  it('is written as by keepalived 2.2.7, persistence granularity included', () => {
    const [bytes] = recorded('timeout 6 keepalived').requests;
    const expected = service({ address: '10.0.0.200', persistence: { timeout: Seconds(50), netmask: '255.255.0.0' } });
    expect(encodeMessage(1, 1, [{ type: 1, value: encodeService(expected) }])).toEqual(bytes);
  });

  it('is read from the kernel whatever it is: TCP, UDP, SCTP, IPv6, a firewall mark', () => {
    const dump = recorded('ipvsadm -Ln').replies.filter((reply) => decodeMessage(reply).command === 1);
    const found = dump.map((reply) => decodeService(attribute(reply, 1)));
    expect(found.map(serviceKey).sort()).toEqual([
      '10.0.0.100:132/sctp',
      '10.0.0.100:53/udp',
      '10.0.0.100:80/tcp',
      '10.0.0.101:0/tcp',
      '[2001:db8::100]:443/tcp',
      'mark 7 ipv4',
      'mark 8 ipv6',
    ]);
    // the kernel's own flag "hashed" does not make a difference
    expect(found).toContainEqual(service({ scheduler: 'wlc', persistence: { timeout: Seconds(360), netmask: '255.255.255.255' } }));
  });

  it('is the same object while only its statistics change', () => {
    const contents = recorded('ipvsadm -Ln').replies.filter((reply) => decodeMessage(reply).command === 1).map((reply) => attribute(reply, 1));
    const memory = new ServiceMemory();
    const first = memory.decode(contents);
    expect(first).toEqual(contents.map(decodeService));
    const lastOctet = (content: Buffer): Buffer => Buffer.concat([content.subarray(0, -1), Buffer.from([content.readUInt8(content.length - 1) ^ 1])]);
    // of IPVS_SVC_ATTR_STATS64, which comes last
    const counted = memory.decode(contents.map(lastOctet));
    expect(counted.map((found, index) => found === first[index])).toEqual(contents.map(() => true));
    const scheduler = (content: Buffer): Buffer => {
      const copy = Buffer.from(content);
      copy.write('x', copy.indexOf(decodeService(content).scheduler), 'latin1');
      return copy;
    };
    expect(memory.decode(contents.map(scheduler))).toEqual(first.map((found) => ({ ...found, scheduler: `x${found.scheduler.slice(1)}` })));
    // what follows the statistics would not be seen
    const followed = contents.map((content) => Buffer.concat([content, encodeAttributes([{ type: 99, value: u16(1) }])]));
    const before = memory.decode(followed);
    expect(before).toEqual(first);
    const other = contents.map((content) => Buffer.concat([content, encodeAttributes([{ type: 99, value: u16(2) }])]));
    expect(memory.decode(other).some((found) => before.includes(found))).toBe(false);
  });

  it('is asked for by the attributes with which ipvsadm asks for its destinations', () => {
    const questions = recorded('ipvsadm -Ln').requests.filter((request) => decodeMessage(request).command === 8);
    const ours = encodeMessage(8, 1, [{ type: 1, value: encodeServiceSelector(service()) }]);
    expect(questions.map((question) => question.toString('hex'))).toContain(ours.toString('hex'));
  });

  it('with a persistence engine is told from one without', () => {
    const engine = service({ protocol: 'udp', port: 5060, onePacket: true, persistenceEngine: 'sip' });
    expect(decodeService(encodeAttributes(encodeService(engine)))).toEqual(engine);
  });

  it('is refused with an error of ours when an attribute is missing, a family unknown, a length wrong', () => {
    expect(() => decodeService(encodeAttributes([{ type: 1, value: u16(2) }]))).toThrow(IpvsMessageError);
    expect(() => decodeService(encodeAttributes([{ type: 1, value: u16(77) }]))).toThrow('address family 77');
    expect(() => decodeService(Buffer.from('ffff0100', 'hex'))).toThrow(RangeError);
    expect(() => decodeMessage(Buffer.from('01', 'hex'))).toThrow(IpvsMessageError);
  });
});

const gue = { type: 'gue', port: 6080, checksum: 'plain' } as const;
const gre = { type: 'gre', port: 0, checksum: 'plain' } as const;
const destinations = [
  ['ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 3', destination(11, { weight: 3 })],
  [
    'ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.12:8080 -m -w 1 -x 200 -y 100',
    destination(12, { port: 8080, forwarding: 'nat', upperThreshold: 200, lowerThreshold: 100 }),
  ],
  ['ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.13:80 -i -w 0', destination(13, { forwarding: 'tun', weight: 0 })],
  ['ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.14:80', destination(14, { forwarding: 'tun', tunnel: gue })],
  ['ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.15:80', destination(15, { forwarding: 'tun', tunnel: gre })],
  ['ipvsadm -a -t [2001:db8::100]:443', { address: '2001:db8::11', port: 443, forwarding: 'dr', weight: 5 }],
  ['ipvsadm -e -t 10.0.0.100:80 -r 10.0.0.11:80', destination(11, { weight: 7 })],
] as const;

describe('a destination', () => {
  it.each(destinations)('is written and read as by %s', (command, expected) => {
    const content = attribute(only(recorded(command).requests), 2);
    expect(encodeAttributes(encodeDestination(expected)).toString('hex')).toBe(content.toString('hex'));
    expect(decodeDestination(content)).toMatchObject(expected);
  });

  it('is read from the kernel with its counts', () => {
    const dump = recorded('ipvsadm -Ln').replies.filter((reply) => decodeMessage(reply).command === 5);
    const found = dump.map((reply) => decodeDestination(attribute(reply, 2)));
    const none = { tunnel: undefined, upperThreshold: 0, lowerThreshold: 0 };
    expect(found).toHaveLength(6);
    expect(found).toContainEqual({ ...destination(11, { weight: 7 }), ...none, ...counts });
    expect(found).toContainEqual({ ...destination(12, { port: 8080, forwarding: 'nat' }), tunnel: undefined, upperThreshold: 200, lowerThreshold: 100, ...counts });
    expect(found).toContainEqual({ ...destination(14, { forwarding: 'tun' }), ...none, tunnel: gue, ...counts });
  });

  it('of a kernel before 3.18 (no address family, no tunnel type) is one of IPv4 and ipip', () => {
    const modern = encodeDestination(destination(11, { forwarding: 'tun' }));
    const old = modern.filter(({ type }) => type < 10);
    expect(decodeDestination(encodeAttributes(old))).toMatchObject({ address: '10.0.0.11', tunnel: { type: 'ipip' } });
  });
});

describe('a sync daemon', () => {
  it.each(['master', 'backup'] as const)('is started as by ipvsadm --start-daemon %s', (role) => {
    const bytes = only(recorded(`ipvsadm --start-daemon ${role}`).requests);
    const expected = { role, interface: 'eth9', id: role === 'master' ? 51 : 52 };
    expect(encodeMessage(9, 1, [{ type: 3, value: encodeDaemon(expected) }])).toEqual(bytes);
  });

  it('is read from the kernel', () => {
    expect(recorded('ipvsadm -L --daemon').replies.map((reply) => decodeDaemon(attribute(reply, 3)))).toEqual([
      { role: 'master', interface: 'eth9', id: 51 },
      { role: 'backup', interface: 'eth9', id: 52 },
    ]);
  });

  it('is stopped by its role, the first thing that ipvsadm says', () => {
    const content = attribute(only(recorded('ipvsadm --stop-daemon backup').requests), 3);
    const ours = encodeAttributes(encodeDaemonRole('backup'));
    expect(content.subarray(0, ours.length)).toEqual(ours);
  });
});

describe('timeouts', () => {
  const timeouts = { tcp: Seconds(900), tcpFin: Seconds(120), udp: Seconds(300) };

  it('are written as by ipvsadm --set and read from the kernel', () => {
    expect(encodeMessage(12, 1, encodeTimeouts(timeouts))).toEqual(only(recorded('ipvsadm --set').requests));
    expect(decodeTimeouts(decodeMessage(only(recorded('ipvsadm -L --timeout').replies)).attributes)).toEqual(timeouts);
  });

  it('that are not named are not sent, and parts of a second are rounded up', () => {
    expect(encodeTimeouts({ udp: Milliseconds(1_200), tcp: undefined })).toEqual([{ type: 6, value: Buffer.from('02000000', 'hex') }]);
  });
});

describe('the family', () => {
  it('is asked for by name, and its number read from the answer', () => {
    expect(familyRequest().payload).toEqual(Buffer.from('03020000090002004950565300000000', 'hex'));
    expect(familyNumber(familyAnswer)).toBe(0x1c);
  });
});

describe('an address', () => {
  it.each([
    ['10.1.2.3', '0a010203000000000000000000000000'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::', '20010db8000000000000000000000000'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
    ['fe80::a:0:0:b', 'fe80000000000000000a00000000000b'],
  ])('%s is %s', (text, octets) => {
    expect(encodeAddress(text).toString('hex')).toBe(octets);
    expect(decodeAddress(text.includes(':') ? 'ipv6' : 'ipv4', Buffer.from(octets, 'hex'))).toBe(text);
  });

  it('in any notation of IPv6 is the same', () => {
    expect(encodeAddress('::FFFF:192.0.2.1').toString('hex')).toBe('00000000000000000000ffffc0000201');
  });

  it('that is none is refused', () => {
    expect(() => encodeAddress('10.0.0.300')).toThrow(RangeError);
  });
});
