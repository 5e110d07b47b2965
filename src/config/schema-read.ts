/**
 * The schema made into functions that read a value that is right, for files of thousands of entries: of a mapping they look at the keys that it
 * has, and leave to zod what is no mapping and no list. What is wrong they do not say; zod does.
 */
import { z } from 'zod';
import { onceForEach } from './once-for-each.js';
import { isMappingValue, kindOfValue, optionFor } from './schema-walk.js';
import { ownReaderOf, wrong } from './schema/values.js';
import { virtualServer } from './schema/virtual-servers.js';

type Schema = z.core.$ZodType;
type Read = (value: unknown) => unknown;

/** What `schema.safeParse` finds, undefined when it fails. A service that is the same value as before is the same result; parts of which nothing changes are the values themselves. */
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
  const given = value as readonly unknown[];
  let isSame = true;
  const result: unknown[] = [];
  for (const each of given) {
    const read = item(each);
    if (read === wrong) return wrong;
    if (read !== each) isSame = false;
    result.push(read);
  }
  return isSame ? given : result;
};

const mapping = (schema: z.ZodObject): Read => {
  const readers = Object.entries(schema.shape).map(([key, child]) => ({ key, read: readerOf(child) }));
  const read = (value: Readonly<Record<string, unknown>>): unknown => {
    const keys = Object.keys(value);
    // as long as every part is what is given, in the schema's order, the value is its own result: so are most of ten thousand servers
    let result: Record<string, unknown> | undefined;
    let known = 0;
    for (const each of readers) {
      const isGiven = Object.hasOwn(value, each.key);
      const given = isGiven ? value[each.key] : undefined;
      const part = each.read(given);
      if (part === wrong) return wrong;
      if (result === undefined && (part !== given || (isGiven && keys[known] !== each.key))) {
        result = {};
        for (const before of keys.slice(0, known)) result[before] = value[before];
      }
      if (isGiven) known++;
      if (result !== undefined && (part !== undefined || isGiven)) result[each.key] = part;
    }
    return known === keys.length ? (result ?? value) : wrong;
  };
  // what a reload leaves as it is
  const once = schema === virtualServer ? onceForEach(read) : read;
  return (value) => (isMappingValue(value) ? once(value) : wrong);
};
