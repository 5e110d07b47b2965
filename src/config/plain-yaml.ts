/**
 * The plain part of YAML that configuration files are written in, read at once to data without places: block mappings and lists, scalars and
 * flow collections of one line each. What goes beyond it is for document.ts, and so is every text that is wrong.
 */

/** The items of the list that is remembered, by their text: the very value of last time for an item whose text has not changed. */
export type RememberedItems = ReadonlyMap<string, unknown>;

export interface PlainText {
  /** as `SourceDocument.value` */
  readonly value: unknown;
  readonly items: RememberedItems;
}

/** Thrown through the recursion, never out of this file. */
class BeyondPlain extends Error {}

const beyond = (): never => {
  throw new BeyondPlain();
};

/** Tabs, carriage returns, other control characters, other line ends, a mark in the middle. */
const unusual = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;
const deepest = 32;

/**
 * The value that document.ts finds in the text, or undefined when the text is not plain.
 * @param list key of the mapping that is the document: the items of its list are remembered
 */
export const readPlain = (text: string, list: string, remembered: RememberedItems = new Map()): PlainText | undefined => {
  if (unusual.test(text)) return undefined;
  try {
    const reader = new PlainReader(text, list, remembered);
    return { value: reader.document(), items: reader.items };
  } catch (error) {
    if (error instanceof BeyondPlain) return undefined;
    throw error;
  }
};

const [newline, space, quote, hash, apostrophe, comma, dash, colon, openList, closeList, openMapping, closeMapping] = [...'\n "#\',-:[]{}'].map((character) => character.charCodeAt(0));

const isWordStart = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
const isWord = (code: number): boolean => isWordStart(code) || (code >= 48 && code <= 57) || code === dash;

class PlainReader {
  readonly items = new Map<string, unknown>();
  /** offset of what is read next */
  private at = 0;
  /** of the line that is read, in columns; -1 at the end of the text */
  private indent = -1;
  private lineStart = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly list: string,
    private readonly remembered: RememberedItems,
  ) {}

  document(): unknown {
    this.toLine(0);
    if (this.indent !== 0) return beyond();
    const value = this.mapping(0);
    return this.isAtEnd ? value : beyond();
  }

  private get isAtEnd(): boolean {
    return this.indent === -1;
  }

  /** To the first line from this offset, which begins one, that says something. */
  private toLine(offset: number): void {
    const { text } = this;
    for (let start = offset; start < text.length; start = lineEnd(text, start) + 1) {
      let at = start;
      while (text.charCodeAt(at) === space) at++;
      const code = text.charCodeAt(at);
      if (code === newline || code === hash || Number.isNaN(code)) continue;
      this.lineStart = start;
      this.at = at;
      this.indent = at - start;
      return;
    }
    this.indent = -1;
  }

  /** What is left of the line may be a comment. */
  private endLine(): void {
    this.skipSpaces();
    if (!this.isRestEmpty()) beyond();
    this.toLine(lineEnd(this.text, this.at) + 1);
  }

  private skipSpaces(): void {
    while (this.text.charCodeAt(this.at) === space) this.at++;
  }

  private isDash(): boolean {
    return this.text.charCodeAt(this.at) === dash && isBlank(this.text.charCodeAt(this.at + 1));
  }

  private block(indent: number): unknown {
    if (++this.depth > deepest) return beyond();
    const value = this.isDash() ? this.sequence(indent) : this.mapping(indent);
    this.depth--;
    return value;
  }

  private mapping(indent: number): unknown {
    const result: Record<string, unknown> = {};
    while (this.indent === indent) {
      const key = this.key();
      if (Object.hasOwn(result, key)) return beyond();
      this.skipSpaces();
      result[key] = this.isRestEmpty() ? this.below(indent, indent === 0 && key === this.list) : this.inline();
    }
    return this.indent > indent ? beyond() : result;
  }

  /** What stands under `key:`; a list may stand under the key itself. */
  private below(indent: number, isRemembered: boolean): unknown {
    this.endLine();
    if (this.indent > indent) return isRemembered && this.isDash() ? this.sequence(this.indent, true) : this.block(this.indent);
    return this.indent === indent && this.isDash() ? this.sequence(indent, isRemembered) : null;
  }

  private sequence(indent: number, isRemembered = false): unknown {
    const result: unknown[] = [];
    while (this.indent === indent && this.isDash()) result.push(isRemembered ? this.rememberedItem(indent) : this.item(indent));
    return this.indent > indent ? beyond() : result;
  }

  private rememberedItem(indent: number): unknown {
    const end = itemEnd(this.text, this.at, indent);
    const source = this.text.slice(this.at, end);
    const known = this.remembered.get(source);
    const value = known ?? this.item(indent);
    if (known !== undefined) this.toLine(end + 1);
    this.items.set(source, value);
    return value;
  }

  private item(indent: number): unknown {
    this.at++;
    this.skipSpaces();
    if (this.isRestEmpty()) {
      this.endLine();
      return this.indent > indent ? this.block(this.indent) : null;
    }
    if (this.isDash()) return beyond();
    if (!this.isKey()) return this.inline();
    this.indent = this.at - this.lineStart;
    return this.block(this.indent);
  }

  /** Of the line: nothing, or a comment. */
  private isRestEmpty(): boolean {
    const code = this.text.charCodeAt(this.at);
    return code === newline || Number.isNaN(code) || (code === hash && this.text.charCodeAt(this.at - 1) === space);
  }

  private isKey(): boolean {
    const { text } = this;
    let end = this.at;
    if (!isWordStart(text.charCodeAt(end))) return false;
    while (isWord(text.charCodeAt(end))) end++;
    return text.charCodeAt(end) === colon && isBlank(text.charCodeAt(end + 1));
  }

  /** A word; those that are no text to YAML, and the one that is none to JavaScript, are not plain. */
  private key(): string {
    const { text, at: start } = this;
    if (!this.isKey()) return beyond();
    while (isWord(text.charCodeAt(this.at))) this.at++;
    const key = text.slice(start, this.at);
    this.at++;
    return typeof plainScalar(key) === 'string' && key !== '__proto__' ? key : beyond();
  }

  /** A value that ends on its line. */
  private inline(): unknown {
    const value = this.scalarOrFlow(false);
    this.endLine();
    return value;
  }

  private scalarOrFlow(isInFlow: boolean): unknown {
    switch (this.text.charCodeAt(this.at)) {
      case openList:
        return this.flowList();
      case openMapping:
        return this.flowMapping();
      case quote:
        return this.doubleQuoted();
      case apostrophe:
        return this.singleQuoted();
      default:
        return this.unquoted(isInFlow);
    }
  }

  private singleQuoted(): string {
    const { text, at } = this;
    const end = text.indexOf("'", at + 1);
    const content = text.slice(at + 1, end);
    // a doubled one stands for one
    if (end === -1 || content.includes('\n') || text[end + 1] === "'") return beyond();
    this.at = end + 1;
    return content;
  }

  private doubleQuoted(): string {
    jsonText.lastIndex = this.at;
    const [source] = jsonText.exec(this.text) ?? [];
    if (source === undefined) return beyond();
    this.at += source.length;
    return JSON.parse(source) as string;
  }

  private unquoted(isInFlow: boolean): unknown {
    const { text, at: start } = this;
    if (!plainStart.test(text.charAt(start)) || this.isDash()) return beyond();
    let end = start;
    for (; ; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === newline || Number.isNaN(code)) break;
      if (code === space) {
        if (text.charCodeAt(this.at + 1) === hash) break;
        continue;
      }
      if (isInFlow && isFlowIndicator(code)) break;
      if (code === colon && (isBlank(text.charCodeAt(this.at + 1)) || (isInFlow && isFlowIndicator(text.charCodeAt(this.at + 1))))) return beyond();
      end = this.at + 1;
    }
    return plainScalar(text.slice(start, end));
  }

  private flowList(): unknown {
    const result: unknown[] = [];
    this.flow(closeList, () => void result.push(this.scalarOrFlow(true)));
    return result;
  }

  private flowMapping(): unknown {
    const result: Record<string, unknown> = {};
    this.flow(closeMapping, () => {
      const key = this.key();
      this.skipSpaces();
      if (Object.hasOwn(result, key)) beyond();
      result[key] = this.scalarOrFlow(true);
    });
    return result;
  }

  private flow(close: number | undefined, readItem: () => void): void {
    if (++this.depth > deepest) beyond();
    this.at++;
    for (;;) {
      this.skipSpaces();
      if (this.text.charCodeAt(this.at) === close) break;
      readItem();
      this.skipSpaces();
      if (this.text.charCodeAt(this.at) === close) break;
      if (this.text.charCodeAt(this.at) !== comma) beyond();
      this.at++;
    }
    this.at++;
    this.depth--;
  }
}

const isBlank = (code: number): boolean => code === space || code === newline || Number.isNaN(code);
const isFlowIndicator = (code: number): boolean => code === comma || code === openList || code === closeList || code === openMapping || code === closeMapping;

const lineEnd = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
};

/** Of a list's item: before the next line that is indented no further than its dash, comments and empty lines aside; without the empty lines at its end. */
const itemEnd = (text: string, from: number, indent: number): number => {
  let end = lineEnd(text, from);
  for (; end < text.length; end = lineEnd(text, end + 1)) {
    let at = end + 1;
    while (text.charCodeAt(at) === space) at++;
    const code = text.charCodeAt(at);
    if (at - end - 1 <= indent && code !== newline && code !== hash && !Number.isNaN(code)) break;
  }
  while (text.charCodeAt(end - 1) === newline) end--;
  return end;
};

/** With those escapes that mean the same in JSON. */
const jsonText = /"(?:[^"\\\n]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/** Of an unquoted scalar; what other characters begin is something else, or not plain enough. */
const plainStart = /[\w./+\-$(<=^\u00a0-\uffff]/;
/** What the core schema of YAML 1.2 takes for a number (10.3.2). */
const number = /^(?:[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[\da-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/;
const plainInteger = /^(?:0|-?[1-9]\d{0,14})$/;
const words = new Map<string, boolean | null>([
  ...['null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

const plainScalar = (source: string): unknown => {
  const code = source.charCodeAt(0);
  if (code <= 57) {
    if (plainInteger.test(source)) return Number(source);
    return number.test(source) ? beyond() : source;
  }
  if (source.length > 5) return source;
  const word = words.get(source);
  return word === undefined ? source : word;
};
