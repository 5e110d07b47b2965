/** The words of a line: white space between them, quotes around those that hold some, braces by themselves wherever they stand. */
import type { Findings } from './findings.js';
import { placeIn, type Line } from './line.js';
import type { Place } from './place.js';

export interface Token {
  readonly kind: 'word' | 'open' | 'close';
  /** without its quotes, escapes resolved */
  readonly text: string;
  /** some of it was in quotes */
  readonly quoted: boolean;
  readonly place: Place;
}

const escapes: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', E: '\u001b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** What a backslash and what follows it stand for, and how many characters they are. */
const unescape = (text: string): readonly [string, number] => {
  const octal = /^\\([0-7]{1,3})/.exec(text);
  if (octal !== null) return [String.fromCharCode(Number.parseInt(octal[1] ?? '', 8) & 0xff), octal[0].length];
  const hexadecimal = /^\\x([0-9a-f]{1,6})/i.exec(text);
  if (hexadecimal !== null) return [String.fromCharCode(Number.parseInt(hexadecimal[1] ?? '', 16) & 0xff), hexadecimal[0].length];
  const control = /^\\c(.)/.exec(text);
  if (control !== null) return [String.fromCharCode((control[1] ?? '').charCodeAt(0) & 0x1f), 3];
  const next = text.charAt(1);
  return [escapes[next] ?? next, Math.min(2, text.length)];
};

/** One word from an offset on: its text, where it ends, and the quote that is not closed. */
const readWord = (text: string, from: number): { readonly word: string; readonly end: number; readonly quoted: boolean; readonly unclosed: number | undefined } => {
  let word = '';
  let quoted = false;
  let at = from;
  while (at < text.length) {
    const character = text.charAt(at);
    if (/[\s{}]/.test(character)) break;
    if (character === '$' && text.charAt(at + 1) === '{' && text.indexOf('}', at) > 0) {
      // a parameter that nobody defined stays as it is
      const end = text.indexOf('}', at) + 1;
      word += text.slice(at, end);
      at = end;
    } else if (character === '"' || character === "'") {
      quoted = true;
      const start = at++;
      while (at < text.length && text.charAt(at) !== character) {
        const [part, length] = text.charAt(at) === '\\' ? unescape(text.slice(at, at + 10)) : [text.charAt(at), 1];
        word += part;
        at += length;
      }
      if (at >= text.length) return { word, end: text.length, quoted, unclosed: start };
      at++;
    } else if (character === '\\' && at + 1 < text.length) {
      const [part, length] = unescape(text.slice(at, at + 10));
      word += part;
      at += length;
    } else {
      word += character;
      at++;
    }
  }
  return { word, end: at, quoted, unclosed: undefined };
};

export const tokensOf = (line: Line, findings: Findings): readonly Token[] => {
  const tokens: Token[] = [];
  const { text } = line;
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    if (/\s/.test(character)) at++;
    else if (character === '{' || character === '}') {
      tokens.push({ kind: character === '{' ? 'open' : 'close', text: character, quoted: false, place: placeIn(line, at, 1) });
      at++;
    } else {
      const { word, end, quoted, unclosed } = readWord(text, at);
      if (unclosed !== undefined) findings.error(placeIn(line, unclosed, 1), { code: 'syntax', message: 'the quote is not closed', remedy: `add the closing ${text.charAt(unclosed)} on the same line, or put a backslash before a quote that is none` });
      tokens.push({ kind: 'word', text: word, quoted, place: placeIn(line, at, Math.max(1, end - at)) });
      at = Math.max(end, at + 1);
    }
  }
  return tokens;
};
