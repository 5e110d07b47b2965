/** Plain YAML is read as the whole of YAML reads it, or not at all; what has not changed is what it was. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../src/config/document.js';
import { parsePlain, PlainMemory } from '../../src/config/parse-plain.js';
import { readPlain } from '../../src/config/plain-yaml.js';
import { exampleFiles } from './example-files.js';
import { serviceFile } from './reading.js';

/** The value of a plain text; `undefined` of one that is not plain. Throws where the whole of YAML reads something else. */
const agreed = (text: string): unknown => {
  const plain = readPlain(text, 'virtual_servers');
  if (plain === undefined) return undefined;
  const { value, problems } = readDocument(text);
  expect(problems).toEqual([]);
  expect(JSON.stringify(plain.value)).toBe(JSON.stringify(value));
  return plain.value;
};

describe('a plain text', () => {
  it.each([
    ['a:\n  b: 1 # one\n\n  # two\n  c: [x, -20, "a: b", \'#\', {}, []]\n', { a: { b: 1, c: ['x', -20, 'a: b', '#', {}, []] } }],
    ['list:\n- a\n- b: 1\n  c: 2\n-\n  d: 3\n- [1, 2]\n- { e: f }', { list: ['a', { b: 1, c: 2 }, { d: 3 }, [1, 2], { e: 'f' }] }],
    ['a: 10.0.0.1\nb: 2001:db8::1\nc: 500ms\nd: eth0:1\ne: a#b\nf: true\ng: ~x\nh:\ni: TRUE', undefined],
    ['a: 10.0.0.1\nb: 2001:db8::1\nc: 500ms\nd: eth0:1\ne: a#b\nf: true\nh:\ni: null', { a: '10.0.0.1', b: '2001:db8::1', c: '500ms', d: 'eth0:1', e: 'a#b', f: true, h: null, i: null }],
    ['a: "\\t\\"\\u00e9"\nb: \'C:\\dir\'', { a: '\t"é', b: 'C:\\dir' }],
    ['größe: 1', undefined],
    ['a: größe', { a: 'größe' }],
  ])('%j', (text, value) => {
    expect(agreed(text)).toEqual(value);
  });

  it.each(['', '- a', 'a', 'a: b: c', 'a: &x b', 'a: *x', 'a: !x b', 'a: |\n  b', 'a: >\n  b', 'a: b\n  c', 'a: [b,\n  c]', "a: 'it''s'", 'a: "\\x41"', 'a: 010', 'a: 1.5', 'a: 0x1f', 'a: .inf', 'a: 1\na: 2', 'a:\tb', 'a: b\r\nc: d', '"a": 1', '? a', '<<: 1', 'null: 1', '__proto__: 1', 'a:\n    b: 1\n  c: 2', 'a: - b', 'a:\n  - b\n c: 1', '--- \na: 1', 'a: 1\n---\nb: 2', '%YAML 1.2', 'a: {b}', 'a: [b: c]', 'a: [b', 'a: "b" c', 'a: @b', 'a: `b'])('is not %j', (text) => {
    expect(agreed(text)).toBeUndefined();
  });

  it('is what most of the examples are', () => {
    const plain = exampleFiles.filter(({ text }) => agreed(text) !== undefined).map(({ name }) => name);
    expect(plain).toEqual(expect.arrayContaining(['tandem.yaml', 'services.yaml', 'pool.yaml', 'nat.yaml', 'tun.yaml', 'tracking.yaml']));
  });

  it('is read as the whole of YAML reads it, however it is put together', () => {
    const piece = fc.constantFrom('a', 'b', 'key', ': ', ':', '- ', '-', '\n', '\n', '\n  ', '\n  ', '\n    ', '\n  - ', ' ', '  ', '1', '-1', '0', '01', '1.0', '1e3', '.5', '10.0.0.1', '::1', 'fd00::1', 'true', 'null', 'Null', '~', '#', ' # c', '"', "'", '"x"', "'y'", '[', ']', '{', '}', ', ', ',', '?', '|', '\\', '!', '&', '@', '%', '=', '<', '$', '(', '/', '^', '+', '.', 'é', '\u00a0');
    fc.assert(fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => void agreed(pieces.join(''))), { numRuns: 3_000 });
    const line = fc.tuple(fc.constantFrom('', '', '  ', '  ', '    ', '   '), fc.constantFrom('- ', '', '', '-', '# '), fc.constantFrom('a:', 'b:', 'c:', ''), fc.constantFrom('', ' 1', ' x', ' [1, {a: b}]', ' "q" # c', " 'q'", ' x: y', ' # c', ' - z', ' {a: 1, b: [x y, 2]}', '  two words  '));
    fc.assert(fc.property(fc.array(line, { maxLength: 7 }), (lines) => void agreed(lines.map((parts) => parts.join('')).join('\n'))), { numRuns: 3_000 });
  });
});

describe('what was read before', () => {
  const file = (...services: readonly string[]): string => `virtual_servers:\n${services.join('')}`;
  const service = (name: string, more = ''): string => `  - name: ${name}\n    address: 192.0.2.10\n    port: ${name.length}\n    forwarding: dr\n    # a word\n\n    real_servers: [{ address: 192.0.2.22 }]\n${more}`;
  const servicesOf = (text: string, memory: PlainMemory, more = {}) => parsePlain(text, 'tandem.yaml', { hostName: 'a', ...more }, memory)?.virtualServers ?? [];

  it('is the same service while its text is the same, wherever it stands', () => {
    const memory = new PlainMemory();
    const [a, bb, ccc] = servicesOf(file(service('a'), service('bb'), service('ccc')), memory);
    const [first, second, third] = servicesOf(file(service('ccc'), service('bb', '    scheduler: rr\n'), service('a')), memory);
    expect([first, third]).toEqual([ccc, a]);
    expect(first).toBe(ccc);
    expect(third).toBe(a);
    expect(second).toEqual({ ...bb, scheduler: 'rr' });
  });

  it('does not hide what two services have in common, nor what another section makes wrong', () => {
    const memory = new PlainMemory();
    expect(servicesOf(file(service('a'), service('bb')), memory)).toHaveLength(2);
    expect(servicesOf(file(service('a'), service('bb'), service('a')), memory)).toEqual([]);
    const tunnelled = serviceFile('', '{ address: "2001:db8::1" }', 'port: 80, forwarding: tun');
    expect(servicesOf(tunnelled, memory)).toHaveLength(1);
    const besideSync = `${tunnelled}vrrp: { instances: [{ name: w, interface: e0, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }] }\nipvs: { sync: { instance: w, interface: e0 } }\n`;
    expect(servicesOf(besideSync, memory)).toEqual([]);
  });
});
