/** The configuration that comes out: mappings and lists with comments and with the place that each part comes from, and its YAML text. */
import { Document, isMap, isSeq, parseDocument, YAMLMap, YAMLSeq, Pair, Scalar, type Node } from 'yaml';
import type { Path } from '../../config/document.js';
import type { Place } from './place.js';

export type Output = string | number | boolean | OutputMapping | OutputList;

export interface OutputMapping {
  readonly kind: 'mapping';
  readonly entries: readonly OutputEntry[];
  /** in braces, on one line */
  readonly flow?: boolean;
}

export interface OutputEntry {
  readonly key: string;
  readonly value: Output;
  readonly place?: Place | undefined;
  /** behind the value, which is a scalar or of flow */
  readonly comment?: string | undefined;
}

export interface OutputList {
  readonly kind: 'list';
  readonly items: readonly OutputItem[];
  readonly flow?: boolean;
}

export interface OutputItem {
  readonly value: Output;
  readonly place?: Place | undefined;
  /** lines above it */
  readonly above?: string | undefined;
}

/** What an entry may be given as: undefined leaves it out. */
type Given = Output | undefined | { readonly value: Output | undefined; readonly comment?: string | undefined; readonly place?: Place | undefined };

const isWrapped = (given: Given): given is Exclude<Given, Output | undefined> => typeof given === 'object' && !('kind' in given);

const entriesOf = (given: Readonly<Record<string, Given>>): readonly OutputEntry[] =>
  Object.entries(given).flatMap(([key, each]): readonly OutputEntry[] => {
    if (!isWrapped(each)) return each === undefined ? [] : [{ key, value: each }];
    return each.value === undefined ? [] : [{ key, value: each.value, comment: each.comment, place: each.place }];
  });

export const mapping = (given: Readonly<Record<string, Given>>): OutputMapping => ({ kind: 'mapping', entries: entriesOf(given) });

/** A mapping on one line. */
export const inline = (given: Readonly<Record<string, Given>>): OutputMapping => ({ ...mapping(given), flow: true });

export const list = (items: readonly OutputItem[]): OutputList => ({ kind: 'list', items });

export const inlineList = (values: readonly Output[]): OutputList => ({ kind: 'list', items: values.map((value) => ({ value })), flow: true });

/** Undefined for one without entries, which is left out then. */
export const unlessEmpty = <T extends OutputMapping | OutputList>(value: T): T | undefined => (('entries' in value ? value.entries : value.items).length === 0 ? undefined : value);

const commentText = (text: string): string => text.split('\n').map((line) => (line === '' ? '' : ` ${line}`)).join('\n');

const isFlow = (value: Output): boolean => typeof value !== 'object' || value.flow === true;

const nodeOf = (value: Output): Node => {
  if (typeof value !== 'object') return new Scalar(value);
  if (value.kind === 'list') {
    const node = new YAMLSeq();
    node.flow = value.flow === true;
    node.items = value.items.map(({ value: item, above }) => {
      const child = nodeOf(item);
      if (above !== undefined) child.commentBefore = commentText(above);
      return child;
    });
    return node;
  }
  const node = new YAMLMap();
  node.flow = value.flow === true;
  node.items = value.entries.map(({ key, value: item, comment }) => {
    const [keyNode, child] = [new Scalar(key), nodeOf(item)];
    if (comment !== undefined) {
      if (isFlow(item)) child.comment = commentText(comment);
      else keyNode.commentBefore = commentText(comment);
    }
    return new Pair(keyNode, child);
  });
  return node;
};

/** The YAML text; `head` is the comment above everything. */
export const textOf = (output: OutputMapping, head: string): string => {
  const document = new Document(nodeOf(output));
  document.commentBefore = commentText(head);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
};

/** Where in keepalived's files a part of the text comes from: the nearest part around the path that has a place. */
export const originOf = (output: OutputMapping, path: Path): Place | undefined => {
  let place: Place | undefined;
  let here: Output | undefined = output;
  for (const key of path) {
    if (typeof here !== 'object') break;
    const found: OutputEntry | OutputItem | undefined = here.kind === 'list' ? here.items[Number(key)] : here.entries.find((entry) => entry.key === key);
    place = found?.place ?? place;
    here = found?.value;
  }
  return place;
};

/** Of a YAML text: keys and indices to the innermost part that a place (1..) is in. */
export const pathsIn = (text: string): ((line: number, column: number) => Path) => {
  const { contents } = parseDocument(text);
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (line, column) => pathTo(contents, (starts[line - 1] ?? 0) + column - 1);
};

const pathTo = (contents: unknown, offset: number): Path => {
  const path: PropertyKey[] = [];
  const holds = (node: unknown): boolean => {
    const range = (node as Node | null)?.range;
    return range !== undefined && range !== null && offset >= range[0] && offset <= range[1];
  };
  let here = contents;
  for (;;) {
    if (isMap(here)) {
      const pair: Pair | undefined = here.items.find(({ key, value }) => holds(key) || holds(value));
      if (pair === undefined) return path;
      path.push(String(pair.key));
      here = pair.value;
    } else if (isSeq(here)) {
      const index = here.items.findIndex(holds);
      if (index < 0) return path;
      path.push(index);
      here = here.items[index];
    } else return path;
  }
};
