/** Warns of regular expressions that backtrack so much that they may come to no result: they are tried on texts made for it. */
import { matchWithin, patternLimit } from '../../health/bounded-pattern.js';
import type { Path } from '../document.js';
import { octetPattern } from '../escapes.js';
import type { CheckKeys } from '../inherit-check.js';
import { checkEntries, type CheckEntry } from './check-entries.js';
import type { Context } from './context.js';

/** What takes time with the square of the length is no trouble for so short a text (and is given up in time on a long one). */
const trialLength = 1_024;
/** milliseconds: much more than a pattern takes that does not backtrack within its backtracking, on a busy machine too */
const trialLimit = 250;

/** Texts of one part over and over, which do not match as a whole: parts of the pattern itself, and what its classes stand for. */
const trials = (source: string): readonly string[] => {
  const words = source.match(/[A-Za-z0-9]{2,}/g) ?? [];
  const characters = source.match(/[A-Za-z0-9 "'<>,;:=/_-]/g) ?? [];
  return [...new Set(['a', '0', ' ', '"', ...characters.slice(0, 20), ...words.slice(0, 5)])];
};

const slowFor = (pattern: RegExp): string | undefined => trials(pattern.source).find((part) => matchWithin(pattern, `${part.repeat(Math.ceil(trialLength / part.length))}\n!`, trialLimit) === undefined);

const compiled = (make: () => RegExp): RegExp | undefined => {
  try {
    return make();
  } catch {
    return undefined; // reported by the schema
  }
};

interface Found {
  readonly place: Path;
  readonly pattern: RegExp | undefined;
}

const patternsOf = ({ check, place }: CheckEntry): readonly Found[] => {
  const bodyOf = (body: string | undefined, at: Path): readonly Found[] => (body === undefined ? [] : [{ place: at, pattern: compiled(() => new RegExp(body)) }]);
  const expected: CheckKeys['expect'] = check.expect;
  return [
    ...bodyOf(check.body, [...place, 'body']),
    ...(check.urls ?? []).flatMap((url, index) => bodyOf(url?.body, [...place, 'urls', index, 'body'])),
    ...(expected?.form === 'regex' ? [{ place: [...place, 'expect', 'regex'], pattern: compiled(() => octetPattern(expected.value)) }] : []),
  ];
};

export const checkPatterns = ({ file, report }: Context): void => {
  const known = new Map<string, string | undefined>();
  for (const { place, pattern } of checkEntries(file, 'body', 'urls', 'expect').flatMap(patternsOf)) {
    if (pattern === undefined) continue;
    if (!known.has(pattern.source)) known.set(pattern.source, slowFor(pattern));
    const part = known.get(pattern.source);
    if (part === undefined) continue;
    report(place, {
      severity: 'warning',
      code: 'doubtful',
      message: `the pattern backtracks without end: a text of "${part.repeat(Math.max(1, Math.floor(6 / part.length)))}..." is not judged within ${trialLimit} ms`,
      remedy: `write it without a repetition in a repetition, such as (a+)+; a probe gives it up after ${patternLimit} ms, and fails`,
    });
  }
};
