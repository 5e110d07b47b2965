/** Patterns of `include` as glob(3) with GLOB_BRACE has them: `*`, `?`, `[...]` within a part of a path, `{a,b}` anywhere. */
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';

/** `{a,b}` written out; braces may be nested. */
export const expandBraces = (pattern: string): readonly string[] => {
  const open = pattern.indexOf('{');
  if (open < 0) return [pattern];
  let depth = 0;
  const cuts = [open];
  for (let at = open; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '{') depth++;
    else if (character === ',' && depth === 1) cuts.push(at);
    else if (character === '}' && --depth === 0) {
      cuts.push(at);
      const [before, after] = [pattern.slice(0, open), pattern.slice(at + 1)];
      return cuts.slice(0, -1).flatMap((start, index) => expandBraces(before + pattern.slice(start + 1, cuts[index + 1]) + after));
    }
  }
  return [pattern];
};

const hasWildcard = (part: string): boolean => /[*?[]/.test(part);

/** A part of a path as a regular expression; a leading dot must be written. */
export const partPattern = (part: string): RegExp => {
  const source = part.replaceAll(/\[!?[^\]]+\]|[\s\S]/g, (piece) => {
    if (piece === '*') return '.*';
    if (piece === '?') return '.';
    if (piece.length > 2 && piece.startsWith('[')) return `[${piece.slice(1, -1).replace(/^!/, '^').replaceAll(/[\\\]]/g, '\\$&')}]`;
    return piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${part.startsWith('.') ? '' : '(?!\\.)'}${source}$`);
};

const namesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // what cannot be listed matches nothing
  }
};

const match = (directory: string, [part, ...rest]: readonly string[]): readonly string[] => {
  if (part === undefined) return [directory];
  const names = hasWildcard(part) ? namesIn(directory === '' ? '/' : directory).filter((name) => partPattern(part).test(name)) : [part];
  return names.map((name) => `${directory}/${name}`).flatMap((path) => (rest.length === 0 ? (existsSync(path) ? [path] : []) : match(path, rest)));
};

/** Whole paths, sorted, each once. */
export const globFiles = (pattern: string, directory: string): readonly string[] => [
  ...new Set(expandBraces(pattern).flatMap((each) => match('', resolve(directory, each).split('/').filter((part) => part !== '')))),
];
