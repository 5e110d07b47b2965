/** Sync groups that lose to each other in turn: who holds back, and for how long. */
import { describe, expect, it } from 'vitest';
import { Microseconds as microseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { type Defeats, defeatedOnceMore, holdBackUntil } from '../../src/vrrp/back-off.js';

const down = Seconds(3.6);
const at = (seconds: number) => Seconds(1000 + seconds);

/** Defeats, each a moment after the takeover, which came a master down interval after the one before. */
const defeats = (count: number): Defeats => {
  let last: Defeats | undefined;
  let now = at(0);
  for (let round = 0; round < count; round++) {
    const masterSince = now;
    now = plus(now, microseconds(1_000));
    last = defeatedOnceMore(last, masterSince, now, down);
    now = plus(now, down);
  }
  if (!last) throw new Error('no defeat');
  return last;
};

describe('defeats', () => {
  it('count on when each comes right after a takeover that came soon after the one before', () => {
    expect([1, 2, 3].map((count) => defeats(count).count)).toEqual([1, 2, 3]);
  });

  it('begin anew after a mastership of a master down interval, and after a long time as backup', () => {
    const before = { count: 4, at: at(0) };
    expect(defeatedOnceMore(before, at(4), at(4 + 3.7), down).count).toBe(1);
    expect(defeatedOnceMore(before, at(40), at(40.1), down).count).toBe(1);
  });
});

describe('a sync group', () => {
  it('does not hold back after a first defeat, which may be any preemption', () => {
    expect(holdBackUntil(defeats(1), '192.0.2.1', down)).toBeUndefined();
  });

  it('holds back one or two master down intervals beyond the one that it waits anyway, by the last bit of its address at first', () => {
    const second = defeats(2);
    expect(holdBackUntil(second, '192.0.2.2', down)).toBe(second.at + 2 * down);
    expect(holdBackUntil(second, '192.0.2.1', down)).toBe(second.at + 3 * down);
    expect(holdBackUntil(second, 'fe80::2', down)).toBe(second.at + 2 * down);
  });

  it('parts from one with another address within ten defeats', () => {
    for (const [a, b] of [['192.0.2.1', '192.0.2.3'], ['10.0.0.2', '10.0.1.2'], ['192.0.2.254', '192.0.2.252'], ['fe80::1:2', 'fe80::2:2']] as const) {
      const parted = Array.from({ length: 9 }, (_, round) => defeats(round + 2)).some((each) => holdBackUntil(each, a, down) !== holdBackUntil(each, b, down));
      expect(parted).toBe(true);
    }
  });
});
