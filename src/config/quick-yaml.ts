/**
 * YAML read at once to data, without the places of anything, by js-yaml: a fifth of the time that a document with places takes. A text that it finds wrong,
 * or in which the two libraries may differ, is for document.ts.
 */
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';

/** The items of the list that is remembered, by what they say: the very value of last time for an item that says the same. */
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

/**
 * The value that document.ts finds in the text; undefined when it has to look itself.
 * @param list key of the mapping that is the document: the items of its list are remembered
 */
export const readQuickly = (text: string, list: string, remembered: RememberedItems = new Map()): QuickText | undefined => {
  if (unusual.test(text)) return undefined;
  const said = text.replace(comments, '');
  if (rare.test(said) || noTextKey.test(said)) return undefined;
  try {
    return remember(load(text, { schema: CORE_SCHEMA }), list, remembered);
  } catch (error) {
    if (error instanceof YAMLException) return undefined;
    throw error;
  }
};

const remember = (value: unknown, list: string, remembered: RememberedItems): QuickText => {
  const items = new Map<string, unknown>();
  if (typeof value !== 'object' || value === null) return { value, items };
  const found: unknown = Reflect.get(value, list);
  if (!Array.isArray(found)) return { value, items };
  const same = found.map((item: unknown): unknown => {
    const key = JSON.stringify(item);
    const known = remembered.get(key) ?? item;
    items.set(key, known);
    return known;
  });
  return { value: { ...value, [list]: same }, items };
};
