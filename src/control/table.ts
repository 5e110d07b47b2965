/** Rows of text in columns, and text that is shortened or wrapped to fit. Pure. */
import { escapeControls } from './log-line.js';

export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim';
const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 };

export const paint = (text: string, colour: Colour | undefined, enabled: boolean): string =>
  enabled && colour !== undefined && text !== '' ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;

export interface Cell {
  readonly text: string;
  readonly colour?: Colour | undefined;
}

/** `a-very-lo…-name`: the middle goes, since names differ at their ends. */
export const shorten = (text: string, width: number): string => {
  const clean = escapeControls(text);
  if (clean.length <= width) return clean;
  const tail = Math.floor((width - 1) / 2);
  return `${clean.slice(0, width - 1 - tail)}…${tail === 0 ? '' : clean.slice(-tail)}`;
};

/** Lines of at most `width` characters, broken at blanks where there are any. */
export const wrap = (text: string, width: number): readonly string[] => {
  const lines: string[] = [];
  let rest = escapeControls(text).trim();
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const cut = blank > 0 ? blank : width;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return rest === '' ? lines : [...lines, rest];
};

/**
 * Columns as wide as their longest cell, at most as `limits` says, two blanks between.
 * A row that is a string stands alone, across the columns.
 */
export const formatTable = (rows: readonly (readonly Cell[] | string)[], limits: readonly number[], colours: boolean): readonly string[] => {
  const widths = limits.map((limit, column) => Math.min(limit, Math.max(0, ...rows.map((row) => (typeof row === 'string' ? 0 : escapeControls(row[column]?.text ?? '').length)))));
  return rows.map((row) => {
    if (typeof row === 'string') return row;
    const shown = row.map(({ text, colour }, column) => {
      const short = shorten(text, widths[column] ?? 0);
      const padding = column === row.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - short.length);
      return { short, painted: paint(short, colour, colours), padding };
    });
    let last = shown.length - 1;
    while (last >= 0 && shown[last]?.short === '') last--;
    return shown
      .slice(0, last + 1)
      .map(({ painted, padding }, column) => (column === last ? painted : painted + padding))
      .join('  ');
  });
};
