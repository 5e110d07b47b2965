/**
 * Items of a list that are written as most of a thousand services are: keys, addresses, names, numbers and durations without quotation marks, a line each,
 * or in braces and brackets within a line. To read them so takes a tenth of what the library takes, which is for all that YAML can be.
 */

/** Given up: for the library. */
const notPlain = Symbol('not plain');

/** Lines that say nothing. */
const silentLines = /(?: *(?:#.*)?\n)*/y;
const spaces = / */y;
const key = /[a-z][a-z0-9_]*:(?: +|(?=\n))/y;
const scalar = /[\w/][\w.@+:/-]*/y;
const endOfLine = / *(?: #.*)?\n/y;

const word = /^[a-z][\w.@+/-]*$/i;
/** Of the core schema of YAML 1.2. */
const noText = /^(?:true|false|null)$/i;
const wholeNumber = /^(?:0|[1-9]\d{0,14})$/;
/** Addresses with or without a length, durations, paths. */
const otherText = /^(?:\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,3})?|\d+(?:ms|s|m|h|d)|\/[\w.@+/-]*|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){1,6}:[0-9a-f]{1,4})$/i;

/** What matches anywhere, if only nothing. */
const behind = (pattern: RegExp, text: string, from: number): number => {
  pattern.lastIndex = from;
  pattern.test(text);
  return pattern.lastIndex;
};

const valueOf = (text: string): unknown => {
  if (word.test(text) ? !noText.test(text) : otherText.test(text)) return text;
  if (wholeNumber.test(text)) return Number(text);
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw notPlain;
};

/**
 * The item that the text (`- ` and what follows, in block form) is, without tabs and other control characters but the ends of lines.
 * @returns undefined when it is not that plain
 */
export const readPlainly = (text: string): unknown => {
  try {
    // a text of its own: parts of it would keep the whole file
    return new PlainItem(`${text}\n`).read();
  } catch (error) {
    // RangeError: nested thousands deep
    if (error === notPlain || error instanceof RangeError) return undefined;
    throw error;
  }
};

class PlainItem {
  /** where the next thing begins */
  #at = 0;
  /** how far its line is indented, with the dashes before it; -1 behind the last line */
  #column = -1;

  constructor(private readonly text: string) {}

  read(): unknown {
    this.#goToLine(0);
    const [item, ...others] = this.#list(this.#column);
    if (others.length > 0 || this.#column !== -1) throw notPlain;
    return item;
  }

  /** To the next line that says something. */
  #goToLine(from: number): void {
    const line = behind(silentLines, this.text, from);
    this.#at = behind(spaces, this.text, line);
    this.#column = line === this.text.length ? -1 : this.#at - line;
  }

  #isAt(character: string): boolean {
    return this.text.startsWith(character, this.#at);
  }

  #skipSpaces(): void {
    this.#at = behind(spaces, this.text, this.#at);
  }

  #isAtKey(): boolean {
    key.lastIndex = this.#at;
    return key.test(this.text);
  }

  #list(column: number): readonly unknown[] {
    const items: unknown[] = [];
    while (this.#column === column && this.#isAt('- ')) {
      const dash = this.#at;
      this.#at += 2;
      this.#skipSpaces();
      this.#column += this.#at - dash;
      items.push(this.#isAtKey() ? this.#mapping(this.#column) : this.#restOfLine());
    }
    // what goes on further in is no plain line
    if (items.length === 0 || this.#column > column) throw notPlain;
    return items;
  }

  #mapping(column: number): Readonly<Record<string, unknown>> {
    const result: Record<string, unknown> = {};
    while (this.#column === column) {
      const name = this.#key(result);
      result[name] = this.#isAt('\n') ? this.#below(column) : this.#restOfLine();
    }
    if (this.#column > column) throw notPlain;
    return result;
  }

  /** Which the mapping has not yet. */
  #key(of: Readonly<Record<string, unknown>>): string {
    if (!this.#isAtKey()) throw notPlain;
    const name = this.text.slice(this.#at, this.text.indexOf(':', this.#at));
    if (Object.hasOwn(of, name)) throw notPlain;
    this.#at = key.lastIndex;
    return name;
  }

  /** What stands in the lines below a key; a list may be no further in than the key. */
  #below(column: number): unknown {
    this.#goToLine(this.#at);
    const isList = this.#isAt('- ');
    if (this.#column > column) return isList ? this.#list(this.#column) : this.#mapping(this.#column);
    return this.#column === column && isList ? this.#list(column) : null;
  }

  #restOfLine(): unknown {
    const value = this.#inline();
    endOfLine.lastIndex = this.#at;
    if (!endOfLine.test(this.text)) throw notPlain;
    this.#goToLine(endOfLine.lastIndex);
    return value;
  }

  #inline(): unknown {
    if (this.#isAt('{')) return this.#flowMapping();
    if (this.#isAt('[')) return this.#flowList();
    scalar.lastIndex = this.#at;
    if (!scalar.test(this.text)) throw notPlain;
    const from = this.#at;
    this.#at = scalar.lastIndex;
    return valueOf(this.text.slice(from, this.#at));
  }

  #flowList(): readonly unknown[] {
    const items: unknown[] = [];
    while (this.#hasMore(']', items.length === 0)) items.push(this.#inline());
    return items;
  }

  #flowMapping(): Readonly<Record<string, unknown>> {
    const result: Record<string, unknown> = {};
    for (let isFirst = true; this.#hasMore('}', isFirst); isFirst = false) {
      const name = this.#key(result);
      result[name] = this.#inline();
    }
    return result;
  }

  /** Behind the bracket that opens, or the comma; behind the one that closes when there is no more. */
  #hasMore(closing: string, isFirst: boolean): boolean {
    if (isFirst) this.#at++;
    this.#skipSpaces();
    if (this.#isAt(closing)) {
      this.#at++;
      return false;
    }
    if (isFirst) return true;
    if (!this.#isAt(',')) throw notPlain;
    this.#at++;
    this.#skipSpaces();
    // not every reader takes a comma with nothing behind it
    if (this.#isAt(closing)) throw notPlain;
    return true;
  }
}
