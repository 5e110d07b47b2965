/** The table of what RFC 9568 and RFC 3768 ask for: every test that it names exists, and conformance.md is what it says. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Document, page, type Requirement, type Shown, testsOf } from './requirement.js';
import { rfc3768 } from './rfc3768.js';
import { rfc9568 } from './rfc9568.js';

const documents: readonly Document[] = [rfc9568, rfc3768];
const tests = new URL('../../', import.meta.url);

const texts = new Map<string, string>();
/** The text of a file below test/; undefined = there is none. */
const textOf = (file: string): string | undefined => {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const url = new URL(file, tests);
  if (!existsSync(url)) return undefined;
  const text = readFileSync(url, 'utf8');
  texts.set(file, text);
  return text;
};

/** A title, or the name of a row of a table of tests, as a string of its own. */
const isNamed = (text: string, title: string): boolean =>
  ["'", '"', '`'].some((quote) => text.includes(`${quote}${quote === "'" ? title.replaceAll("'", "\\'") : title}${quote}`));

const missing = ([file, title]: Shown): string | undefined => {
  const text = textOf(file);
  if (text === undefined) return `there is no test/${file}`;
  return isNamed(text, title) ? undefined : `test/${file} has no test "${title}"`;
};

describe.each(documents)('$title', ({ requirements }) => {
  it('names only tests that exist', () => {
    expect(requirements.flatMap(({ standing }) => testsOf(standing)).flatMap((shown) => missing(shown) ?? [])).toEqual([]);
  });

  it('has something to show, or a reason, for every requirement', () => {
    const bare = ({ standing }: Requirement): boolean => (standing.kind === 'met' ? standing.by.length === 0 && !standing.here : standing.why === '');
    expect(requirements.filter(bare)).toEqual([]);
  });

  it('lists no requirement twice', () => {
    const keys = requirements.map(({ clause, level, what }) => `${clause} ${level} ${what}`);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index && !key.endsWith('log that'))).toEqual([]);
  });

  const here = requirements.flatMap(({ clause, level, what, standing }) => (standing.kind === 'met' && standing.here ? [{ clause, level, what, run: standing.here }] : []));
  it.each(here)('$clause $level: $what', ({ run }) => run());
});

it('a test that does not exist is found out', () => {
  expect(missing(['vrrp/machine.test.ts', 'does what nobody thought of'])).toBe('test/vrrp/machine.test.ts has no test "does what nobody thought of"');
  expect(missing(['vrrp/nothing.test.ts', ''])).toBe('there is no test/vrrp/nothing.test.ts');
});

it('the page is the table', async () => {
  await expect(page(documents)).toMatchFileSnapshot('conformance.md');
});
