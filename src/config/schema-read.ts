/**
 * The schema made into functions that read a value that is right, for files of thousands of entries: of a mapping they look at the keys that it
 * has, and leave to zod what is no mapping and no list. What is wrong they do not say; zod does.
 */
import { z } from 'zod';
import { onceForEach } from './once-for-each.js';
import { isMappingValue, kindOfValue, optionFor } from './schema-walk.js';
import { ownReaderOf, wrong } from './schema/values.js';

type Schema = z.core.$ZodType;
type Read = (value: unknown) => unknown;

/** What `schema.safeParse` finds, undefined when it fails. Parts that are the same values as before are the same results. */
export const readBySchema = <T extends Schema>(schema: T, value: unknown): z.output<T> | undefined => {
  try {
    const result = readerOf(schema)(value);
    return result === wrong ? undefined : (result as z.output<T>);
  } catch (error) {
    if (error === wrong) return undefined;
    throw error;
  }
};

const readerOf = onceForEach((schema: Schema): Read => compile(schema));

const hasChecks = (schema: Schema): boolean => (schema._zod.def.checks?.length ?? 0) > 0;

const compile = (schema: Schema): Read => {
  const own = ownReaderOf(schema);
  if (own !== undefined) return own;
  if (!hasChecks(schema)) {
    if (schema instanceof z.ZodOptional) return optional(readerOf(schema.unwrap()));
    if (schema instanceof z.ZodPrefault) return prefault(schema, readerOf(schema.unwrap()));
    if (schema instanceof z.ZodUnion) return union(schema);
    if (schema instanceof z.ZodArray) return list(readerOf(schema.element));
    if (schema instanceof z.ZodObject && schema.def.catchall instanceof z.ZodNever) return mapping(schema);
  }
  return (value) => {
    const result = z.safeParse(schema, value);
    return result.success ? result.data : wrong;
  };
};

const optional = (inner: Read): Read => (value) => (value === undefined ? undefined : inner(value));

/** What nothing stands for is read once. */
const prefault = (schema: z.ZodPrefault, inner: Read): Read => {
  let standard: { readonly value: unknown } | undefined;
  return (value) => (value === undefined ? (standard ??= { value: inner(schema.def.defaultValue) }).value : inner(value));
};

/** A mapping can only be meant for the option that is one, a list likewise. */
const union = (schema: z.ZodUnion): Read => {
  const whole: Read = (value) => {
    const result = z.safeParse(schema, value);
    return result.success ? result.data : wrong;
  };
  const readers = { mapping: optionFor(schema, 'mapping'), list: optionFor(schema, 'list'), scalar: undefined };
  return (value) => {
    const option = readers[kindOfValue(value)];
    return option === undefined ? whole(value) : readerOf(option)(value);
  };
};

const list = (item: Read): Read => (value) => {
  if (!Array.isArray(value)) return wrong;
  const result: unknown[] = [];
  for (const each of value as readonly unknown[]) {
    const read = item(each);
    if (read === wrong) return wrong;
    result.push(read);
  }
  return result;
};

const mapping = (schema: z.ZodObject): Read => {
  const readers = Object.entries(schema.shape).map(([key, child]) => ({ key, read: readerOf(child) }));
  const read = onceForEach((value: Readonly<Record<string, unknown>>): unknown => {
    const result: Record<string, unknown> = {};
    let known = 0;
    for (const each of readers) {
      const isGiven = Object.hasOwn(value, each.key);
      if (isGiven) known++;
      const part = each.read(isGiven ? value[each.key] : undefined);
      if (part === wrong) return wrong;
      if (part !== undefined || isGiven) result[each.key] = part;
    }
    return known === Object.keys(value).length ? result : wrong;
  });
  return (value) => (isMappingValue(value) ? read(value) : wrong);
};
