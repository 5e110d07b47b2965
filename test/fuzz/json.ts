/** JSON values changed in one place or a few: parts missing, of another kind, in another place. */
import type { Random } from './random.js';

type Container = unknown[] | Record<string, unknown>;
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

const strange: readonly (() => unknown)[] = [
  () => null, () => true, () => 0, () => -1, () => 1e308, () => -1e308, () => 1.5, () => 2 ** 53, () => '', () => 'x', () => '__proto__', () => '192.0.2.1', () => '::', () => '\ud800', () => 'x'.repeat(5_000),
  () => [], () => ({}), () => [[]], () => [null], () => ({ map: [] }), () => ({ map: [['web']] }), () => ({ set: [1] }), () => ({ map: 1 }), () => ({ __proto__: null }), () => ({ type: 'x' }),
];

const containers = (value: unknown): readonly Container[] => {
  if (!isContainer(value)) return [];
  return [value, ...Object.values(value).flatMap(containers)];
};

/** The same value is changed in place. */
const changeOnce = (random: Random, root: Container): void => {
  const all = containers(root).filter((container) => Object.keys(container).length > 0);
  if (all.length === 0) return;
  const container = random.pick(all);
  const key = random.pick(Object.keys(container));
  const other = random.pick(all);
  switch (random.below(5)) {
    case 0:
      Reflect.deleteProperty(container, key);
      return;
    case 1: {
      // what stands elsewhere, as a copy
      const copy: unknown = structuredClone(Reflect.get(other, random.pick(Object.keys(other))));
      Reflect.set(container, key, copy);
      return;
    }
    case 2:
      if (Array.isArray(container)) container.push(structuredClone(container[random.below(container.length)]));
      else Reflect.set(container, random.pick(['x', 'type', 'toString', 'constructor', 'command', 'instance']), random.pick(strange)());
      return;
    default:
      Reflect.set(container, key, random.pick(strange)());
  }
};

/** @param original stays as it is */
export const mutateJson = (random: Random, original: object): string => {
  const root = structuredClone(original) as Container;
  for (let times = 1 + random.below(3); times > 0; times--) changeOnce(random, root);
  return JSON.stringify(root);
};
