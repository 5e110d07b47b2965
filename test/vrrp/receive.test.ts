/** Every reason to reject a packet, each with a packet that earns it: one of keepalived's, with one thing wrong. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration, UnicastConfiguration } from '../../src/config/model.js';
import { Seconds } from '../../src/time/microseconds.js';
import { plainChecksum } from '../../src/vrrp/checksum.js';
import type { RejectReason } from '../../src/vrrp/packet.js';
import { receive } from '../../src/vrrp/receive.js';
import { instanceFor, type Recorded, recorded } from './recorded.js';

const named = (name: string): Recorded => {
  const found = recorded.find(({ title }) => title === `Keepalived v2.2.7 (01/16,2022), ${name}`);
  if (!found) throw new Error(`no record ${name}`);
  return found;
};
const plain2 = named('version 2, no authentication');
const password2 = named('version 2, password');
const pseudo3 = named('version 3');

type Change = (packet: Buffer) => Buffer;
const octet = (offset: number, value: number): Change => (packet) => {
  packet.writeUInt8(value, offset);
  return packet;
};
/** The same, with the VRRP checksum made right again, so that it is the change that is found. */
const and = (change: Change): Change => (packet) => {
  const changed = change(packet);
  changed.writeUInt16BE(0, 26);
  changed.writeUInt16BE(plainChecksum(changed.subarray(20)), 26);
  return changed;
};
/** keepalived 2.2.7 sends none without pseudo-header: one of its packets with that checksum instead. */
const plain3: Recorded = { ...named('version 3, several addresses, 100 ms'), packet: and((packet) => packet)(Buffer.from(named('version 3, several addresses, 100 ms').packet)) };
const resized = (length: number): Change => (packet) => {
  const changed = Buffer.alloc(length);
  packet.copy(changed);
  changed.writeUInt16BE(length, 2);
  return changed;
};

const to = (destination: string): Change => (packet) => {
  Buffer.from(destination.split('.').map(Number)).copy(packet, 16);
  return packet;
};
/** The recorded sender among them. */
const peers = (minTtl = 0, maxTtl = 255): UnicastConfiguration => ({ source: undefined, peers: ['192.0.2.3', '192.0.2.1'], ttl: 255, minTtl, maxTtl });

const hear = (record: Recorded, change: Change, changes: Partial<InstanceConfiguration> = {}, source = '192.0.2.2') => {
  const configuration = instanceFor(record, changes);
  const instance = { configuration, source };
  return receive(change(Buffer.from(record.packet)), (id) => (id === configuration.virtualRouterId ? instance : undefined));
};
const same: Change = (packet) => packet;

const rejections: readonly { reason: RejectReason; why: string; record: Recorded; change: Change; changes?: Partial<InstanceConfiguration>; source?: string }[] = [
  { reason: 'ip_header', why: 'it is shorter than an IP header', record: plain3, change: (packet) => packet.subarray(0, 19) },
  { reason: 'ip_header', why: 'it is not IPv4', record: plain3, change: octet(0, 0x65) },
  { reason: 'ip_header', why: 'its IP header is shorter than five words', record: plain3, change: octet(0, 0x44) },
  { reason: 'ip_header', why: 'its IP header is longer than the packet', record: plain3, change: (packet) => resized(24)(octet(0, 0x4f)(packet)) },
  { reason: 'ip_header', why: 'it is shorter than its IP header says', record: plain3, change: (packet) => packet.subarray(0, -1) },
  { reason: 'ip_header', why: 'it is not of IP protocol 112 (RFC 9568, 5.1.1.4)', record: plain3, change: octet(9, 17) },
  { reason: 'too_short', why: 'it has no whole VRRP header (RFC 9568, 7.1)', record: plain3, change: resized(27) },
  { reason: 'unknown_virtual_router_id', why: 'no instance has its VRID (RFC 9568, 7.1)', record: plain3, change: octet(21, 99) },
  { reason: 'destination', why: 'it was not sent to 224.0.0.18 (RFC 9568, 5.1.1.2)', record: plain3, change: octet(19, 5) },
  { reason: 'ttl', why: 'its TTL is not 255: it crossed a router (RFC 9568, 5.1.1.3)', record: plain3, change: octet(8, 254) },
  { reason: 'destination', why: 'we have unicast peers and it came by multicast', record: plain3, change: same, changes: { unicast: peers() } },
  { reason: 'destination', why: 'we have unicast peers and it is for another host', record: plain3, change: to('192.0.2.3'), changes: { unicast: peers() } },
  { reason: 'unicast_peer', why: 'it is from none of our unicast peers', record: plain3, change: to('192.0.2.2'), changes: { unicast: { ...peers(), peers: ['192.0.2.7', '192.0.2.8'] } } },
  { reason: 'ttl', why: 'its TTL is below what we take from unicast peers', record: plain3, change: (packet) => octet(8, 99)(to('192.0.2.2')(packet)), changes: { unicast: peers(100, 200) } },
  { reason: 'ttl', why: 'its TTL is above what we take from unicast peers', record: plain3, change: (packet) => octet(8, 201)(to('192.0.2.2')(packet)), changes: { unicast: peers(100, 200) } },
  { reason: 'checksum', why: 'it has a pseudo-header of the group and came by unicast', record: pseudo3, change: to('192.0.2.2'), changes: { unicast: peers() } },
  { reason: 'version', why: 'we speak version 2 (RFC 9568, 7.1)', record: plain3, change: same, changes: { version: 2 } },
  { reason: 'version', why: 'we speak version 3 (RFC 9568, 7.1)', record: plain2, change: same, changes: { version: 3 } },
  { reason: 'type', why: 'it is no advertisement (RFC 9568, 5.2.2: unknown types are discarded)', record: plain3, change: and(octet(20, 0x32)) },
  { reason: 'length', why: 'it lists more addresses than it has (RFC 9568, 7.1)', record: plain3, change: and(octet(23, 5)) },
  { reason: 'length', why: 'it lists fewer addresses than it has (RFC 9568, 7.1)', record: plain3, change: and(octet(23, 3)) },
  { reason: 'length', why: 'its authentication data are missing (RFC 3768, 5.1)', record: plain2, change: and(resized(32)) },
  { reason: 'checksum', why: 'its checksum is wrong in version 2 (RFC 3768, 7.1)', record: plain2, change: octet(26, 1) },
  { reason: 'checksum', why: 'its checksum is wrong in both forms of version 3 (RFC 9568, 7.1)', record: plain3, change: octet(26, 1) },
  { reason: 'checksum', why: 'its pseudo-header is of another source', record: pseudo3, change: octet(15, 9) },
  { reason: 'authentication_type', why: 'it has a password and we have none (RFC 3768, 7.1)', record: password2, change: same, changes: { authentication: undefined } },
  { reason: 'authentication_type', why: 'it has no password and we have one', record: plain2, change: same, changes: { authentication: { type: 'pass', password: 's3cret' } } },
  { reason: 'authentication_type', why: 'it is authenticated by what RFC 2338 calls an IP authentication header', record: plain2, change: and(octet(24, 2)) },
  { reason: 'authentication_failure', why: 'its password is another', record: password2, change: same, changes: { authentication: { type: 'pass', password: 's3creT' } } },
  { reason: 'authentication_failure', why: 'its password is only the beginning of ours', record: password2, change: same, changes: { authentication: { type: 'pass', password: 's3cret1' } } },
  { reason: 'authentication_failure', why: 'ours is only the beginning of its password', record: password2, change: same, changes: { authentication: { type: 'pass', password: 's3cre' } } },
  { reason: 'advertisement_interval', why: 'its interval is not ours in version 2 (RFC 3768, 7.1)', record: plain2, change: same, changes: { advertisementInterval: Seconds(2) } },
  { reason: 'advertisement_interval', why: 'its interval is zero in version 3', record: plain3, change: and((packet) => octet(24, 0)(octet(25, 0)(packet))) },
  { reason: 'no_addresses', why: 'it lists no address in version 3 (RFC 9568, 5.2.5)', record: plain3, change: and((packet) => octet(3, 28)(octet(23, 0)(packet.subarray(0, 28)))) },
  { reason: 'own_address', why: 'it is our own, come back', record: plain3, change: same, source: '192.0.2.1' },
];

describe('a packet is rejected', () => {
  it.each(rejections)('as $reason when $why', ({ reason, record, change, changes, source }) => {
    const received = hear(record, change, changes, source);
    expect(received).toMatchObject({ ok: false, reason });
    const beforeIts = reason === 'ip_header' || reason === 'too_short' || reason === 'unknown_virtual_router_id';
    expect('instance' in received).toBe(!beforeIts);
  });

  it('for every reason that there is', () => {
    const reasons: Record<RejectReason, true> = {
      ip_header: true, destination: true, ttl: true, too_short: true, version: true, unknown_virtual_router_id: true, type: true,
      length: true, no_addresses: true, unicast_peer: true, checksum: true, authentication_type: true, authentication_failure: true, advertisement_interval: true, own_address: true,
    };
    expect([...new Set(rejections.map(({ reason }) => reason))].sort()).toEqual(Object.keys(reasons).sort());
  });
});

describe('a packet is taken', () => {
  it.each(recorded)('from $title', (record) => {
    expect(hear(record, same)).toMatchObject({ ok: true, source: '192.0.2.1', advertisement: record.advertisement });
  });

  it('with options in its IP header', () => {
    const withOptions: Change = (packet) => {
      const changed = Buffer.concat([packet.subarray(0, 20), Buffer.from([1, 1, 1, 0]), packet.subarray(20)]);
      changed.writeUInt8(0x46, 0);
      changed.writeUInt16BE(changed.length, 2);
      return changed;
    };
    expect(hear(plain3, withOptions)).toMatchObject({ ok: true, advertisement: { ...plain3.advertisement, checksum: 'rfc9568' } });
  });

  it('from a unicast peer, at any TTL within the bounds', () => {
    for (const ttl of [100, 101, 200]) {
      const received = hear(plain3, (packet) => octet(8, ttl)(to('192.0.2.2')(packet)), { unicast: peers(100, 200) });
      expect(received).toMatchObject({ ok: true, source: '192.0.2.1', advertisement: { ...plain3.advertisement, checksum: 'rfc9568' } });
    }
  });

  it('at another interval in version 3, which a backup learns (RFC 9568, 6.4.2)', () => {
    expect(hear(plain3, same, { advertisementInterval: Seconds(5) })).toMatchObject({ ok: true, advertisement: { interval: 100_000 } });
  });

  it('in either form of the version 3 checksum, whichever we send ourselves', () => {
    for (const checksum of ['pseudo_header', 'rfc9568'] as const) {
      expect(hear(plain3, same, { checksum })).toMatchObject({ ok: true, advertisement: { checksum: 'rfc9568' } });
      expect(hear(pseudo3, same, { checksum })).toMatchObject({ ok: true, advertisement: { checksum: 'pseudo_header' } });
    }
  });
});
