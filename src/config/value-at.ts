/** What stands at a path of plain data. */
import type { Path } from './document.js';

const stepInto = (value: unknown, key: PropertyKey): unknown => (typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined);

/** undefined where nothing stands */
export const valueAt = (value: unknown, path: Path): unknown => {
  let inner = value;
  for (const key of path) inner = stepInto(inner, key);
  return inner;
};

export const isMappingValue = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
