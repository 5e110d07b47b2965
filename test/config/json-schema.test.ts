import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jsonSchema, jsonSchemaText } from '../../src/config/json-schema.js';

const committed = new URL('../../conf/tandem.schema.json', import.meta.url);

interface Found {
  readonly path: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every key that the schema has anywhere. */
const keysOf = (value: unknown, path = ''): readonly Found[] => {
  if (Array.isArray(value)) return value.flatMap((item) => keysOf(item, path));
  if (!isObject(value)) return [];
  const properties = isObject(value.properties) ? Object.entries(value.properties) : [];
  return [
    ...properties.flatMap(([key, schema]) => (isObject(schema) ? [{ path: `${path}.${key}`, schema }, ...keysOf(schema, `${path}.${key}`)] : [])),
    ...[value.items, value.anyOf].flatMap((inner) => keysOf(inner, path)),
  ];
};

describe('conf/tandem.schema.json', () => {
  test('is what the schema gives (npm run build writes it)', () => {
    expect(readFileSync(committed, 'utf8')).toBe(jsonSchemaText());
  });

  test('describes every key', () => {
    const keys = keysOf(jsonSchema());
    expect(keys.length).toBeGreaterThan(100);
    expect(keys.filter(({ schema }) => typeof schema.description !== 'string' || schema.description === '').map(({ path }) => path)).toEqual([]);
  });

  test('holds the defaults of product.md', () => {
    const keys = new Map(keysOf(jsonSchema()).map(({ path, schema }) => [path, schema.default]));
    const defaults = (paths: readonly string[]) => paths.map((path) => keys.get(path));
    expect(defaults(['.vrrp.version', '.vrrp.instances.priority', '.vrrp.instances.advertisement_interval', '.vrrp.instances.preempt', '.vrrp.instances.garp.repeat', '.vrrp.instances.garp.delay', '.vrrp.instances.garp.refresh'])).toEqual([3, 100, '1s', true, 5, '5s', '60s']);
    expect(defaults(['.virtual_servers.protocol', '.virtual_servers.scheduler', '.virtual_servers.real_servers.weight', '.virtual_servers.quorum.weight', '.virtual_servers.on_failure'])).toEqual(['tcp', 'wlc', 1, 1, 'remove']);
    expect(defaults(['type', 'interval', 'timeout', 'rise', 'fall'].map((key) => `.virtual_servers.health_check.${key}`))).toEqual(['tcp', '5s', '2s', 2, 3]);
  });

  test('offers nothing that this version rejects', () => {
    expect(jsonSchemaText()).not.toMatch(/"ah"/);
  });
});
