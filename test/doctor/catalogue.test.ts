/** The list of mistakes: the README has it, and each of them can be found. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { catalogueTable, mistakes } from '../../src/doctor/catalogue.js';

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it('stands in the README as it is in the code', () => {
  expect(file('README.md')).toContain(`\n${catalogueTable()}\n`);
});

it('has no mistake that nothing looks for', () => {
  const deciding = readdirSync(new URL('../../src/doctor', import.meta.url))
    .filter((name) => name.startsWith('find-'))
    .map((name) => file(`src/doctor/${name}`))
    .join('');
  expect(Object.keys(mistakes).filter((code) => !deciding.includes(`'${code}'`))).toEqual([]);
});
