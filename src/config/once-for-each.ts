/** What is the same for an object as long as that lives: of a thousand services a reload leaves most the objects that they are. */

/** Stands for a result that is undefined. */
const nothing = Symbol('nothing');

/** As `of`, which is asked once for each object. */
export const onceForEach = <T extends object, R>(of: (value: T) => R): ((value: T) => R) => {
  const known = new WeakMap<T, R | typeof nothing>();
  return (value) => {
    const found = known.get(value);
    if (found === nothing) return undefined as R;
    if (found !== undefined) return found as R;
    const result = of(value);
    known.set(value, result === undefined ? nothing : result);
    return result;
  };
};
