/** What is the same for an object while it is asked for again and again: nothing is kept of those before. */

/** As `of`, which is not asked again for the object that it was asked for last. */
export const onceInARow = <T extends object, R>(of: (value: T) => R): ((value: T) => R) => {
  let last: { readonly value: T; readonly result: R } | undefined;
  return (value) => {
    if (last?.value !== value) last = { value, result: of(value) };
    return last.result;
  };
};
