/** Which masters a pause may have cost their mastership: those that were silent for too long, however long the pause itself was. */
import { describe, expect, it } from 'vitest';
import { type Microseconds, Milliseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { type RouterState, stepRouter } from '../../src/vrrp/router.js';
import { stalledMasters } from '../../src/vrrp/stall.js';

const settings = { version: 3, priority: 255, advertisementInterval: Milliseconds(100), preempt: true, preemptDelay: Seconds(0), source: '192.0.2.2', grouped: false } as const;
const start = Seconds(1_000);

/** web is owner and so master at once, lan is a backup. */
const router = (): RouterState => {
  let state: RouterState = new Map();
  state = stepRouter(state, { type: 'add', instance: 'web', settings, group: undefined }, start).state;
  state = stepRouter(state, { type: 'add', instance: 'lan', settings: { ...settings, priority: 100 }, group: undefined }, start).state;
  return stepRouter(state, { type: 'start', resume: new Set() }, start).state;
};
const stalledAfter = (silence: Microseconds): readonly string[] => stalledMasters(router(), () => start, plus(start, silence)).map(({ instance }) => instance);

describe('a silence', () => {
  // of three intervals and the skew of priority 255, 100 ms / 256
  it.each([
    [Milliseconds(300), []],
    [Milliseconds(300.39), []],
    [Milliseconds(300.4), ['web']],
    [Seconds(5), ['web']],
  ])('of %i us may cost the mastership of %j', (silence, names) => {
    expect(stalledAfter(silence)).toEqual(names);
  });

  it('is told as it was', () => {
    expect(stalledMasters(router(), () => start, plus(start, Seconds(2)))).toEqual([{ instance: 'web', silence: Seconds(2) }]);
  });

  it('begins with the first advertisement', () => {
    expect(stalledMasters(router(), () => undefined, plus(start, Seconds(2)))).toEqual([]);
  });
});
