/** What is read quickly is what is read with the place of everything, or not read at all; what has not changed is what it was. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../src/config/document.js';
import { parseQuickly, QuickMemory } from '../../src/config/parse-quickly.js';
import { readQuickly } from '../../src/config/quick-yaml.js';
import { exampleFiles } from './example-files.js';
import { serviceFile } from './reading.js';

/** The value of a text that is read quickly; `undefined` of one that is not. Throws where document.ts reads something else. */
const agreed = (text: string): unknown => {
  const quick = readQuickly(text, 'virtual_servers');
  if (quick === undefined) return undefined;
  const { value, problems } = readDocument(text);
  expect(problems).toEqual([]);
  expect(JSON.stringify(quick.value)).toBe(JSON.stringify(value));
  return quick.value;
};

describe('a text without what is rare', () => {
  it.each([
    ['a:\n  b: 1 # one\n\n  # two\n  c: [x, -20, "a: b", \'#\', {}, []]\n', { a: { b: 1, c: ['x', -20, 'a: b', '#', {}, []] } }],
    ['list:\n- a\n- b: 1\n  c: 2\n-\n  d: 3\n- [1, 2]\n- { e: f }', { list: ['a', { b: 1, c: 2 }, { d: 3 }, [1, 2], { e: 'f' }] }],
    ['a: 10.0.0.1\nb: 2001:db8::1\nc: 500ms\nd: eth0:1\ne: a#b\nf: TRUE\nh:\ni: null\nj: yes\nk: 010\nl: 0o10\nm: 2026-11-21\nn: 1_0\no: 12:30', { a: '10.0.0.1', b: '2001:db8::1', c: '500ms', d: 'eth0:1', e: 'a#b', f: true, h: null, i: null, j: 'yes', k: 10, l: 8, m: '2026-11-21', n: '1_0', o: '12:30' }],
    ['a: "\\t\\"\\u00e9\\x41"\nb: \'C:\\dir it\'\'s\'\nc: b\n  d', { a: '\t"éA', b: "C:\\dir it's", c: 'b d' }],
    ['a: größe\ngröße: [b,\n  c]', { a: 'größe', größe: ['b', 'c'] }],
  ])('%j', (text, value) => {
    expect(agreed(text)).toEqual(value);
  });

  it.each(['a: b: c', 'a: &x b', 'a: *x', 'a: !x b', 'a: |\n  b', 'a: >\n  b', 'a: .inf', 'a: 1\na: 2', 'a:\tb', 'a: b\r\nc: d', '? a', ': a', 'a:\n    b: 1\n  c: 2', 'a: - b', 'a:\n  - b\n c: 1', '--- \na: 1', 'a: 1\n---\nb: 2', '%YAML 1.2', 'a: [b', 'a: "b" c', 'a: @b', 'a: `b', '~: a'])('is not %j', (text) => {
    expect(agreed(text)).toBeUndefined();
  });

  it('is what the examples are, but for one with an anchor', () => {
    expect(exampleFiles.filter(({ text }) => agreed(text) === undefined).map(({ name }) => name)).toEqual(['checks.yaml']);
  });

  it('is read as the other library reads it, however it is put together', () => {
    const piece = fc.constantFrom('a', 'b', 'key', ': ', ':', '- ', '-', '\n', '\n', '\n  ', '\n  ', '\n    ', '\n  - ', ' ', '  ', '1', '-1', '0', '01', '1.0', '1e3', '.5', '10.0.0.1', '::1', 'fd00::1', 'true', 'null', 'Null', '~', '#', ' # c', '"', "'", '"x"', "'y'", '[', ']', '{', '}', ', ', ',', '?', '|', '\\', '!', '&', '@', '%', '=', '<', '$', '(', '/', '^', '+', '.', 'é', '\u00a0', '_', '0x1', '0b1', '0o7', '1_0', '.nan', 'yes', '---', '...', '2020-01-01', '<<', '12:30:00', '*a');
    fc.assert(fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => void agreed(pieces.join(''))), { numRuns: 5_000 });
    const line = fc.tuple(fc.constantFrom('', '', '  ', '  ', '    ', '   '), fc.constantFrom('- ', '', '', '-', '# '), fc.constantFrom('a:', 'b:', 'c:', ''), fc.constantFrom('', ' 1', ' x', ' [1, {a: b}]', ' "q" # c', " 'q'", ' x: y', ' # c', ' - z', ' {a: 1, b: [x y, 2]}', '  two words  ', ' "a', ' [', ' ]', ' {x', ' }'));
    fc.assert(fc.property(fc.array(line, { maxLength: 7 }), (lines) => void agreed(lines.map((parts) => parts.join('')).join('\n'))), { numRuns: 5_000 });
    const ofList = fc.tuple(fc.constantFrom('', '  ', '  ', ' ', '    '), fc.constantFrom('- ', '- ', '-', '', '# '), fc.constantFrom('a:', 'virtual_servers:', '', 'x', '{', '}', '"', "'", '['), fc.constantFrom('', ' 1', ' x', ' # c', ' "', ' }', ' ]', ' [', " '"));
    fc.assert(fc.property(fc.constantFrom('', 'a: 1\n', '# c\n', '{\n', '"\n', 'a: "\n', 'a: [\n', 'a:\n'), fc.array(ofList, { maxLength: 7 }), (before, lines) => void agreed(`${before}virtual_servers:\n${lines.map((parts) => parts.join('')).join('\n')}`)), { numRuns: 10_000 });
  });

  it.each([
    ['b: 1\nvirtual_servers: # all\n\n  # the first\n  - a: 1\n\n# the second\n  - a: 2\n   # its\n    b: c\n     d\n  - x\n  -\nc: 2\n', { b: 1, virtual_servers: [{ a: 1 }, { a: 2, b: 'c d' }, 'x', null], c: 2 }],
    ['virtual_servers:\n- - a\n  - b\n- "c\n  d"\n- [e,\n  f]\ng:\n- h', { virtual_servers: [['a', 'b'], 'c d', ['e', 'f']], g: ['h'] }],
    ['virtual_servers:\n  - a\n  - a', { virtual_servers: ['a', 'a'] }],
  ])('has the list in %j', (text, value) => {
    expect(agreed(text)).toEqual(value);
  });

  it.each(['{ a: 1,\nvirtual_servers:\n- b\n}', 'a: "\nvirtual_servers:\n- b\n"', 'virtual_servers:\n- "a\n- b"', 'virtual_servers:\n- a: 1\n  a: 2', 'virtual_servers:\n- a\nvirtual_servers:\n- b', 'virtual_servers:\n- a\n b: 1', 'virtual_servers:\n  - a\n - b', 'virtual_servers:\n- a: [\n- b ]', 'virtual_servers:\n- &x a\n- *x', 'virtual_servers:\n- a\n---\n- b'])('has no list to be read quickly in %j', (text) => {
    expect(agreed(text)).toBeUndefined();
  });
});

describe('what was read before', () => {
  const file = (...services: readonly string[]): string => `virtual_servers:\n${services.join('')}`;
  const service = (name: string, more = ''): string => `  - name: ${name}\n    address: 192.0.2.10\n    port: ${name.length}\n    forwarding: dr\n    # a word\n\n    real_servers: [{ address: 192.0.2.22 }]\n${more}`;
  const servicesOf = (text: string, memory: QuickMemory, more = {}) => parseQuickly(text, 'tandem.yaml', { hostName: 'a', ...more }, memory)?.virtualServers ?? [];

  it('is the same service while its text is the same, wherever it stands', () => {
    const memory = new QuickMemory();
    const [a, bb, ccc] = servicesOf(file(service('a'), service('bb'), service('ccc')), memory);
    const [first, second, third] = servicesOf(file(service('ccc'), service('bb', '    scheduler: rr\n'), service('a')), memory);
    expect([first, third]).toEqual([ccc, a]);
    expect(first).toBe(ccc);
    expect(third).toBe(a);
    expect(second).toEqual({ ...bb, scheduler: 'rr' });
    const [other, space] = servicesOf(file(service('ccc').replace('# a word', '# another'), service('bb', '    scheduler: rr\n\n# the last one\n')), memory);
    expect(other).toBe(ccc);
    expect(space).toBe(second);
  });

  it('does not hide what two services have in common, nor what another section makes wrong', () => {
    const memory = new QuickMemory();
    expect(servicesOf(file(service('a'), service('bb')), memory)).toHaveLength(2);
    expect(servicesOf(file(service('a'), service('bb'), service('a')), memory)).toEqual([]);
    const tunnelled = serviceFile('', '{ address: "2001:db8::1" }', 'port: 80, forwarding: tun');
    expect(servicesOf(tunnelled, memory)).toHaveLength(1);
    const besideSync = `${tunnelled}vrrp: { instances: [{ name: w, interface: e0, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }] }\nipvs: { sync: { instance: w, interface: e0 } }\n`;
    expect(servicesOf(besideSync, memory)).toEqual([]);
  });
});
