/** The nearest of some known names to a mistyped one, by edit distance. */

/** Edits (insert, delete, replace, swap neighbours) from one word to the other (optimal string alignment). */
export const editDistance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) edits = Math.min(edits, at(beforeLast, column - 2) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
};

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;

const normalise = (word: string): string => word.toLowerCase().replaceAll(/[-_ ]/g, '_').slice(0, 64);

/** The known word that was probably meant; undefined when none is near (more than a third of its letters differ). */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const wanted = normalise(word);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(wanted, normalise(name));
    if (distance <= Math.max(1, Math.floor(Math.max(name.length, wanted.length) / 3)) && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { name, distance };
  }
  return best?.name;
};
