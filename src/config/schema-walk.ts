/** Going through a schema along a value: which mapping stands at a path, and what can be read of a file with errors. */
import { z } from 'zod';
import type { Path } from './document.js';
import { isMappingValue } from './value-at.js';

type Schema = z.core.$ZodType;

/** What is left of T when any part of it may be missing, since it is missing or wrong in the file. */
export type Readable<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends { readonly form: string } // behind a transform, as below
  ? T
  : T extends readonly (readonly [number, number])[] // behind a transform: whole or nothing
  ? T
  : T extends readonly (infer Item)[]
    ? readonly (Readable<Item> | undefined)[]
    : { readonly [Key in keyof T]?: Readable<T[Key]> | undefined };

/** Without what wraps it: optional, default; and of a transform, the input's side. */
const bare = (schema: Schema): Schema => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) return bare(schema.unwrap());
  return schema instanceof z.ZodPipe ? bare(schema.in) : schema;
};

type Kind = 'mapping' | 'list' | 'scalar';
const kindOfValue = (value: unknown): Kind => (Array.isArray(value) ? 'list' : isMappingValue(value) ? 'mapping' : 'scalar');

/** The option of a union (nested ones too) that is of the value's kind; the schema itself when it is no union. */
const optionFor = (schema: Schema, kind: Kind): Schema | undefined => {
  const inner = bare(schema);
  if (inner instanceof z.ZodUnion) {
    for (const option of inner.options) {
      const found = optionFor(option, kind);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const own: Kind = inner instanceof z.ZodObject ? 'mapping' : inner instanceof z.ZodArray || inner instanceof z.ZodTuple ? 'list' : 'scalar';
  return own === kind ? schema : undefined;
};

/** The mapping's schema at the path of a value; undefined when none is there. */
export const mappingAt = (schema: Schema, value: unknown, path: Path): z.ZodObject | undefined => {
  const option = optionFor(schema, kindOfValue(value));
  const inner = option && bare(option);
  const [first, ...rest] = path;
  if (first === undefined) return inner instanceof z.ZodObject ? inner : undefined;
  if (inner instanceof z.ZodObject && typeof first === 'string' && isMappingValue(value)) {
    const child: Schema | undefined = Object.hasOwn(inner.shape, first) ? inner.shape[first] : undefined;
    return child && mappingAt(child, value[first], rest);
  }
  if (inner instanceof z.ZodArray && typeof first === 'number' && Array.isArray(value)) return mappingAt(inner.element, value[first], rest);
  return undefined;
};

/** The keys that a mapping may have. */
export const knownKeys = (schema: z.ZodObject): readonly string[] => Object.keys(schema.shape);

/** Every part of the value that is right by itself, so that a wrong one hides no error elsewhere. */
export const readable = <T>(schema: z.ZodType<T>, value: unknown): Readable<T> | undefined => read(schema, value) as Readable<T> | undefined;

const read = (schema: Schema, value: unknown): unknown => {
  const whole = z.safeParse(schema, value);
  if (whole.success) return whole.data;
  const option = optionFor(schema, kindOfValue(value));
  // behind a transform the parts have another shape: it is whole or nothing
  const inner = option === undefined || isTransformed(option) ? undefined : bare(option);
  if (inner instanceof z.ZodObject && isMappingValue(value)) return Object.fromEntries(Object.entries(inner.shape).map(([key, child]) => [key, read(child, Object.hasOwn(value, key) ? value[key] : undefined)]));
  if (inner instanceof z.ZodArray && Array.isArray(value)) return value.map((item) => read(inner.element, item));
  return undefined;
};

const isTransformed = (schema: Schema): boolean => {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) return isTransformed(schema.unwrap());
  return schema instanceof z.ZodPipe;
};
