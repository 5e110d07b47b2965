/** Conditions are told when they begin and when they end. */
import { expect, it } from 'vitest';
import { Conditions } from '../../src/control/conditions.js';
import type { LogEvent } from '../../src/supervisor/messages.js';

const event = (message: string): LogEvent => ({ time: 0, level: 'warn', message, fields: {} });

it('a condition is told once when it begins and once when it ends, with its count and duration', () => {
  const told: string[] = [];
  let now = 1_000;
  const conditions = new Conditions(({ message }) => told.push(message), () => now);
  expect([1, 2, 3].map(() => conditions.begin('k', () => event('begins')))).toEqual([true, false, false]);
  now = 3_500;
  const end = () => conditions.end('k', (count, durationMs) => event(`ends ${count} ${durationMs}`));
  expect([end(), end()]).toEqual([true, false]);
  expect(told).toEqual(['begins', 'ends 3 2500']);
});

it('conditions of different keys do not touch one another, and a forgotten one ends without a word', () => {
  const told: string[] = [];
  const conditions = new Conditions(({ message }) => told.push(message));
  conditions.begin('a', () => event('a'));
  conditions.begin('b', () => event('b'));
  conditions.forget('a');
  expect([conditions.has('a'), conditions.has('b')]).toEqual([false, true]);
  conditions.end('a', () => event('end of a'));
  expect(told).toEqual(['a', 'b']);
});
