/** What an instance takes for authentic, and what it says of the rest: keys, clocks that differ and jump, restarts, replays. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HmacAuthentication } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { Authenticator, type Verdict } from '../../src/vrrp/authentication.js';
import { authenticationInWords } from '../../src/vrrp/authentication-words.js';
import type { SignedMessage } from '../../src/vrrp/hmac-trailer.js';
import { encodeAdvertisement } from '../../src/vrrp/packet.js';

const now = Date.UTC(2026, 10, 21, 2, 24, 11);
const key = (id: number, octet = id) => ({ id, key: Buffer.alloc(32, octet).toString('hex') });
const configuration = (changes: Partial<HmacAuthentication> = {}): HmacAuthentication => ({ type: 'hmac', mode: 'enforce', keys: [key(1)], activeKey: 1, antiReplay: 'time', timeWindow: Seconds(5), ...changes });

const source = '192.0.2.1';
const message = encodeAdvertisement({ version: 3, virtualRouterId: 51, priority: 200, addresses: ['192.0.2.100'], interval: Milliseconds(100), checksum: 'pseudo_header' }, source);

/** What a router with this clock sends. */
const send = (sender: Authenticator, clock: number, changes: Partial<HmacAuthentication> = {}): SignedMessage | undefined => {
  const trailer = sender.trailer(message, source, configuration(changes), clock);
  return trailer && { message, trailer };
};
const outcome = (verdict: Verdict): string => (verdict.ok ? 'authentic' : verdict.reason);
const hear = (receiver: Authenticator, signed: SignedMessage | undefined, clock: number, changes: Partial<HmacAuthentication> = {}): string => outcome(receiver.verify(signed, source, configuration(changes), clock));

describe('an advertisement', () => {
  it('is authentic with a key that both have, whichever it is', () => {
    const keys = [key(1), key(2)];
    expect(hear(new Authenticator(), send(new Authenticator(), now, { keys, activeKey: 2 }), now, { keys })).toBe('authentic');
  });

  it.each([
    ['authentication_missing', 'is not signed', undefined],
    ['authentication_unknown_key', 'is signed with a key that we do not have', { keys: [key(2)], activeKey: 2 }],
    ['authentication_failure', 'is signed with another key of the same ID', { keys: [key(1, 7)] }],
  ] as const)('is rejected as %s when it %s', (reason, _, sender) => {
    expect(hear(new Authenticator(), sender && send(new Authenticator(), now, sender), now)).toBe(reason);
  });

  it('is not signed in mode receive_only', () => {
    expect(send(new Authenticator(), now, { mode: 'receive_only' })).toBeUndefined();
  });
});

describe('a replay', () => {
  it.each(['time', 'monotonic'] as const)('is found by its sequence number, anti_replay %s', (antiReplay) => {
    const [sender, receiver] = [new Authenticator(), new Authenticator()];
    const first = send(sender, now, { antiReplay });
    const second = send(sender, now + 100, { antiReplay });
    expect([first, second, second, first].map((signed) => hear(receiver, signed, now + 200, { antiReplay }))).toEqual(['authentic', 'authentic', 'authentication_replay', 'authentication_replay']);
  });

  it('is found by its age after a restart of the receiver, anti_replay time', () => {
    const captured = send(new Authenticator(), now);
    expect(hear(new Authenticator(), captured, now + 5_001)).toBe('authentication_stale');
  });

  it('by another sender is no authentic packet: the source counts', () => {
    const verdict = new Authenticator().verify(send(new Authenticator(), now), '192.0.2.2', configuration(), now);
    expect(outcome(verdict)).toBe('authentication_failure');
  });
});

describe('a restart', () => {
  it('of the sender costs nothing: its numbers go on with the time', () => {
    const receiver = new Authenticator();
    expect(hear(receiver, send(new Authenticator(), now), now)).toBe('authentic');
    expect(hear(receiver, send(new Authenticator(), now + 30), now + 30)).toBe('authentic');
  });

  it('of the receiver costs nothing either', () => {
    const sender = new Authenticator();
    expect(hear(new Authenticator(), send(sender, now), now)).toBe('authentic');
    expect(hear(new Authenticator(), send(sender, now + 100), now + 100)).toBe('authentic');
  });
});

describe('clocks that differ', () => {
  it.each([
    [-5_000, 'authentic'],
    [5_000, 'authentic'],
    [-5_001, 'authentication_stale'],
    [5_001, 'authentication_stale'],
  ])('by %i ms, with a window of 5 s: %s', (difference, expected) => {
    expect(hear(new Authenticator(), send(new Authenticator(), now + difference), now)).toBe(expected);
  });

  it('are named with the amount and the side', () => {
    const verdict = new Authenticator().verify(send(new Authenticator(), now - 3_600_000), source, configuration(), now);
    expect(verdict).toMatchObject({ ok: false, detail: 'their time stamp is 3600.0 s behind our clock, more than time_window (5.0 s): the clocks differ, set both right (NTP), or old packets are sent again' });
  });

  it('do not matter where only growth counts', () => {
    expect(hear(new Authenticator(), send(new Authenticator(), now - 3_600_000), now, { antiReplay: 'monotonic' })).toBe('authentic');
  });
});

/** One packet every 100 ms, sender's and receiver's clock by the true time. @returns milliseconds of true time during which packets were rejected */
const deafness = (senderClock: (time: number) => number, receiverClock: (time: number) => number): number => {
  const [sender, receiver] = [new Authenticator(), new Authenticator()];
  let rejected = 0;
  for (let time = 0; time < 60_000; time += 100) if (hear(receiver, send(sender, senderClock(time)), receiverClock(time)) !== 'authentic') rejected += 100;
  return rejected;
};
const right = (time: number): number => now + time;
const jumpsBack = (by: number) => (time: number): number => right(time) - (time >= 10_000 ? by : 0);

describe('a clock that is put back', () => {
  it.each([1_000, 4_900])("by %i ms, the sender's: nothing is rejected", (by) => {
    expect(deafness(jumpsBack(by), right)).toBe(0);
  });

  it("the receiver's, by less than the window: nothing is rejected", () => {
    expect(deafness(right, jumpsBack(4_900))).toBe(0);
  });

  it('both at once, by an hour, as by a time server that was wrong: nothing is rejected, old marks are forgotten', () => {
    expect(deafness(jumpsBack(3_600_000), jumpsBack(3_600_000))).toBe(0);
  });

  it("to the right time, either's, whatever it was before: nothing is rejected any more after two windows", () => {
    fc.assert(
      fc.property(fc.integer({ min: -20_000, max: 20_000 }), fc.integer({ min: -20_000, max: 20_000 }), (senders, receivers) => {
        const [sender, receiver] = [new Authenticator(), new Authenticator()];
        const wasOff = (time: number, by: number): number => right(time) + (time < 10_000 ? by : 0);
        for (let time = 0; time < 30_000; time += 100) {
          const verdict = hear(receiver, send(sender, wasOff(time, senders)), wasOff(time, receivers));
          if (time > 20_000) expect(verdict).toBe('authentic');
        }
      }),
      { numRuns: 30 },
    );
  });

  it("the receiver's, after it was an hour ahead: only what came meanwhile was rejected", () => {
    const wasAhead = (time: number): number => right(time) + (time < 10_000 ? 3_600_000 : 0);
    expect(deafness(right, wasAhead)).toBe(10_000);
  });
});

it('forged senders do not make it forget what it knows of the real one', () => {
  const [sender, receiver] = [new Authenticator(), new Authenticator()];
  const captured = send(sender, now);
  expect(hear(receiver, captured, now)).toBe('authentic');
  for (let host = 2; host < 200; host++) receiver.verify(captured, `192.0.2.${host}`, configuration(), now);
  expect(hear(receiver, captured, now)).toBe('authentication_replay');
  expect(receiver.status(configuration()).heard.length).toBeLessThanOrEqual(16);
});

it('status and explain say who was heard how, and never a key', () => {
  const receiver = new Authenticator();
  hear(receiver, send(new Authenticator(), now - 20), now);
  receiver.verify(undefined, '192.0.2.3', configuration(), now);
  const authentication = receiver.status(configuration({ keys: [key(1), key(2)] }));
  expect(authentication).toMatchObject({ mode: 'enforce', active_key: 1, keys: [1, 2], time_window_ms: 5_000, heard: [{ address: source, key: 1, verified: true, clock_difference_ms: -20 }, { address: '192.0.2.3', key: null, verified: false, reason: 'authentication missing' }] });
  expect(authenticationInWords({ authentication })).toEqual([
    'Authentication is enforce: what is not authentic is rejected; its keys are 1, 2, and it signs with 1.',
    '192.0.2.1 signed with key 1 when it was heard last, at 2026-11-21T02:24:11.000Z: authentic; its clock is 0.02 s behind ours.',
    '192.0.2.3 did not sign when it was heard last, at 2026-11-21T02:24:11.000Z: not authentic, authentication missing.',
  ]);
  expect(JSON.stringify(authentication)).not.toContain(key(1).key);
});
