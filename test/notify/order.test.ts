/** The order of notify commands: one after the other, the last state always. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Notice, NoticeState } from '../../src/notify/notice.js';
import { initialOrder, stepOrder, type Delivery, type OrderEvent } from '../../src/notify/order.js';

const notice = (to: NoticeState, name = 'web', from: Notice['from'] = 'INIT'): Notice => ({ kind: 'INSTANCE', name, time: 0, from, to, priority: 100, reason: 'a test' });
const tell = (to: NoticeState, name?: string): OrderEvent => ({ type: 'notice', notice: notice(to, name) });
const done = (name = 'web'): OrderEvent => ({ type: 'done', subject: `INSTANCE ${name}` });

/** What is delivered, each as `name FROM TO skipped`, by event. */
const run = (events: readonly OrderEvent[], limit?: number): readonly (readonly string[])[] => {
  let state = initialOrder;
  return events.map((event) => {
    const step = stepOrder(state, event, limit);
    state = step.state;
    return step.deliveries.map(({ notice: { name, from, to }, skipped }) => `${name} ${from} ${to} ${skipped}`);
  });
};

describe('the order of notify commands', () => {
  it('runs at once what nothing is in the way of', () => {
    expect(run([tell('BACKUP'), done(), tell('MASTER')])).toEqual([['web INIT BACKUP 0'], [], ['web BACKUP MASTER 0']]);
  });

  it('lets the next state wait for the command of the last, and skips what was passed through meanwhile, counted', () => {
    expect(run([tell('BACKUP'), tell('MASTER'), tell('FAULT'), tell('BACKUP'), done(), done()])).toEqual([['web INIT BACKUP 0'], [], [], [], ['web BACKUP BACKUP 2'], []]);
  });

  it('runs the commands of different instances beside each other, up to a limit, the longest waiting first', () => {
    expect(run([tell('MASTER', 'a'), tell('MASTER', 'b'), tell('MASTER', 'c'), tell('MASTER', 'd'), done('b'), done('a')], 2)).toEqual([['a INIT MASTER 0'], ['b INIT MASTER 0'], [], [], ['c INIT MASTER 0'], ['d INIT MASTER 0']]);
  });

  it('forgets what has stopped', () => {
    let state = initialOrder;
    for (const event of [tell('MASTER'), done(), tell('STOP'), done()]) state = stepOrder(state, event).state;
    expect(state).toEqual(initialOrder);
  });

  it('takes no notice of an end that it did not wait for', () => {
    expect(stepOrder(initialOrder, done()).state).toEqual(initialOrder);
  });

  it('whatever happens: never two at once for one, never more than the limit, every state told or counted, the last one told last', () => {
    const names = ['a', 'b', 'c'];
    const events = fc.array(fc.oneof(fc.record({ name: fc.constantFrom(...names), to: fc.constantFrom<NoticeState>('MASTER', 'BACKUP', 'FAULT', 'STOP') }), fc.constantFrom(...names)), { maxLength: 60 });
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 3 }), (history, limit) => {
        let state = initialOrder;
        const running = new Set<string>();
        const told: Delivery[] = [];
        const step = (event: OrderEvent): void => {
          const next = stepOrder(state, event, limit);
          state = next.state;
          for (const delivery of next.deliveries) {
            expect(running).not.toContain(delivery.notice.name);
            running.add(delivery.notice.name);
            told.push(delivery);
          }
          expect(running.size).toBeLessThanOrEqual(limit);
          expect(state.running).toBe(running.size);
        };
        const end = (name: string): void => {
          if (running.delete(name)) step(done(name));
        };
        for (const item of history) {
          if (typeof item === 'string') end(item);
          else step(tell(item.to, item.name));
        }
        while (running.size > 0) for (const name of [...running]) end(name);
        for (const name of names) {
          const given = history.flatMap((item) => (typeof item === 'object' && item.name === name ? [item.to] : []));
          const heard = told.filter((delivery) => delivery.notice.name === name);
          expect(heard.reduce((count, { skipped }) => count + 1 + skipped, 0)).toBe(given.length);
          expect(heard.at(-1)?.notice.to).toBe(given.at(-1));
        }
      }),
    );
  });
});
