/** An item that is read plainly is what the library for all of YAML finds, and no text is that it finds wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../src/config/document.js';
import { readPlainly } from '../../src/config/plain-yaml.js';

/** Throws where document.ts reads something else, or finds something wrong. */
const agreed = (text: string): unknown => {
  const plain = readPlainly(text);
  if (plain === undefined) return undefined;
  const { value, problems } = readDocument(text);
  expect(problems).toEqual([]);
  expect(JSON.stringify(value)).toBe(JSON.stringify([plain]));
  return plain;
};

describe('read plainly', () => {
  it.each([
    ['  - name: web\n    port: 80\n    real_servers:\n      - address: 192.0.2.1\n        weight: 1\n      - { address: "2001:db8::1" }\n'.replaceAll('"', ''), { name: 'web', port: 80, real_servers: [{ address: '192.0.2.1', weight: 1 }, { address: '2001:db8::1' }] }],
    ['- a: true\n  b: false # c\n\n  # d\n  c:\n  d: [1, 10.0.0.0/8, x/y, 500ms, [], {}]\n  e: { f: /g, h: i }  \n  j:\n  - k\n  l:\n    m: 0', { a: true, b: false, c: null, d: [1, '10.0.0.0/8', 'x/y', '500ms', [], {}], e: { f: '/g', h: 'i' }, j: ['k'], l: { m: 0 } }],
    ['-   a: 1\n    b: e0.1', { a: 1, b: 'e0.1' }],
    ['- word', 'word'],
  ])('%j', (text, value) => {
    expect(agreed(text)).toEqual(value);
  });

  it.each(['- a: "b"', '- a: b c', '- a: b: c', '- a: b:', '- a: 1.5', '- a: 010', '- a: -1', '- a: null', '- a: True', '- a: ~', '- a: 1e3', '- a: 0x1', '- a: fe80::', '- a: b\n   c', '- a: b\n  a: c', '- a:\n    b: 1\n   c: 2', '- a:\n    b', '- - a', '- a\n- b', '- a: [b', '- a: [b,\n    c]', '- a: [b, ]', '- a: [b] c', '- a: [b: c]', '- a: {b}', '- a: {b:c}', '- a: { b: c }: d', '- a: b#c', '- a: #', '- A: b', '- 1: b', '- a: |\n    b', '- a: &b c', '- a: *b', '- a: !b c', '-', '- ', '- a: ---', '-a: b', '- __proto__: a', '- ? a', 'a: b'])('%j is for the library', (text) => {
    expect(readPlainly(text)).toBeUndefined();
  });

  it('brackets thousands deep are for the library', () => {
    expect(readPlainly(`- a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toBeUndefined();
  });

  it('agrees with the library, however it is put together', () => {
    const value = fc.constantFrom('1', '0', '080', 'a', 'b-1.c', 'true', 'null', 'off', '10.0.0.1', '10.0.0.1/24', '1.2', '5s', '1d', '1e3', '::1', 'fe80::1', 'fe80::', 'a:b', '12:30:00', '/a/b', '-1', 'Infinity', '[]', '{}', '[a, 1]', '[ 5s,10.0.0.1 ]', '{ a: 1, b: [x, {c: y}] }', '{a: b, a: c}', '{ a: 1 }', '[a: b]', '[a', 'a]', '{ a: b', 'a b', '"a"', "'", '# c', 'a # c', 'a#c', '_a', '1a', '.a', '@a', '+1', 'a@b', 'constructor');
    const line = fc.tuple(fc.constantFrom('', '  ', '  ', '    ', '    ', '   ', '      '), fc.constantFrom('', '', '', '- ', '- ', '-   ', '-', '- - '), fc.constantFrom('', 'a: ', 'b: ', 'c: ', 'd:  ', 'a:', 'b:', 'e_1: ', 'F: ', 'a : ', '# '), fc.option(value, { nil: '' }), fc.constantFrom('', '', '', ' ', ' # d', '#', '\n', '\n# e'));
    fc.assert(fc.property(fc.constantFrom('- ', '  - '), fc.array(line, { minLength: 1, maxLength: 8 }), (first, lines) => void agreed(first + lines.map((parts) => parts.join('')).join('\n').trimStart())), { numRuns: 20_000 });
    // deeper ones, most of which are plain
    const plain = fc.oneof({ weight: 50, arbitrary: fc.constantFrom('1', '0', 'a', 'b-1.c', 'true', 'off', '10.0.0.1', '10.0.0.1/24', '5s', 'fe80::1', '/a/b', '[]', '{}', '[a, 1]', '[ 5s,10.0.0.1 ]', '{ a: 1, b: [x, {c: y}] } # d', 'a # c') }, { weight: 1, arbitrary: value });
    const block: fc.Memo<string[]> = fc.memo((depth) => (depth <= 1 ? plain.map((text) => [` ${text}`]) : fc.oneof(
      plain.map((text) => [` ${text}`]),
      fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd_e'), block(depth - 1)), { selector: ([key]) => key, minLength: 1, maxLength: 4 }).map((entries) => ['', ...entries.flatMap(([key, [first = '', ...rest]]) => [`  ${key}:${first}`, ...rest.map((text) => `  ${text}`)])]),
      fc.array(fc.tuple(fc.constantFrom('', 'a:', 'b:'), block(depth - 1)), { minLength: 1, maxLength: 3 }).map((items) => ['', ...items.flatMap(([key, [first = '', ...rest]]) => [`  - ${key}${first}`, ...rest.map((text) => `    ${text}`)])]),
    )));
    fc.assert(fc.property(block(4), ([first = '', ...rest]) => void agreed(['- a:' + first, ...rest.map((text) => `  ${text}`)].join('\n'))), { numRuns: 10_000 });
  });
});
