/** `$NAME` and `${NAME}` in a line: which one stands there, and what it stands for. */
import type { Line } from './line.js';

export type Definition = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'lines'; readonly lines: readonly Line[] };

export interface FoundParameter {
  readonly start: number;
  readonly end: number;
  readonly definition: Definition;
}

/** The first parameter that is defined; `$NAME` only where white space or the end of the line follows. Others stay as they are. */
export const findParameter = (text: string, definitionOf: (name: string, rest: readonly string[]) => Definition | undefined): FoundParameter | undefined => {
  for (const match of text.matchAll(/\$(?:\{([A-Za-z_]\w*)((?:\s+[^\s{}]+)*)\s*\}|([A-Za-z_]\w*)(?=\s|$))/g)) {
    const name = match[1] ?? match[3] ?? '';
    const definition = definitionOf(name, (match[2] ?? '').trim().split(/\s+/));
    if (definition !== undefined) return { start: match.index, end: match.index + match[0].length, definition };
  }
  return undefined;
};
