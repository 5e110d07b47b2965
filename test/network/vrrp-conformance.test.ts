/** What RFC 9568 and RFC 3768 ask of the wire and of the addresses, that no other test looks at: headers, and who answers for the addresses. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration } from '../../src/config/model.js';
import { decodeArp } from '../../src/network/arp.js';
import { decodeIPv6 } from '../../src/network/ip-address.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { requireNetworkNamespaces } from '../tiers.js';
import type { Frame } from './capture.js';
import { type Host, ipIn } from './namespaces.js';
import { macOf, onStage, type Stage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();

const quiet = { repeat: 1, delay: Seconds(0), refresh: Seconds(0) };
/** Sends a datagram, for which the host must first ask for the station. */
const send = (from: Host, address: string): void => {
  const script = `require('node:dgram').createSocket('udp${address.includes(':') ? 6 : 4}').send('x', 9, '${address}', (error) => process.exit(error ? 1 : 0))`;
  execFileSync('ip', ['netns', 'exec', from.namespace, process.execPath, '-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
};
/** a is master, b its backup, and c asks. */
const pair = async (stage: Stage, changes: Partial<InstanceConfiguration>): Promise<Host> => {
  const [a, b] = [stage.child(stage.a), stage.child(stage.b)];
  await Promise.all([a.configure([instance({ priority: 200, garp: quiet, ...changes })]), b.configure([instance({ garp: quiet, ...changes })])]);
  await a.line(/^web: holding/);
  await b.statusThat(({ state, master }) => state === 'BACKUP' && master !== null, 'hearing a');
  return stage.segment.host('c', '10.77.0.3/24');
};

describe.concurrent('an advertisement over IPv4', () => {
  it.each([
    ['2, without authentication', { version: 2, advertisementInterval: Seconds(1) }],
    ['2, with a password', { version: 2, advertisementInterval: Seconds(1), authentication: { type: 'pass', password: 's3cret' } }],
    ['3', { version: 3, advertisementInterval: Milliseconds(100) }],
  ] as const)('goes from the primary address to 224.0.0.18 with TTL 255 as protocol 112, in version %s', async (_, changes) => {
    await onStage(async (stage) => {
      // not the primary one
      ipIn(stage.a, 'addr', 'add', '10.77.0.9/24', 'dev', 'e0');
      const wire = await stage.capture(stage.b, 'ip proto 112');
      const a = stage.child(stage.a);
      await a.configure([instance(changes)]);
      const { octets } = await wire.until(({ frames }) => frames.find((frame) => frame.octets.length >= 38), 'an advertisement');
      expect(octets.subarray(0, 6).toString('hex')).toBe('01005e000012');
      expect({ version: octets.readUInt8(14) >>> 4, ttl: octets.readUInt8(22), protocol: octets.readUInt8(23), source: octets.subarray(26, 30).join('.'), destination: octets.subarray(30, 34).join('.') })
        .toEqual({ version: 4, ttl: 255, protocol: 112, source: '10.77.0.1', destination: '224.0.0.18' });
      expect([octets.readUInt8(34), octets.readUInt8(35), octets.readUInt8(36)]).toEqual([(changes.version << 4) | 1, 51, 100]);
    })();
  });
});

describe.concurrent('a virtual address', () => {
  it('is answered for by the master alone when a host asks by ARP (6.4.2, 6.4.3)', onStage(async (stage) => {
    const c = await pair(stage, {});
    const wire = await stage.capture(c, 'arp or ip proto 112');
    send(c, '10.77.0.100');
    // a second answer would come before the advertisements that follow the first
    const isReply = ({ octets }: Frame): boolean => decodeArp(octets.subarray(0, 42))?.operation === 'reply';
    await wire.until(({ frames }) => (frames.findIndex(isReply) >= 0 && frames.length > frames.findIndex(isReply) + 3 ? true : undefined), 'an answer, and what follows it');
    expect(wire.frames.filter(isReply).map(({ octets }) => decodeArp(octets.subarray(0, 42)))).toEqual([{ operation: 'reply', senderAddress: '10.77.0.100', senderHardwareAddress: macOf(stage.a), targetAddress: '10.77.0.3' }]);
  }));

  it('of IPv6 is answered for by the master alone when a host asks by Neighbour Solicitation, as a router where it forwards (6.4.2, 6.4.3)', onStage(async (stage) => {
    const addresses = ['fe80::100', '2001:db8:77::100'];
    for (const [host, address] of [[stage.a, 'fe80::a'], [stage.b, 'fe80::b']] as const) {
      ipIn(host, 'link', 'set', 'e0', 'addrgenmode', 'none');
      ipIn(host, '-6', 'addr', 'flush', 'dev', 'e0');
      ipIn(host, 'addr', 'add', `${address}/64`, 'dev', 'e0', 'nodad');
      execFileSync('ip', ['netns', 'exec', host.namespace, 'sysctl', '-q', '-w', 'net.ipv6.conf.all.forwarding=1']);
    }
    const c = await pair(stage, { virtualAddresses: addresses.map((address) => ({ address, prefixLength: 128, interface: 'e0', label: undefined, advertise: true })) });
    ipIn(c, '-6', 'addr', 'add', '2001:db8:77::3/64', 'dev', 'e0', 'nodad');
    ipIn(c, '-6', 'addr', 'add', 'fe80::c/64', 'dev', 'e0', 'nodad');
    const wire = await stage.capture(c, 'ip6 proto 112 or (icmp6 and ip6[40] == 136 and (ip6[44] & 0x40) != 0)');
    for (const address of ['2001:db8:77::100', 'fe80::100%e0']) send(c, address);
    const isAnswer = ({ octets }: Frame): boolean => octets.length >= 86 && octets.readUInt8(20) === 58;
    const answers = await wire.until(({ frames }) => {
      const [, second] = frames.flatMap((frame, index) => (isAnswer(frame) ? [index] : []));
      return second !== undefined && frames.length > second + 3 ? frames.filter(isAnswer) : undefined;
    }, 'two answers, and what follows them');
    const mac = macOf(stage.a).replaceAll(':', '');
    // from, with the router flag, for the target, at this station
    const read = ({ octets }: Frame): object => ({ from: octets.subarray(6, 12).toString('hex'), router: (octets.readUInt8(58) & 0x80) !== 0, target: decodeIPv6(octets, 62), station: octets.subarray(80, 86).toString('hex') });
    expect(answers.map(read)).toEqual(['2001:db8:77::100', 'fe80::100'].map((target) => ({ from: mac, router: true, target, station: mac })));
    const groups = (host: Host): string => ipIn(host, '-6', 'maddr', 'show', 'dev', 'e0');
    expect(groups(stage.a)).toContain('ff02::1:ff00:100');
    expect(groups(stage.b)).not.toContain('ff02::1:ff00:100');
  }));
});
