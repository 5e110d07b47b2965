/** The YAML text as plain data, with the place of every part of it. */
import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type Node, type Pair, type YAMLError } from 'yaml';
import { aliasTargets, type AliasTargets } from './aliases.js';
import { withoutMark, type DiagnosticCode } from './diagnostic.js';
import { maskSecrets } from './mask-secrets.js';
import { inWords } from '../control/in-words.js';

export type Path = readonly PropertyKey[];

/** A stretch of the text: offset and length in UTF-16 code units. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

export interface DocumentProblem extends Range {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly remedy: string;
}

export interface SourceDocument {
  /** null, booleans, numbers, strings, arrays, and objects without prototype */
  readonly value: unknown;
  readonly problems: readonly DocumentProblem[];
  /** where the text ceases to be YAML: what is read from there on is a guess */
  readonly brokenFrom: number | undefined;
  has(path: Path): boolean;
  /** the key or the value at the path; of a path that does not exist, the nearest mapping or list that does */
  locate(path: Path, part: 'key' | 'value'): Range;
  /** a value as the file writes it, short, secrets masked; `nothing`, `a mapping` and `a list` (`an empty list`) in words */
  shown(path: Path): string;
  position(offset: number): { readonly line: number; readonly column: number };
}

/** Aliases may multiply a small file into a huge one: no real configuration comes near this. */
const mostNodes = 500_000;

/** Never throws: what is wrong is in `problems`. */
export const readDocument = (source: string): SourceDocument => {
  const text = withoutMark(source);
  const problems: DocumentProblem[] = [];
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  if (control !== null) {
    const name = `U+${control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    problems.push({ code: 'unreadable', offset: control.index, length: 1, message: `the file holds the control character ${name}: it is no text`, remedy: 'give a YAML text file in UTF-8' });
    return { ...locator(undefined, new Map(), text), value: undefined, problems, brokenFrom: 0 };
  }
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent', keepSourceTokens: false });
    const tooDeep = document.errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
    for (const error of tooDeep === undefined ? [...document.errors, ...document.warnings] : [tooDeep]) problems.push(syntaxProblem(error, text, document));
    const broken = document.errors.filter((error) => !harmless.has(error.code)).map((error) => brokenFrom(error, text));
    const targets = aliasTargets(document);
    const value = plainValue(document, targets, problems);
    return { ...locator(document.contents ?? undefined, targets, text), value, problems, brokenFrom: broken.length === 0 ? undefined : Math.min(...broken) };
  } catch (error) {
    // the parser and the conversion recurse: RangeError (stack) for a text nested thousands deep
    const remedy = error instanceof RangeError ? 'nest less deeply' : 'give YAML';
    const message = error instanceof RangeError ? 'the text is nested too deeply' : `the text cannot be parsed: ${inWords(error)}`;
    return { ...locator(undefined, new Map(), text), value: undefined, problems: [{ code: 'syntax', offset: 0, length: 0, message, remedy }], brokenFrom: 0 };
  }
};

/** After these the rest of the document is read as it was meant. */
const harmless = new Set(['DUPLICATE_KEY', 'MULTIPLE_DOCS']);

/** A tab that should indent leaves the key on the line before without its value. */
const brokenFrom = (error: YAMLError, text: string): number => (error.code === 'TAB_AS_INDENT' ? text.lastIndexOf('\n', text.slice(0, error.pos[0]).trimEnd().length - 1) + 1 : error.pos[0]);

const syntaxProblem = (error: YAMLError, text: string, document: Document): DocumentProblem => {
  const [offset, end] = error.pos;
  const length = Math.max(1, firstLine(text.slice(offset, end)).length);
  const message = error.message.replace(/\s+/g, ' ').trim();
  switch (error.code) {
    case 'DUPLICATE_KEY': {
      const key = /^(?:"[^"]*"|'[^']*'|[^\s:,{}[\]]+)/.exec(text.slice(offset))?.[0] ?? '';
      return { code: 'duplicate_key', offset, length: Math.max(1, key.length), message: `the key ${key} stands twice in one mapping`, remedy: 'keep one of the two' };
    }
    case 'RESOURCE_EXHAUSTION': // the parser's recursion has ended in the middle of the text
      return { code: 'syntax', offset, length, message: 'the text is nested too deeply', remedy: 'nest less deeply' };
    case 'TAB_AS_INDENT':
      return { code: 'syntax', offset, length: 1, message: 'a tab cannot indent', remedy: 'indent with spaces' };
    case 'MULTIPLE_DOCS':
      return { code: 'syntax', offset, length, message: 'the file holds more than one document', remedy: 'remove everything from the second "---" on' };
    case 'TAG_RESOLVE_FAILED':
      return { code: 'syntax', offset, length, message: `unknown tag ${firstLine(text.slice(offset, end))}`, remedy: 'write the value without a tag' };
    default:
      return { code: 'syntax', offset: Math.min(offset, text.trimEnd().length), length, message: lowerFirst(message), remedy: syntaxRemedies[error.code] ?? (document.contents === null ? 'give a YAML mapping' : 'correct the YAML here or on the lines before') };
  }
};

const syntaxRemedies: Readonly<Record<string, string>> = {
  BAD_INDENT: 'indent what belongs together alike, and close every bracket',
  BLOCK_AS_IMPLICIT_KEY: 'start a new line, or put a text that holds ": " in quotes',
  MISSING_CHAR: 'add what is missing: a closing quote, a bracket, a comma, a space after ":"',
  BAD_SCALAR_START: 'put the text in quotes',
  MULTILINE_IMPLICIT_KEY: 'indent by the same number of spaces as the lines around, or close the quote',
  UNEXPECTED_TOKEN: 'remove it, or put the text in quotes',
  BAD_ALIAS: 'an alias is "*name" and nothing more; put a text that begins with * in quotes',
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0]?.trimEnd() ?? '';

/** The document as plain data. Aliases are followed; a cycle or a flood of them is a problem, and becomes null. */
const plainValue = (document: Document, targets: AliasTargets, problems: DocumentProblem[]): unknown => {
  let nodes = 0;
  const open = new Set<unknown>();
  const aliasProblem = (node: Node, message: string, remedy: string): null => {
    const [offset = 0, end = offset] = node.range ?? [];
    problems.push({ code: 'syntax', offset, length: Math.max(1, end - offset), message, remedy });
    return null;
  };
  const convert = (node: unknown): unknown => {
    nodes++;
    if (isAlias(node)) {
      const target = targets.get(node);
      if (target === undefined) return aliasProblem(node, `no anchor &${node.source} stands before this alias`, `define &${node.source} before it is used`);
      if (open.has(target)) return aliasProblem(node, `the alias *${node.source} contains itself`, 'write the value out');
      if (nodes > mostNodes) return aliasProblem(node, 'aliases make this document too large', 'write fewer aliases of aliases');
      return convert(target);
    }
    if (isScalar(node)) return typeof node.value === 'bigint' ? Number(node.value) : node.value;
    if (isSeq(node)) {
      open.add(node);
      const items = node.items.map(convert);
      open.delete(node);
      return items;
    }
    if (isMap(node)) {
      open.add(node);
      const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      for (const pair of node.items) {
        const key = keyOf(pair);
        if (key === undefined) {
          const [offset = 0, end = offset] = isNode(pair.key) ? (pair.key.range ?? []) : [];
          problems.push({ code: 'invalid_value', offset, length: Math.max(1, Math.min(end - offset, 1)), message: 'a key must be plain text', remedy: 'give the name of a setting' });
        } else result[key] = convert(pair.value);
      }
      open.delete(node);
      return result;
    }
    return null;
  };
  return convert(document.contents);
};

const isNode = (value: unknown): value is Node => isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);

/** The key as text; undefined when it is a collection or an alias. */
const keyOf = (pair: Pair): string | undefined => (isScalar(pair.key) ? (pair.key.value === null ? (pair.key.source ?? '') : String(pair.key.value)) : undefined);

const locator = (contents: Node | undefined, targets: AliasTargets, text: string): Pick<SourceDocument, 'has' | 'locate' | 'shown' | 'position'> => {
  let masked: string | undefined;
  // an alias of nothing stays what it is: its place is its own
  const follow = (node: unknown): unknown => (isAlias(node) ? (targets.get(node) ?? node) : node);
  const step = (node: unknown, key: PropertyKey): { readonly key: unknown; readonly value: unknown } | undefined => {
    const collection = follow(node);
    if (isSeq(collection)) {
      const item = typeof key === 'number' ? collection.items[key] : undefined;
      return item === undefined ? undefined : { key: undefined, value: item };
    }
    const pair = isMap(collection) ? collection.items.findLast((each) => keyOf(each) === key) : undefined;
    return pair && { key: pair.key, value: pair.value };
  };
  const descend = (path: Path): { readonly key: unknown; readonly value: unknown; readonly complete: boolean } => {
    let place: { readonly key: unknown; readonly value: unknown } = { key: undefined, value: contents };
    for (const part of path) {
      const next = step(place.value, part);
      if (next === undefined) return { ...place, complete: false };
      place = next;
    }
    return { ...place, complete: true };
  };
  const rangeOf = (value: unknown): Range | undefined => {
    const node = follow(value);
    if (isMap(node) && node.flow !== true) return isNode(node.items[0]?.key) ? rangeOf(node.items[0].key) : undefined;
    if (!isNode(node) || !node.range) return undefined;
    const [offset, end] = node.range;
    if (isSeq(node) && node.flow !== true) return { offset, length: 1 };
    const length = firstLine(text.slice(offset, end)).length;
    return length === 0 ? undefined : { offset, length };
  };
  return {
    has: (path) => descend(path).complete,
    locate: (path, part) => {
      const place = descend(path);
      const wanted = part === 'key' && place.complete ? (rangeOf(place.key) ?? rangeOf(place.value)) : (rangeOf(place.value) ?? rangeOf(place.key));
      return wanted ?? { offset: 0, length: 0 };
    },
    shown: (path) => {
      const node = follow(descend(path).value);
      if (isMap(node)) return 'a mapping';
      if (isSeq(node)) return node.items.length === 0 ? 'an empty list' : 'a list';
      if (!isScalar(node) || node.value === null || !node.range) return 'nothing';
      if (node.value === '') return 'empty';
      masked ??= maskSecrets(text);
      const source = firstLine(masked.slice(node.range[0], node.range[1]));
      return source.length > 40 ? `${source.slice(0, 40)}...` : source;
    },
    position: positions(text),
  };
};

/** The line and column of an offset; yaml's LineCounter miscounts in a quoted text that is not closed. */
const positions = (text: string): SourceDocument['position'] => {
  const starts = [0];
  for (let offset = text.indexOf('\n'); offset !== -1; offset = text.indexOf('\n', offset + 1)) starts.push(offset + 1);
  return (offset) => {
    const index = starts.findLastIndex((start) => start <= offset);
    const start = starts[index] ?? 0;
    // what the parser finds at the end of a line may be between the CR and the LF
    const column = text[offset] === '\n' && text[offset - 1] === '\r' ? offset - start : offset - start + 1;
    return { line: index + 1, column };
  };
};
