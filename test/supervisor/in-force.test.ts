/** Waiting until a configuration is in force, and the order of reloads. */
import { describe, expect, it } from 'vitest';
import { InForce } from '../../src/supervisor/in-force.js';
import { Sequence } from '../../src/supervisor/reload.js';

describe('a generation of the configuration', () => {
  it('is in force when both children have it', async () => {
    const inForce = new InForce();
    const waited = inForce.wait(2);
    inForce.configured('vrrp', 2);
    inForce.configured('lvs', 1);
    expect(inForce.missing(2)).toEqual(['lvs']);
    inForce.configured('lvs', 2);
    expect(await waited).toEqual([]);
  });

  it('is not in force in a child that died, and the wait has a limit', async () => {
    const inForce = new InForce();
    inForce.configured('vrrp', 2);
    inForce.configured('lvs', 2);
    inForce.died('vrrp');
    expect(await inForce.wait(2, 1)).toEqual(['vrrp']);
  });
});

describe('reloads', () => {
  it('follow one another, also after one that failed', async () => {
    const sequence = new Sequence();
    const order: string[] = [];
    const task = (name: string) => async (): Promise<void> => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      if (name === 'a') throw new Error('failed');
    };
    const results = await Promise.allSettled([sequence.run(task('a')), sequence.run(task('b'))]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('asked for by a burst of signals are the running one and one more', async () => {
    const sequence = new Sequence();
    let ran = 0;
    const task = (): Promise<number> => Promise.resolve(++ran);
    const first = sequence.run(task);
    for (let signal = 0; signal < 100; signal++) sequence.runOnce(task);
    await first;
    await sequence.run(() => Promise.resolve());
    expect(ran).toBe(2);
  });
});
