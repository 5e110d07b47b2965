/** What two lists do not have in common: of a thousand services a reload leaves most the objects that they are, where they are. */

/** Without the items, the very objects, with which both begin and with which both end. */
export const withoutCommonEnds = <T>(some: readonly T[], others: readonly T[]): readonly [readonly T[], readonly T[]] => {
  const shorter = Math.min(some.length, others.length);
  let first = 0;
  while (first < shorter && some[first] === others[first]) first++;
  let last = 0;
  while (last < shorter - first && some[some.length - 1 - last] === others[others.length - 1 - last]) last++;
  return [some.slice(first, some.length - last), others.slice(first, others.length - last)];
};

/** Without the items, the very objects, that both have, wherever. */
export const withoutCommon = <T>(some: readonly T[], others: readonly T[]): readonly [readonly T[], readonly T[]] => {
  const [had, has] = withoutCommonEnds(some, others);
  const [before, after] = [new Set(had), new Set(has)];
  return [had.filter((item) => !after.has(item)), has.filter((item) => !before.has(item))];
};
