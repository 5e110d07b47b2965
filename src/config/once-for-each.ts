/** What is the same for an object as long as that lives: of a thousand services a reload leaves most the objects that they are. */

/** As `of`, which is asked once for each object. */
export const onceForEach = <T extends object, R>(of: (value: T) => R): ((value: T) => R) => {
  const known = new WeakMap<T, { readonly result: R }>();
  return (value) => {
    let entry = known.get(value);
    if (entry === undefined) known.set(value, (entry = { result: of(value) }));
    return entry.result;
  };
};
