/** The statements of a keepalived.conf: keyword, arguments, and a block where one follows. A line ends a statement, a brace opens or closes a block. */
import type { Findings } from './findings.js';
import type { Line } from './line.js';
import type { Place } from './place.js';
import { tokensOf, type Token } from './tokens.js';

export interface Statement {
  readonly keyword: string;
  readonly args: readonly Token[];
  /** undefined: no braces follow */
  readonly block: readonly Statement[] | undefined;
  /** of the keyword */
  readonly place: Place;
}

interface OpenBlock {
  readonly statements: Statement[];
  readonly brace: Place;
}

/** As deep as keepalived nests, and much more: what is deeper is no configuration. */
const deepest = 50;

const isWord = (token: Token): boolean => token.kind === 'word';

export const parseTree = (lines: readonly Line[], findings: Findings): readonly Statement[] => {
  const top: Statement[] = [];
  const open: OpenBlock[] = [];
  let here = top;
  /** the last statement may still get a block, on its own line or on the next */
  let mayOpen = false;
  const begin = (brace: Token): void => {
    const last = mayOpen ? here.pop() : undefined;
    if (last === undefined || open.length >= deepest) {
      const message = last === undefined ? 'a block without a keyword' : 'blocks are nested too deeply';
      findings.error(brace.place, { code: 'syntax', message, remedy: 'remove the brace, or write before it what the block is; of a template import what it makes' });
    }
    const statements: Statement[] = [];
    if (last !== undefined) here.push({ ...last, block: statements });
    open.push({ statements, brace: brace.place });
    here = statements;
    mayOpen = false;
  };
  const end = (brace: Token): void => {
    const closed = open.pop();
    if (closed === undefined) findings.error(brace.place, { code: 'syntax', message: 'a closing brace without a block', remedy: 'remove it, or look for a brace too many before' });
    here = open.at(-1)?.statements ?? top;
    mayOpen = false;
  };
  for (const line of lines) {
    let words: Token[] = [];
    const finish = (): void => {
      const [keyword, ...args] = words;
      if (keyword === undefined) return;
      here.push({ keyword: keyword.text, args, block: undefined, place: keyword.place });
      mayOpen = true;
      words = [];
    };
    for (const token of tokensOf(line, findings)) {
      if (isWord(token)) words.push(token);
      else {
        finish();
        if (token.kind === 'open') begin(token);
        else end(token);
      }
    }
    finish();
  }
  for (const { brace } of open) findings.error(brace, { code: 'syntax', message: 'the block is not closed', remedy: 'add the closing brace; keepalived does not start with such a file' });
  return top;
};
