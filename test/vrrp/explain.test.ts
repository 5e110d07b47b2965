/** `tandem explain`, on states written by hand. */
import { describe, expect, it } from 'vitest';
import type { InstanceStatus } from '../../src/control/status.js';
import { Milliseconds, minus, plus, Seconds } from '../../src/time/microseconds.js';
import { explain, type ExplainFacts } from '../../src/vrrp/explain.js';
import type { Backup, InstanceState, Settings } from '../../src/vrrp/machine.js';

const now = Seconds(1_000);
const status: InstanceStatus = {
  name: 'web',
  interface: 'eth0',
  virtual_router_id: 51,
  version: 3,
  state: 'BACKUP',
  since: '2026-11-21T12:00:00.000Z',
  priority: 100,
  effective_priority: 100,
  master: null,
  master_priority: null,
  advertisement_interval_ms: 1_000,
  master_down_interval_ms: 3_609,
  sync_group: null,
  virtual_addresses: [{ address: '10.0.0.100/32', interface: 'eth0', held: true }],
  address_list_agrees: true,
  split_brain: false,
  conflicts: [],
  reason: '',
  yielding: false,
  trackers: [],
  family: 'ipv4',
  counters: {},
};
const settings: Settings = { version: 3, priority: 100, advertisementInterval: Seconds(1), preempt: true, preemptDelay: Seconds(0), source: '10.0.0.2', grouped: false };
const backup = (changes: Partial<Backup> = {}): Backup => ({
  state: 'BACKUP',
  since: minus(now, Seconds(180)),
  reason: 'started',
  master: { source: '10.0.0.1', priority: 150 },
  masterInterval: Seconds(1),
  lastHeard: minus(now, Milliseconds(300)),
  masterDownAt: plus(now, Milliseconds(3_309)),
  preemptAt: undefined,
  claims: undefined,
  leftover: false,
  ...changes,
});
const master: InstanceState = { state: 'MASTER', since: minus(now, Seconds(5)), reason: 'no advertisement from 10.0.0.1 for 3.61 s', advertiseAt: plus(now, Milliseconds(400)) };
const facts = (state: InstanceState, changes: Partial<ExplainFacts> = {}): ExplainFacts => ({
  status,
  state,
  settings,
  members: [{ name: 'web', state, faults: [] }],
  heard: { source: '10.0.0.1', priority: 150, at: minus(now, Milliseconds(300)) },
  now,
  ...changes,
});
const said = (...of: Parameters<typeof facts>): string => explain(facts(...of)).join('\n');

describe('a backup', () => {
  it('says whom it hears, when it would take over, and why it does not preempt', () => {
    expect(explain(facts(backup()))).toEqual([
      'web (virtual router 51 on eth0, VRRPv3) is BACKUP for 3 m, since 2026-11-21T12:00:00.000Z: started.',
      'The master is 10.0.0.1, heard 0.30 s ago: its priority is 150, ours is 100.',
      'It would take over 3.61 s after the last advertisement of 10.0.0.1 (three intervals of 1 s and the skew time of 0.61 s), that is in 3.31 s if none follows; or 0.61 s after 10.0.0.1 resigns.',
      'It would preempt 10.0.0.1 if its own priority were above 150.',
    ]);
  });

  const weaker = { master: { source: '10.0.0.1', priority: 50 } };
  it.each([
    ['preempt is off', backup(weaker), { ...settings, preempt: false }, 'Its priority is higher, but preempt is off: it does not preempt 10.0.0.1.'],
    ['the preempt delay runs', backup({ ...weaker, preemptAt: plus(now, Seconds(30)) }), settings, 'it preempts 10.0.0.1 when the preempt delay is over, in 30 s'],
    ['the operator handed it over', backup({ ...weaker, yielding: true }), settings, "leaves 10.0.0.1 alone, whatever the priorities say, until that one fails or 'tandem failover web --cancel' is given"],
    ['it is about to preempt', backup({ ...weaker, lastHeard: undefined }), settings, 'It preempts 10.0.0.1 in 3.31 s: preempt is on, and its priority is higher.'],
    ['both are equal', backup({ master: { source: '10.0.0.1', priority: 100 } }), settings, 'Equal priorities do not preempt'],
    ['the master resigned', backup({ master: { source: '10.0.0.1', priority: 0 } }), settings, 'The master 10.0.0.1 resigned, heard 0.30 s ago.\nIt takes over in 3.31 s unless another router does before.'],
    ['there is no master', backup({ master: undefined, lastHeard: undefined }), settings, 'It has heard no master.\nIt takes over in 3.31 s unless it hears one.'],
  ] as const)('says so when %s', (_, state, its, sentence) => {
    expect(said(state, { settings: its })).toContain(sentence);
  });

  it('whose sync group holds back says for how long, and what to do about it', () => {
    const claiming = backup({ masterDownAt: undefined, claims: '10.0.0.1 resigned' });
    const members = [claiming, backup({ masterDownAt: undefined, claims: '10.1.0.1 resigned', heldBackUntil: plus(now, Seconds(2)) })].map((state, index) => ({ name: index === 0 ? 'web' : 'inside', state, faults: [] }));
    const sentence = said(claiming, { status: { ...status, sync_group: 'all' }, members });
    expect(sentence).toContain('It could take over (10.0.0.1 resigned), and so could the rest of its sync group all.');
    expect(sentence).toContain('The sync group all holds back for 2.00 s: it was beaten several times in a row right after it took over. Give its members the same order of priority on all routers.');
  });

  it('that waits for its sync group says for whom, and why', () => {
    const state = backup({ claims: 'no advertisement from 10.0.0.1 for 3.61 s', masterDownAt: undefined });
    const inside = { name: 'inside', state: backup({ master: { source: '10.1.0.1', priority: 150 } }), faults: [] };
    const sentence = said(state, { status: { ...status, sync_group: 'all' }, members: [{ name: 'web', state, faults: [] }, inside] });
    expect(sentence).toContain('It could take over (no advertisement from 10.0.0.1 for 3.61 s), but its sync group all takes over as a whole: it waits for inside, which hears 10.1.0.1 as master.');
  });
});

describe('a master', () => {
  it('says what it sends, what it holds, whom it heard, and what would end it', () => {
    expect(explain(facts(master, { heard: undefined }))).toEqual([
      'web (virtual router 51 on eth0, VRRPv3) is MASTER for 5.00 s, since 2026-11-21T12:00:00.000Z: no advertisement from 10.0.0.1 for 3.61 s.',
      'It advertises priority 100 every 1 s; the next is due in 0.40 s. Were it to fall silent, a backup of priority 100 would take over after 3.61 s; when it resigns, after 0.61 s.',
      'It holds its address.',
      'No other router was heard since this process started. That says nothing of backups: they are silent.',
      "It would become BACKUP when a router advertises a priority above 100, or 100 from an address above 10.0.0.2, or by 'tandem failover web'; FAULT when eth0 goes down or loses its own address.",
    ]);
  });

  it('names an address that it lacks', () => {
    expect(said(master, { status: { ...status, virtual_addresses: [{ address: '10.0.0.100/32', interface: 'eth0', held: false }] } })).toContain('It does not hold 10.0.0.100/32: the log says why.');
  });
});

describe('in FAULT', () => {
  const state: InstanceState = { state: 'FAULT', since: now, reason: 'interface eth0 has no carrier' };

  it('says what has to be mended', () => {
    expect(said(state, { members: [{ name: 'web', state, faults: ['interface eth0 has no carrier'] }] })).toContain('It takes part again, as BACKUP at first, when this is mended: interface eth0 has no carrier.');
  });

  it('names the member of its sync group that is to blame', () => {
    const text = said(state, { status: { ...status, sync_group: 'all' }, members: [{ name: 'web', state, faults: [] }, { name: 'lan', state, faults: ['interface eth1 is down'] }] });
    expect(text).toContain('when this is mended: lan: interface eth1 is down.\nThe sync group all stands and falls as a whole.');
  });
});

it('packets that were rejected come with what to do about them, known reasons and others', () => {
  const counters = { 'rejected.authentication_failure': 12, 'rejected.ttl': 0, 'rejected.moon_phase': 1, advertisements_received: 3 };
  expect(explain(facts(backup(), { status: { ...status, counters } })).slice(-2)).toEqual([
    'Rejected so far: 12 packets, authentication failure: the other router has another password, or another key with the same ID: make authentication the same on both.',
    'Rejected so far: 1 packet, moon phase.',
  ]);
});

it('packets that were accepted without being authentic are told as such', () => {
  const counters = { 'unverified.authentication_missing': 3 };
  expect(explain(facts(backup(), { status: { ...status, counters } })).at(-1)).toBe(
    'Accepted so far without being authentic, which mode: enforce would reject: 3 packets, authentication missing: the other router does not sign: give it the same authentication, or this one authentication.mode permissive meanwhile.',
  );
});

it('says that the other router lists other addresses', () => {
  expect(said(backup(), { status: { ...status, address_list_agrees: false } })).toContain('10.0.0.1 lists other virtual addresses than this director does');
});
