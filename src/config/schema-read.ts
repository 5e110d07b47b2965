/**
 * A schema made into functions that read a value that is right, for files of thousands of entries, and for a start that has no need of zod. What is
 * wrong they do not say; zod does.
 */
import { onceForEach } from './once-for-each.js';
import { isMappingValue } from './value-at.js';
import type { Bound, Fail, Form, Refinement, Schema } from './schema/kinds.js';

/** What a reader of a value gives, or throws, for one that is not right. */
const wrong = Symbol('wrong');

type Read = (value: unknown) => unknown;
type FormOf<Kind extends Form['kind']> = Extract<Form, { readonly kind: Kind }>;

/** What the value is read to, undefined when it is not right. A service that is the same value as before is the same result; parts of which nothing changes are the values themselves. */
export const readBySchema = <T>(schema: Schema<T>, value: unknown): T | undefined => {
  const result = attempt(readerOf(schema), value);
  return result === wrong ? undefined : (result as T);
};

/** Without throwing. */
const attempt = (read: Read, value: unknown): unknown => {
  try {
    return read(value);
  } catch (error) {
    if (error === wrong) return wrong;
    throw error;
  }
};

const failAtOnce: Fail = () => {
  throw wrong;
};
const failing: Refinement = { issues: { hasAny: () => false, push: () => failAtOnce() } };

const readerOf = onceForEach(({ form }: Schema): Read => compile(form));

const compile = (form: Form): Read => {
  switch (form.kind) {
    case 'text':
      return (value) => (typeof value === 'string' ? form.read(value, failAtOnce) : wrong);
    case 'string':
      return (value) => (typeof value === 'string' && (form.pattern === undefined || form.pattern.test(value)) ? value : wrong);
    case 'number':
      return (value) => (isNumber(form, value) ? value : wrong);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : wrong);
    case 'literal': {
      const values: readonly unknown[] = form.values;
      return (value) => (values.includes(value) ? value : wrong);
    }
    case 'tuple':
      return tuple(form.items.map(readerOf));
    case 'record':
      return record(readerOf(form.key), readerOf(form.value));
    case 'list':
      return list(form);
    case 'mapping':
      return mapping(form);
    case 'union':
      return union(form.options);
    case 'transform': {
      const inner = readerOf(form.inner);
      return (value) => {
        const read = inner(value);
        return read === wrong ? wrong : form.to(read, failing);
      };
    }
    case 'optional': {
      const inner = readerOf(form.inner);
      return (value) => (value === undefined ? undefined : inner(value));
    }
    case 'prefault':
      return prefault(form.value, readerOf(form.inner));
    case 'described':
    case 'noted':
      return readerOf(form.inner);
  }
};

const isNumber = ({ isWhole, from, to, isAllowed }: FormOf<'number'>, value: unknown): boolean =>
  typeof value === 'number' && (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) && value >= (from ?? value) && value <= (to ?? value) && (isAllowed === undefined || isAllowed(value));

/** What nothing stands for is read once. */
const prefault = (standing: unknown, inner: Read): Read => {
  let standard: { readonly value: unknown } | undefined;
  return (value) => (value === undefined ? (standard ??= { value: inner(standing) }).value : inner(value));
};

/** The last option may throw as any reader may. */
const union = (options: readonly Schema[]): Read => (value) => {
  for (const option of options) {
    const read = attempt(readerOf(option), value);
    if (read !== wrong) return read;
  }
  return wrong;
};

const isWithin = (items: readonly unknown[], bound: Bound): boolean => ('min' in bound ? items.length >= bound.min : 'max' in bound ? items.length <= bound.max : bound.isRight(items));

const list = ({ item: itemSchema, bounds }: FormOf<'list'>): Read => {
  let item: Read | undefined;
  return (value) => {
    if (!Array.isArray(value)) return wrong;
    const given = value as readonly unknown[];
    let isSame = true;
    const result: unknown[] = [];
    for (const each of given) {
      const read = (item ??= readerOf(itemSchema))(each);
      if (read === wrong) return wrong;
      if (read !== each) isSame = false;
      result.push(read);
    }
    const items = isSame ? given : result;
    return bounds.every((bound) => isWithin(items, bound)) ? items : wrong;
  };
};

const tuple = (readers: readonly Read[]): Read => (value) => {
  if (!Array.isArray(value) || value.length !== readers.length) return wrong;
  const items = readers.map((read, index) => read(value[index]));
  return items.includes(wrong) ? wrong : items;
};

const record = (readKey: Read, readValue: Read): Read => (value) => {
  if (!isMappingValue(value)) return wrong;
  const result: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    const name = readKey(key);
    const read = readValue(each);
    if (typeof name !== 'string' || name === '__proto__' || read === wrong) return wrong;
    result[name] = read;
  }
  return result;
};

const mapping = ({ shape, isRemembered }: FormOf<'mapping'>): Read => {
  // made when they are needed: most keys stand in no file
  const parts: { readonly key: string; readonly schema: Schema; read: Read | undefined }[] = Object.entries(shape).map(([key, schema]) => ({ key, schema, read: undefined }));
  const read = (value: Readonly<Record<string, unknown>>): unknown => {
    const keys = Object.keys(value);
    // as long as every part is what is given, in the schema's order, the value is its own result: so are most of ten thousand servers
    let result: Record<string, unknown> | undefined;
    let known = 0;
    for (const each of parts) {
      const { key, schema } = each;
      const isGiven = Object.hasOwn(value, key);
      if (!isGiven && schema.isOptional) continue;
      const given = isGiven ? value[key] : undefined;
      const part = (each.read ??= readerOf(schema))(given);
      if (part === wrong) return wrong;
      if (result === undefined && (part !== given || (isGiven && keys[known] !== key))) {
        result = {};
        for (const before of keys.slice(0, known)) result[before] = value[before];
      }
      if (isGiven) known++;
      if (result !== undefined && (part !== undefined || isGiven)) result[key] = part;
    }
    return known === keys.length ? (result ?? value) : wrong;
  };
  const once = isRemembered ? onceForEach(read) : read;
  return (value) => (isMappingValue(value) ? once(value) : wrong);
};
