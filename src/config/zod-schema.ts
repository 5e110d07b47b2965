/** zod's schemas of the kinds of value that a file may hold: made when something is to be said of one. */
import { z } from 'zod';
import { onceForEach } from './once-for-each.js';
import type { Bound, Form, Schema } from './schema/kinds.js';

export const zodOf = <T>(schema: Schema<T>): z.ZodType<T> => made(schema) as z.ZodType<T>;

const made = onceForEach(({ form }: Schema): z.ZodType => make(form));

const make = (form: Form): z.ZodType => {
  switch (form.kind) {
    case 'text':
      return z
        .string({ error: form.error })
        .transform((input, context) =>
          form.read(input, (details = {}, message = form.error) => {
            context.issues.push({ code: 'custom', input, message, params: { ...details } });
            return z.NEVER;
          }),
        )
        .meta(form.jsonSchema);
    case 'string': {
      const { error, pattern } = form;
      return pattern === undefined ? z.string({ error }) : z.string({ error }).regex(pattern, { error });
    }
    case 'number': {
      const { error, from, to, isAllowed } = form;
      const plain = form.isWhole ? z.int({ error }) : z.number({ error });
      const least = from === undefined ? plain : plain.min(from, { error });
      const most = to === undefined ? least : least.max(to, { error });
      return isAllowed === undefined ? most : most.refine(isAllowed, { error });
    }
    case 'boolean':
      return form.error === undefined ? z.boolean() : z.boolean({ error: form.error });
    case 'literal':
      return z.literal([...form.values], { error: form.error });
    case 'tuple': {
      const [first = z.never(), ...others] = form.items.map(zodOf);
      return z.tuple([first, ...others], { error: form.error });
    }
    case 'record':
      return z.record(zodOf(form.key) as z.ZodType<string, string>, zodOf(form.value), { error: form.error });
    case 'list':
      return form.bounds.reduce(withBound, z.array(zodOf(form.item), { error: form.error }));
    case 'mapping':
      return z.strictObject(Object.fromEntries(Object.entries(form.shape).map(([key, child]) => [key, zodOf(child)])), { error: 'a mapping' });
    case 'union':
      return z.union(form.options.map(zodOf), { error: form.error });
    case 'transform':
      return zodOf(form.inner).transform((value, { issues }) => form.to(value, { issues: { hasAny: () => issues.length > 0, push: (issue) => issues.push({ ...issue }) } }));
    case 'optional':
      return zodOf(form.inner).optional();
    case 'prefault':
      return zodOf(form.inner).prefault(form.value);
    case 'described':
      return zodOf(form.inner).describe(form.description);
    case 'noted':
      return zodOf(form.inner).meta(form.more);
  }
};

const withBound = (array: z.ZodArray<z.ZodType>, bound: Bound): z.ZodArray<z.ZodType> => {
  const { error } = bound;
  if ('min' in bound) return array.min(bound.min, { error });
  if ('max' in bound) return array.max(bound.max, { error });
  return array.superRefine((items, context) => {
    if (!bound.isRight(items)) context.addIssue({ code: 'custom', message: error, params: {} });
  });
};
