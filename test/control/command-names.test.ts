/** Prefixes of commands. */
import { expect, it } from 'vitest';
import { matchCommand } from '../../src/control/command-names.js';

it.each([
  ['st', { kind: 'built', name: 'status' }],
  ['status', { kind: 'built', name: 'status' }],
  ['rel', { kind: 'built', name: 'reload' }],
  ['ch', { kind: 'built', name: 'check' }],
  ['ev', { kind: 'built', name: 'events' }],
  ['dra', { kind: 'reserved', name: 'drain' }],
  ['re', { kind: 'ambiguous', candidates: ['reload', 'replay', 'realserver'] }],
  ['statuses', { kind: 'unknown' }],
  ['', { kind: 'unknown' }],
])('%j stands for %j', (prefix, match) => {
  expect(matchCommand(prefix)).toEqual(match);
});
