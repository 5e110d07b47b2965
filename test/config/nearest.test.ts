import { describe, expect, test } from 'vitest';
import { editDistance, nearest } from '../../src/config/nearest.js';

describe('the nearest name', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['wwr', 'wrr', 1],
    ['prioirty', 'priority', 1],
  ])('%s and %s are %d edits apart', (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected);
    expect(editDistance(b, a)).toBe(expected);
  });

  test.each([
    ['prioriy', 'priority'],
    ['PRIORITY', 'priority'],
    ['virtual-router-id', 'virtual_router_id'],
    ['virtual_routerid', 'virtual_router_id'],
    ['adress', 'address'],
    ['prt', 'port'],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, ['name', 'priority', 'virtual_router_id', 'address', 'port'])).toBe(expected);
  });

  test('is none when nothing is near', () => {
    expect(nearest('colour', ['name', 'priority'])).toBeUndefined();
    expect(nearest('x'.repeat(100_000), ['name'])).toBeUndefined();
  });
});
