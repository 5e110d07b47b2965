/** What is a suspicion, what is a conflict, and when it ends. */
import { describe, expect, it } from 'vitest';
import { type Microseconds, Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { Conflicts, describeBegin, describeEnd, type Heard } from '../../src/vrrp/conflicts.js';

const master: Heard = { key: 'master 10.0.0.2', kind: 'master', interface: 'e0', address: '10.0.0.2', detail: 'at priority 100, ours is 150', interval: Seconds(1) };
const arp = (claims: string, hardwareAddress = '02:00:00:00:00:22'): Heard => ({ key: `arp ${hardwareAddress}`, kind: 'arp', interface: 'e0', hardwareAddress, claims, detail: 'it answers', interval: Milliseconds(500) });

/** Heard at these times, in seconds. @returns what each told */
const hear = (conflicts: Conflicts, heard: Heard, ...times: number[]) => times.map((at) => conflicts.heard(heard, Seconds(at), 1_000 * at) !== undefined);
const ends = (conflicts: Conflicts, at: number): number => conflicts.sweep(Seconds(at)).length;

describe('another master', () => {
  it('that yields after two advertisements is none', () => {
    const conflicts = new Conflicts();
    expect(hear(conflicts, master, 0, 1)).toEqual([false, false]);
    expect(conflicts.status).toEqual([]);
  });

  it('is a conflict at its third advertisement, once, and not within a second', () => {
    expect(hear(new Conflicts(), master, 0, 1, 2, 3, 4)).toEqual([false, false, true, false, false]);
    expect(hear(new Conflicts(), { ...master, interval: Milliseconds(100) }, 0, 0.1, 0.2, 0.3, 0.9, 1, 1.1)).toEqual([false, false, false, false, false, true, false]);
  });

  it('ends when it is silent for four of its intervals, three seconds at least', () => {
    const slow = new Conflicts();
    hear(slow, master, 0, 1, 2);
    expect([ends(slow, 5.9), ends(slow, 6), ends(slow, 7)]).toEqual([0, 1, 0]);
    const fast = new Conflicts();
    hear(fast, { ...master, interval: Milliseconds(10) }, 0, 1, 2);
    expect([ends(fast, 4.9), ends(fast, 5)]).toEqual([0, 1]);
  });

  it('is named with its hardware address as soon as that is known', () => {
    const conflicts = new Conflicts();
    hear(conflicts, master, 0, 1, 2);
    conflicts.identify('10.0.0.2', '02:00:00:00:00:31');
    hear(conflicts, master, 3);
    expect(conflicts.status).toEqual([
      { kind: 'master', interface: 'e0', address: '10.0.0.2', hardware_address: '02:00:00:00:00:31', virtual_addresses: [], since: '1970-01-01T00:00:00.000Z', count: 4 },
    ]);
    expect(conflicts.suspects).toEqual(['10.0.0.2']);
  });
});

describe('another station that answers ARP', () => {
  it('with one burst of announcements is a suspicion only, whose end is told all the same', () => {
    const conflicts = new Conflicts();
    expect(hear(conflicts, arp('10.0.0.100'), 0, 0, 0.1)).toEqual([false, false, false]);
    expect(conflicts.status).toEqual([]);
    expect(conflicts.suspects).toEqual(['10.0.0.100']);
    expect(conflicts.sweep(Seconds(4))).toMatchObject([{ established: false }]);
  });

  it('for many addresses is one conflict, by its hardware address', () => {
    const conflicts = new Conflicts();
    const begun = Array.from({ length: 1_000 }, (_, index) => conflicts.heard(arp(`10.0.${index >> 8}.${index & 255}`), Milliseconds(5 * index), 0)).filter((each) => each !== undefined);
    expect(begun).toHaveLength(1);
    expect(conflicts.status).toMatchObject([{ kind: 'arp', address: null, count: 1_000 }]);
    const [conflict] = conflicts.clear();
    expect(conflict && describeEnd(conflict)).toBe('split brain ended: 02:00:00:00:00:22 does not answer ARP for 10.0.0.0 and 999 more any more');
    expect(conflicts.status).toEqual([]);
  });

  it('does not claim for ever what it claimed once', () => {
    const conflicts = new Conflicts();
    hear(conflicts, arp('10.0.0.100'), 0, 1);
    hear(conflicts, arp('10.0.0.101'), 2, 3, 4, 5);
    conflicts.sweep(Seconds(5));
    expect(conflicts.suspects).toEqual(['10.0.0.101']);
  });

  it('is described with what is to be done', () => {
    const conflicts = new Conflicts();
    hear(conflicts, arp('10.0.0.100'), 0);
    const begun = conflicts.heard(arp('10.0.0.100'), Seconds(1), 0);
    expect(begun && describeBegin(begun)).toBe(
      'split brain: 02:00:00:00:00:22 on e0 answers ARP for 10.0.0.100, which we hold: another master, or a real server that has the address without ARP suppression (arp_ignore=1, arp_announce=2)',
    );
  });
});

it('forged senders without number do not fill the memory', () => {
  const conflicts = new Conflicts();
  for (let index = 0; index < 1_000; index++) conflicts.heard({ ...master, key: `master ${index}` }, 0 as Microseconds, 0);
  expect(conflicts.sweep(Seconds(60))).toHaveLength(64);
});
