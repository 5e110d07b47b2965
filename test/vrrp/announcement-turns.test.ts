/** Whose announcement leaves next, and when. */
import { describe, expect, it } from 'vitest';
import { type Microseconds, Milliseconds } from '../../src/time/microseconds.js';
import { nextTurn } from '../../src/vrrp/announcement-turns.js';

interface Named {
  readonly name: string;
  readonly interface: number;
  readonly interval: Microseconds;
}
const lane = (name: string, on: number, interval: number): Named => ({ name, interface: on, interval: Milliseconds(interval) });
const at = Milliseconds;

describe('the turn of announcements', () => {
  it('is nobody`s when nothing is left', () => {
    expect(nextTurn<Named>([], new Map(), at(0))).toBeUndefined();
  });

  it('comes at once on an interface that nothing has left by', () => {
    const web = lane('web', 1, 20);
    expect(nextTurn([web], new Map(), at(5))).toEqual({ type: 'send', of: web });
  });

  it('comes when the interval has passed since any other on the interface, not before', () => {
    const web = lane('web', 1, 20);
    const lastSent = new Map([[1, at(100)]]);
    expect(nextTurn([web], lastSent, at(119))).toEqual({ type: 'wait', until: at(120) });
    expect(nextTurn([web], lastSent, at(120))).toEqual({ type: 'send', of: web });
  });

  it('goes to the first that may: one without an interval, or on another interface, does not wait for one that has', () => {
    const [web, quick, lan] = [lane('web', 1, 20), lane('quick', 1, 0), lane('lan', 2, 20)];
    const lastSent = new Map([[1, at(100)]]);
    expect(nextTurn([web, quick], lastSent, at(101))).toEqual({ type: 'send', of: quick });
    expect(nextTurn([web, lan], lastSent, at(101))).toEqual({ type: 'send', of: lan });
  });

  it('is waited for until the first is due', () => {
    const lastSent = new Map([[1, at(100)], [2, at(90)]]);
    expect(nextTurn([lane('web', 1, 20), lane('lan', 2, 50), lane('wan', 1, 10)], lastSent, at(101))).toEqual({ type: 'wait', until: at(110) });
  });
});
