/**
 * YAML read at once to data, without the places of anything, by js-yaml: a fifth of the time that a document with places takes. A text that it finds wrong,
 * or in which the two libraries may differ, is for document.ts.
 */
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { readPlainly } from './plain-yaml.js';

/** The items of the list that is remembered, by their texts: the very value of last time for an item that says the same. */
export type RememberedItems = ReadonlyMap<string, unknown>;

export interface QuickText {
  /** as `SourceDocument.value` */
  readonly value: unknown;
  readonly items: RememberedItems;
}

/** Tabs, carriage returns, other control characters, other line ends, a mark in the middle. */
const unusual = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;
/** Comments that hide nothing: `#` behind which a quotation ends is none. */
const comments = /^ *#.*$|(?<= )#[^"'\n]*$/gm;
/** Where something begins: an empty key, an anchor, an alias, a tag, a key of many lines, a block scalar, a directive; also the ends of documents, and numbers that JSON has not. */
const rare = /(?:^|[\s,[{-])[:&*!?|>%~]|^ *(?:\.\.\.|---)|\.(?:nan|inf)/im;
/** A key that is no text, or may be none. */
const noTextKey = /(?:^|[\s,[{-])(?:null|true|false|[-+.\d][^\s:]*)\s*:(?:\s|$)/im;

/** Stands for all items of the list where the text is read without them. */
const standIn = 'the items of the list';

/** A text that cannot be read quickly. */
class UnreadError extends Error {
  readonly code = 'UNREAD';
}

/**
 * The value that document.ts finds in the text; undefined when it has to look itself.
 * @param list key of the mapping that is the document: the items of its list are remembered
 */
export const readQuickly = (text: string, list: string, remembered: RememberedItems = new Map()): QuickText | undefined => {
  if (unusual.test(text) || text.includes(standIn)) return undefined;
  try {
    return readInParts(text, list, remembered) ?? { value: read(text), items: new Map() };
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
};

/** RangeError: nested thousands deep. */
const isUnreadable = (error: unknown): boolean => error instanceof YAMLException || error instanceof UnreadError || error instanceof RangeError;

/** @throws YAMLException, UnreadError, RangeError */
const read = (text: string): unknown => {
  const said = text.replace(comments, '');
  if (rare.test(said) || noTextKey.test(said)) throw new UnreadError();
  return load(text, { schema: CORE_SCHEMA });
};

/**
 * Each item of the list, which stands there in block form, by itself, and the rest with one item in place of all. What goes on over the end of what
 * looks like an item (a quotation, brackets) is none, and no YAML by itself.
 * @returns undefined when there is no such list
 */
const readInParts = (text: string, list: string, remembered: RememberedItems): QuickText | undefined => {
  const place = findItems(text, list);
  if (place === undefined) return undefined;
  const { starts, end, indentation } = place;
  const [first = 0] = starts;
  const rest = read(`${text.slice(0, first)}${indentation}- ${standIn}\n${text.slice(end)}`);
  if (typeof rest !== 'object' || rest === null || JSON.stringify(Reflect.get(rest, list)) !== JSON.stringify([standIn])) return undefined;
  const texts = starts.map((start, index) => text.slice(start, starts[index + 1] ?? end));
  const items = readItems(texts, remembered);
  return { value: { ...rest, [list]: texts.map((item) => items.get(item)) }, items };
};

const readItems = (texts: readonly string[], remembered: RememberedItems): RememberedItems => {
  const written = new Set(texts);
  const values = readAnew([...written].filter((text) => !remembered.has(text)));
  // what says the same with other comments, or other space, is what it was too
  const rewritten = new Map<string, unknown>();
  remembered.forEach((value, text) => written.has(text) || rewritten.set(JSON.stringify(value), value));
  const same = (value: unknown): unknown => (rewritten.size > 0 ? rewritten.get(JSON.stringify(value)) : undefined) ?? value;
  const items = new Map<string, unknown>();
  written.forEach((text) => items.set(text, remembered.has(text) ? remembered.get(text) : same(values.get(text))));
  return items;
};

/** Characters that the library reads at once: it makes some 10 kB of its own each time, and holds what it has found so far several times over. */
const enoughAtOnce = 8_192;

const readAnew = (texts: readonly string[]): ReadonlyMap<string, unknown> => {
  const values = new Map<string, unknown>();
  let group: string[] = [];
  let length = 0;
  const readGroup = (): void => {
    const together = readTogether(group);
    group.forEach((text, index) => values.set(text, together === undefined ? readItem(text) : together[index]));
    group = [];
    length = 0;
  };
  for (const text of texts) {
    const plain = readPlainly(text);
    if (plain !== undefined) {
      values.set(text, plain);
      continue;
    }
    group.push(text);
    length += text.length;
    if (length >= enoughAtOnce) readGroup();
  }
  readGroup();
  return values;
};

/** Where as many items are found as there are texts each is one: an item begins nowhere but where one of the texts does. */
const readTogether = (texts: readonly string[]): readonly unknown[] | undefined => {
  try {
    const values = texts.length === 0 ? [] : read(texts.join(''));
    return Array.isArray(values) && values.length === texts.length ? values : undefined;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
};

const readItem = (text: string): unknown => {
  const values = readTogether([text]);
  if (values === undefined) throw new UnreadError();
  return values[0];
};

/** Where the lines of its items begin, and where the last one ends. */
const findItems = (text: string, list: string): { readonly starts: readonly number[]; readonly end: number; readonly indentation: string } | undefined => {
  const key = new RegExp(`^${list}:(?: +#.*| *)\\n(?: *(?:#.*)?\\n)*(?=( *)-[ \\n])`, 'm').exec(text);
  if (key === null) return undefined;
  const [before, indentation = ''] = key;
  // of the lines that say something those that are not within an item
  const outer = new RegExp(`^ {0,${indentation.length}}[^ \\n#]`, 'gm');
  const dash = `${indentation}-`;
  const starts: number[] = [];
  let end = text.length;
  outer.lastIndex = key.index + before.length;
  while (outer.test(text)) {
    const line = text.lastIndexOf('\n', outer.lastIndex - 1) + 1;
    const isItem = outer.lastIndex === line + dash.length && text.startsWith(dash, line) && ' \n'.includes(text.charAt(outer.lastIndex));
    if (!isItem) {
      end = line;
      break;
    }
    starts.push(line);
  }
  return { starts, end, indentation };
};
