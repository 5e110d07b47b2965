import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { formatDiagnostics } from '../../src/config/format-diagnostics.js';
import type { LoadResult } from '../../src/config/load.js';
import { parseQuickly, QuickMemory } from '../../src/config/parse-quickly.js';
import { parseConfiguration } from '../../src/config/parse.js';
import { differences } from '../../src/config/reload-difference.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { exampleFiles } from './example-files.js';

const options = { hostName: 'a', readText: () => '' };
const read = (text: string): LoadResult => {
  const result = parseConfiguration(text, 'tandem.yaml', options);
  // the way for files with nothing wrong agrees, where it goes at all
  const plain = parseQuickly(text, 'tandem.yaml', options, new QuickMemory());
  if (plain !== undefined) expect(result).toMatchObject({ ok: true, warnings: [], configuration: plain });
  return result;
};

/** Every diagnostic has a place that exists, a message and a remedy, and can be shown. */
const check = (text: string): void => {
  const result = read(text);
  const diagnostics = result.ok ? result.warnings : result.diagnostics;
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (!result.ok) expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
  for (const { line, column, length, message, remedy } of diagnostics) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column - 1).toBeLessThanOrEqual((lines[line - 1] ?? '').length);
    expect(length).toBeGreaterThanOrEqual(0);
    expect(message).not.toBe('');
    expect(remedy).not.toBe('');
    expect(`${message} ${remedy}`).not.toMatch(/undefined|Invalid input|\[object/);
  }
  expect(formatDiagnostics(diagnostics, text).split('error: ').length + formatDiagnostics(diagnostics, text).split('warning: ').length).toBeGreaterThanOrEqual(diagnostics.length + 2);
};

const words = ['vrrp', 'instances', 'name', 'web', 'interface', 'eth0', 'virtual_router_id', '51', 'virtual_addresses', '192.0.2.1/24', 'virtual_servers', 'address', 'port', 'forwarding', 'dr', 'real_servers', 'health_check', 'type', 'none', 'persistence', 'true', '1s', 'ipvs', 'sync', 'password', '<<', '__proto__', 'constructor', 'null', '*a', '&a', '!x', '|', '>', '?', '-', ':', ': ', '\n', '\n  ', '\n    - ', '{', '}', '[', ']', ', ', '"', "'", '#', '\t', '\r\n', '%', '---', '...', '\u2028', '\ufeff', '\0', '😀'];

describe('an arbitrary text is never an exception', { timeout: 60_000 }, () => {
  test('of any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check), { numRuns: 150 });
  });

  test('of the words and signs of a configuration', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), (parts) => check(parts.join(''))), { numRuns: 200 });
  });

  test('that is an example with a piece cut out or put in', () => {
    const examples = exampleFiles.map(({ text }) => text);
    fc.assert(
      fc.property(fc.constantFrom(...examples), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(12), fc.constantFrom('', ...words), (text, where, cut, put) => {
        const at = Math.floor(where * text.length);
        check(text.slice(0, at) + put + text.slice(at + cut));
      }),
      { numRuns: 150 },
    );
  });

  test('that is any value where another belongs', () => {
    const value = fc.oneof(fc.constantFrom(null, true, 0, -1, 1.5, '', 'x', 'none', [], {}, [[]], [null], { a: 1 }), fc.jsonValue({ maxDepth: 2 }));
    const instance = fc.record({ name: value, interface: value, virtual_router_id: value, version: value, virtual_addresses: value, garp: value, authentication: value }, { requiredKeys: [] });
    const server = fc.oneof(value, fc.record({ address: value, port: value, weight: value, health_check: value, forwarding: value }, { requiredKeys: [] }));
    const service = fc.record({ name: value, address: value, port: value, forwarding: value, persistence: value, quorum: value, health_check: value, real_servers: fc.oneof(value, fc.array(server, { maxLength: 3 })) }, { requiredKeys: [] });
    const file = fc.record({ log: value, vrrp: fc.oneof(value, fc.record({ instances: fc.array(fc.oneof(value, instance), { maxLength: 3 }), sync_groups: value }, { requiredKeys: [] })), ipvs: value, virtual_servers: fc.array(fc.oneof(value, service), { maxLength: 3 }), system: value }, { requiredKeys: [] });
    fc.assert(fc.property(file, (content) => check(stringify(content))), { numRuns: 200 });
  });
});

test('a right file shown with its defaults differs in nothing from itself', () => {
  const duration = fc.integer({ min: 1, max: 4_095 }).map((count) => `${count * 10}ms`);
  const instance = fc.record({
    priority: fc.integer({ min: 1, max: 254 }),
    advertisement_interval: duration,
    preempt: fc.boolean(),
    preempt_delay: duration,
    checksum: fc.constantFrom('pseudo_header', 'rfc9568'),
    garp: fc.record({ repeat: fc.integer({ min: 1, max: 100 }), delay: duration, refresh: duration, interval: fc.constantFrom('0s', '1ms', '100ms') }),
  });
  const server = fc.record({ weight: fc.integer({ min: 1, max: 65_535 }), health_check: fc.oneof(fc.constant('none'), fc.record({ type: fc.constantFrom('tcp', 'tls', 'http', 'https', 'dns', 'smtp', 'ping'), interval: duration, rise: fc.integer({ min: 1, max: 9 }) }, { requiredKeys: [] })) }, { requiredKeys: [] });
  const file = fc.tuple(fc.array(instance, { maxLength: 3 }), fc.array(server, { minLength: 1, maxLength: 4 })).map(([instances, servers]) =>
    stringify({
      vrrp: { instances: instances.map((keys, index) => ({ name: `i${index}`, interface: 'eth0', virtual_router_id: index + 1, virtual_addresses: [`192.0.2.${index + 1}`], ...keys })) },
      virtual_servers: [{ name: 's', address: '192.0.2.1', port: 80, forwarding: 'nat', real_servers: servers.map((keys, index) => ({ address: `10.0.0.${index + 1}`, ...keys })) }],
    }),
  );
  fc.assert(
    fc.property(file, (text) => {
      const result = read(text);
      const again = result.ok ? read(showDefaults(result.configuration)) : result;
      expect([result.ok, again.ok]).toEqual([true, true]);
      if (result.ok && again.ok) {
        expect(again.configuration).toEqual(result.configuration);
        expect(differences(result.configuration, again.configuration)).toEqual([]);
      }
    }),
    { numRuns: 100 },
  );
});
