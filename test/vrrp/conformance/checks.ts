/** What the table's own test runs: small proofs on the packet and on the machine of one instance. */
import { expect } from 'vitest';
import { Milliseconds, plus, Seconds } from '../../../src/time/microseconds.js';
import { type Advertisement, type AdvertisementV2, type AdvertisementV3, decodeAdvertisement, encodeAdvertisement } from '../../../src/vrrp/packet.js';
import { plainChecksum } from '../../../src/vrrp/checksum.js';
import { masterDownInterval, skewTime } from '../../../src/vrrp/timers.js';
import { backup, backupThatHeard, brief, type Machine, master, takeover } from '../machine-by-hand.js';

const common = { virtualRouterId: 51, priority: 100, addresses: ['192.0.2.100', '192.0.2.101'], interval: Seconds(1) };
const version2: AdvertisementV2 = { version: 2, ...common, password: undefined };
const version3: AdvertisementV3 = { version: 3, ...common, checksum: 'rfc9568' };
const [ours, group] = ['192.0.2.1', '224.0.0.18'] as const;

/** One octet changed, and the checksum made right again. */
const changed = (advertisement: Advertisement, offset: number, value: number): Buffer => {
  const octets = encodeAdvertisement(advertisement, ours);
  octets.writeUInt8(value, offset);
  octets.writeUInt16BE(0, 6);
  octets.writeUInt16BE(plainChecksum(octets), 6);
  return octets;
};
const rejects = (octets: Buffer, reason: string): void => expect(decodeAdvertisement(octets, ours, group)).toEqual({ ok: false, reason });

export const unknownTypeIsDiscarded = (advertisement: Advertisement = version3) => (): void => {
  for (let type = 0; type < 16; type++) if (type !== 1) rejects(changed(advertisement, 0, (advertisement.version << 4) | type), 'type');
};
export const unknownTypeIsDiscardedInVersion2 = unknownTypeIsDiscarded(version2);

export const otherVersionsAreDiscarded = (): void => {
  for (const version of [0, 1, 4, 15]) rejects(changed(version3, 0, (version << 4) | 1), 'version');
};

export const reservedBitsAreZeroAndIgnored = (): void => {
  expect(encodeAdvertisement({ ...version3, interval: Milliseconds(40_950) }, ours).readUInt8(4) >>> 4).toBe(0);
  expect(decodeAdvertisement(changed(version3, 4, 0xf0), ours, group)).toMatchObject({ ok: true, advertisement: { interval: Seconds(1) } });
};

export const authenticationDataAreZeroAndIgnored = (): void => {
  expect(encodeAdvertisement(version2, ours).subarray(16).toString('hex')).toBe('0000000000000000');
  expect(decodeAdvertisement(changed(version2, 16, 0x61), ours, group)).toEqual({ ok: true, advertisement: version2 });
};

export const unknownAuthenticationIsDiscarded = (): void => {
  for (const type of [2, 3, 254, 255]) rejects(changed(version2, 4, type), 'authentication_type');
};

export const noAddressesAreIgnored = (): void => rejects(encodeAdvertisement({ ...version3, addresses: [] }, ours), 'no_addresses');
export const noIntervalIsDiscarded = (): void => rejects(changed(version3, 5, 0), 'advertisement_interval');

export const incompletePacketsAreDiscarded = (advertisement: Advertisement = version3) => (): void => {
  const whole = encodeAdvertisement(advertisement, ours);
  for (let length = 0; length < whole.length; length++) expect(decodeAdvertisement(whole.subarray(0, length), ours, group).ok).toBe(false);
};
export const incompletePacketsAreDiscardedInVersion2 = incompletePacketsAreDiscarded(version2);

export const wrongChecksumsAreDiscarded = (advertisement: Advertisement = version3) => (): void => {
  const octets = encodeAdvertisement(advertisement, ours);
  octets.writeUInt16BE(octets.readUInt16BE(6) ^ 0x0100, 6);
  rejects(octets, 'checksum');
};
export const wrongChecksumsAreDiscardedInVersion2 = wrongChecksumsAreDiscarded(version2);

// --- the machine --------------------------------------------------------------------------------------------------

/** What is left of the timer. */
const left = (machine: Machine): number | undefined => machine.left;

export const ownerIsMasterAtOnce = (): void => {
  const machine = backup({ priority: 255 });
  expect(machine.state.state).toBe('MASTER');
  expect(left(machine)).toBe(Seconds(1));
};

export const othersWaitTheMasterDownInterval = (): void => {
  const machine = backup({ priority: 100 });
  expect(machine.state.state).toBe('BACKUP');
  expect(left(machine)).toBe(masterDownInterval(3, 100, Seconds(1)));
};

export const backupStopsInSilence = (): void => {
  const machine = backupThatHeard(150);
  expect(brief(machine.do({ type: 'stop' }))).toEqual(['BACKUP>INIT']);
  expect(left(machine)).toBeUndefined();
};

export const backupTakesOver = (): void => {
  const machine = backupThatHeard(150);
  expect(brief(machine.expire())).toEqual(takeover(100));
  expect(left(machine)).toBe(Seconds(1));
};

export const resignationLeavesTheSkewTime = (): void => {
  const machine = backupThatHeard(150);
  machine.hear(0);
  expect(left(machine)).toBe(skewTime(3, 100, Seconds(1)));
};

export const backupFollowsAnEqualOrHigherPriority = (): void => {
  for (const [priority, preempt] of [[100, true], [150, true], [50, false]] as const) {
    const machine = backup({ priority: 100, preempt });
    machine.wait(Seconds(2));
    machine.hear(priority, { interval: Seconds(3) });
    expect(left(machine)).toBe(masterDownInterval(3, 100, Seconds(3)));
  }
};

export const backupDiscardsALowerPriority = (): void => {
  const machine = backup({ priority: 100 });
  machine.wait(Seconds(2));
  const before = left(machine);
  expect(machine.hear(50, { interval: Seconds(9) })).toEqual([]);
  expect(left(machine)).toBe(before);
};

export const masterStopsWithPriorityZero = (): void => {
  const machine = master();
  expect(brief(machine.do({ type: 'stop' }))).toEqual(['MASTER>INIT', 'advertise 0', 'release']);
  expect(left(machine)).toBeUndefined();
};

export const masterAdvertisesEveryInterval = (): void => {
  const machine = master();
  for (let round = 0; round < 3; round++) expect(brief(machine.expire())).toEqual(['advertise 100']);
  expect(left(machine)).toBe(Seconds(1));
};

export const masterAnswersAResignation = (): void => {
  const machine = master();
  machine.wait(Milliseconds(600));
  expect(brief(machine.hear(0))).toEqual(['advertise 100']);
  expect(left(machine)).toBe(Seconds(1));
};

export const masterYields = (): void => {
  for (const [priority, source] of [[101, '192.0.2.1'], [100, '192.0.2.10']] as const) {
    const machine = master({ source: '192.0.2.9' });
    machine.hear(priority, { source, interval: Seconds(2) });
    expect(machine.state.state).toBe('BACKUP');
    expect(left(machine)).toBe(masterDownInterval(3, 100, Seconds(2)));
  }
};

export const masterAssertsItself = (): void => {
  for (const [priority, source] of [[99, '192.0.2.10'], [100, '192.0.2.1']] as const) {
    const machine = master({ source: '192.0.2.9' });
    expect(brief(machine.hear(priority, { source }))[0]).toBe('advertise 100');
    expect(machine.state.state).toBe('MASTER');
  }
};

export const timersOfVersion3 = (): void => {
  expect(skewTime(3, 100, Seconds(2))).toBe((156 * Seconds(2)) / 256);
  expect(masterDownInterval(3, 100, Seconds(2))).toBe(plus(Seconds(6), skewTime(3, 100, Seconds(2))));
};
export const timersOfVersion2 = (): void => {
  expect(skewTime(2, 100, Seconds(2))).toBe((156 * Seconds(1)) / 256);
  expect(masterDownInterval(2, 100, Seconds(2))).toBe(plus(Seconds(6), skewTime(2, 100, Seconds(2))));
};
export const ownerPreempts = (): void => {
  const machine = master({ priority: 255, preempt: false });
  expect(brief(machine.hear(254))[0]).toBe('advertise 255');
  expect(machine.state.state).toBe('MASTER');
};
