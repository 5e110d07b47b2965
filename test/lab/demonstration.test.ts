/** What a newcomer sees first: `npm run lab`, as it is, with two tandemd. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demonstrate } from '../../src/lab/demonstration.js';
import { Lab } from '../../src/lab/lab.js';
import { requireLab } from '../tiers.js';

requireLab();

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.boot();
});
afterAll(() => lab.stop());

it('the demonstration goes as it should, and tells the outage', async () => {
  const lines: string[] = [];
  const failures = await demonstrate(lab, (line) => lines.push(line));
  expect(failures, lines.join('\n')).toEqual([]);
  expect(lines.join('\n')).toMatch(/outage at the loss of the master: \d{3,4} ms/);
  expect(lines.join('\n')).toMatch(/d2 .* BACKUP -> MASTER/);
});
