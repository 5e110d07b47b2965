/** What the lvs child tells its supervisor, and in which messages. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Outbox } from '../../src/ipvs/outbox.js';
import type { FromLvs, HealthChange, LogEvent } from '../../src/supervisor/messages.js';

const event = (message: string): LogEvent => ({ time: 0, level: 'info', message, fields: {} });
const change = (virtualServer: string): HealthChange => ({ virtualServer }) as unknown as HealthChange;

const bench = (): { readonly given: FromLvs[]; readonly outbox: Outbox } => {
  const given: FromLvs[] = [];
  return { given, outbox: new Outbox((message) => (given.push(message), true)) };
};

test('events and verdicts of one turn of the event loop go in a message each, in their order', async () => {
  const { given, outbox } = bench();
  for (const each of ['first', 'second']) outbox.report(event(each));
  for (const each of ['a', 'b']) outbox.health([change(each)], false);
  expect(given).toEqual([]);
  await turn();
  await turn();
  expect(given).toEqual([
    { type: 'events', events: [event('first'), event('second')] },
    { type: 'health', changes: [change('a'), change('b')], complete: false },
  ]);
});

test('an answer goes at once, after what was said before it', async () => {
  const { given, outbox } = bench();
  outbox.report(event('put in force'));
  outbox.send({ type: 'configured', generation: 2 });
  await turn();
  expect(given.map(({ type }) => type)).toEqual(['events', 'configured']);
});

test('all verdicts stand for those that wait', async () => {
  const { given, outbox } = bench();
  outbox.health([change('old')], false);
  outbox.health([change('new')], true);
  await turn();
  expect(given).toEqual([{ type: 'health', changes: [change('new')], complete: true }]);
});
