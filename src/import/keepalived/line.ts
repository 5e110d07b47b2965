/** Lines of a keepalived.conf on their way from the file to the tokens. */
import type { Place } from './place.js';

/** A line, or what a definition, a sequence or a condition made of one. */
export interface Line {
  /** without comment */
  readonly text: string;
  readonly path: string;
  /** 1.. */
  readonly number: number;
  /** the line as it stands in the file */
  readonly raw: string;
  /** column of the first character of `text`, 1..; undefined: something was replaced, columns are found by looking for the words */
  readonly column: number | undefined;
}

/** The place of `length` characters of the line's text from an offset on. */
export const placeIn = (line: Line, offset: number, length: number): Place => {
  const at = { path: line.path, line: line.number };
  if (line.column !== undefined) return { ...at, column: line.column + offset, length };
  const found = length === 0 ? -1 : line.raw.indexOf(line.text.slice(offset, offset + length));
  if (found >= 0) return { ...at, column: found + 1, length };
  const start = line.raw.length - line.raw.trimStart().length;
  return { ...at, column: start + 1, length: Math.max(1, line.raw.trim().length) };
};

export const placeOfLine = (line: Line): Place => placeIn(line, 0, Math.max(1, line.text.trimEnd().length));

/** The same line from an offset on, white space skipped. */
export const restOf = (line: Line, offset: number): Line => {
  const rest = line.text.slice(offset);
  const skipped = rest.length - rest.trimStart().length;
  return { ...line, text: rest.trimStart(), column: line.column === undefined ? undefined : line.column + offset + skipped };
};
