/**
 * From a file to the lines that keepalived would parse: comments gone, includes read, conditions decided, parameters replaced,
 * sequences written out. Reading is injected.
 */
import { dirname } from 'node:path/posix';
import { inWords } from '../../control/in-words.js';
import { withoutComment } from './comment.js';
import type { Findings } from './findings.js';
import { placeIn, placeOfLine, restOf, type Line } from './line.js';
import { isRepetition, readRepetition } from './sequence.js';
import { findParameter, type Definition } from './parameters.js';
import type { Place } from './place.js';
import type { Surroundings } from './surroundings.js';

/** Against a file that grows without end. */
const mostLines = 100_000;
/** Replacements that yield no line count too. */
const mostSteps = 200_000;
const deepestInclude = 20;
/** Parameters within parameters. */
const mostReplacements = 200;
const longestLine = 100_000;

const includePattern = /^(include[rmwba]?)(?:\s+(\S.*))?$/;
const definitionPattern = /^\$([A-Za-z_]\w*)=(.*)$/s;

export interface Expansion {
  readonly lines: readonly Line[];
  /** text of each file that was read, by its path */
  readonly texts: ReadonlyMap<string, string>;
}

export const expandFile = (path: string, text: string, surroundings: Surroundings, findings: Findings): Expansion => {
  const expander = new Expander(surroundings, findings);
  expander.file(path, text);
  expander.warnOfForeignConditions();
  return { lines: expander.lines, texts: expander.texts };
};

class Expander {
  readonly lines: Line[] = [];
  readonly texts = new Map<string, string>();
  readonly #definitions = new Map<string, Definition>();
  readonly #open: string[] = [];
  /** names that lines are for, each with its first place */
  readonly #conditions = new Map<string, Place>();
  #full = false;
  #steps = 0;

  constructor(
    private readonly surroundings: Surroundings,
    private readonly findings: Findings,
  ) {}

  file(path: string, text: string): void {
    this.texts.set(path, text);
    this.#open.push(path);
    this.#definitions.set('_PWD', { kind: 'text', text: dirname(path) });
    this.#all(sourceLines(path, text));
    this.#open.pop();
    const [last] = this.#open.slice(-1);
    if (last !== undefined) this.#definitions.set('_PWD', { kind: 'text', text: dirname(last) });
  }

  /** A file that has lines for others, and none for this host. */
  warnOfForeignConditions(): void {
    const [first] = this.#conditions.values();
    const { host } = this.surroundings;
    if (first === undefined || this.#conditions.has(host)) return;
    const names = [...this.#conditions.keys()];
    this.findings.warn(first, { code: 'doubtful', message: `there are lines for ${names.map((name) => `@${name}`).join(', ')} and none for @${host}`, remedy: `import with --host ${names[0] ?? ''} for what keepalived does with -i ${names[0] ?? ''}` });
  }

  /** Lines in their order; a definition takes those that follow it as long as they end with a backslash. */
  #all(lines: readonly Line[]): void {
    for (let index = 0; index < lines.length; index++) {
      const first = lines[index];
      if (first === undefined || first.text === '') continue;
      let end = index;
      if (beginsDefinition(first.text)) while (lines[end]?.text.endsWith('\\') === true && end + 1 < lines.length) end++;
      this.#line(first, lines.slice(index + 1, end + 1), 0);
      index = end;
    }
  }

  #line(line: Line, following: readonly Line[], depth: number): void {
    if (this.#full) return;
    if (++this.#steps > mostSteps) {
      this.#giveUp(line);
      return;
    }
    if (depth > mostReplacements) {
      this.#stop(line, 'a parameter stands for itself: its replacement never ends', 'define it without itself');
      return;
    }
    const condition = /^@(\^?)(\S*)\s*/.exec(line.text);
    if (condition !== null) {
      const matches = condition[2] === this.surroundings.host;
      if (condition[2] !== undefined && condition[1] === '') this.#conditions.set(condition[2], this.#conditions.get(condition[2]) ?? placeOfLine(line));
      if (matches !== (condition[1] === '^')) this.#line(restOf(line, condition[0].length), following, depth + 1);
      return;
    }
    const definition = definitionPattern.exec(line.text);
    if (definition !== null) {
      this.#define(definition[1] ?? '', line, following);
      return;
    }
    const include = includePattern.exec(line.text);
    if (include !== null && depth === 0) {
      this.#include(line, include[1] ?? '', include[2] ?? '');
      return;
    }
    if (isRepetition(line.text)) this.#repeat(line, depth);
    else this.#replace(line, depth);
  }

  #define(name: string, line: Line, following: readonly Line[]): void {
    const value = restOf(line, name.length + 2);
    if (following.length === 0) this.#definitions.set(name, { kind: 'text', text: value.text });
    else {
      const body = [value, ...following].map((each) => ({ ...each, text: each.text.replace(/\s*\\$/, '') }));
      this.#definitions.set(name, { kind: 'lines', lines: body.filter(({ text }) => text !== '') });
    }
  }

  #repeat(line: Line, depth: number): void {
    // the bounds may be parameters
    const close = line.text.indexOf(')');
    const head = this.#replaceAll(close < 0 ? line.text : line.text.slice(0, close + 1));
    const text = head + (close < 0 ? '' : line.text.slice(close + 1));
    const changed = text !== line.text;
    const found = readRepetition(text);
    if ('problem' in found) {
      this.findings.error(placeOfLine(line), { code: 'syntax', message: `this is no sequence that can be written out: ${found.problem}`, remedy: 'write ~SEQ(NAME, start, step, end) or ~LST(NAME, value, value, ...), then what is repeated' });
      return;
    }
    const rest = restOf({ ...line, text, column: changed ? undefined : line.column }, found.end);
    for (const round of found.rounds) {
      for (const [name, value] of round) this.#definitions.set(name, { kind: 'text', text: value });
      this.#line(rest, [], depth + 1);
      if (this.#full) return;
    }
    for (const name of found.rounds[0]?.keys() ?? []) this.#definitions.delete(name);
  }

  /** The text with every parameter replaced that stands for one line. */
  #replaceAll(text: string): string {
    let replaced = text;
    for (let count = 0; count < mostReplacements && replaced.length < longestLine; count++) {
      const found = this.#find(replaced);
      if (found === undefined || found.definition.kind === 'lines') return replaced;
      replaced = replaced.slice(0, found.start) + found.definition.text + replaced.slice(found.end);
    }
    return replaced;
  }

  #replace(line: Line, depth: number): void {
    const found = this.#find(line.text);
    if (found === undefined) {
      this.#emit(line);
      return;
    }
    const [before, after] = [line.text.slice(0, found.start), line.text.slice(found.end)];
    if (found.definition.kind === 'text') {
      const text = before + found.definition.text + after;
      if (text.length > longestLine) {
        this.#stop(line, 'parameters make this line endless', 'define them without themselves');
        return;
      }
      if (text.trim() !== '') this.#line({ ...line, text: text.trim(), column: undefined }, [], depth + 1);
      return;
    }
    const { lines } = found.definition;
    lines.forEach((each, index) => {
      const [head, tail] = [index === 0 ? before : '', index === lines.length - 1 ? after : ''];
      const plain = head.trim() === '' && tail.trim() === '';
      this.#line(plain ? each : { ...each, text: `${head}${each.text}${tail}`.trim(), column: undefined }, [], depth + 1);
    });
  }

  #find(text: string): ReturnType<typeof findParameter> {
    return findParameter(text, (name, rest) => this.#definitions.get(name) ?? this.#predefined(name, rest));
  }

  #predefined(name: string, rest: readonly string[]): Definition | undefined {
    const text = (value: string): Definition => ({ kind: 'text', text: value });
    if (name === '_INSTANCE') return text(this.surroundings.host);
    if (name === '_HASH') return text('#');
    if (name === '_BANG') return text('!');
    if (name === '_ENV') return text(this.surroundings.environment(rest[0] ?? '') ?? '');
    // the same number at each import
    if (name === '_RANDOM') return text(rest[0] ?? '0');
    return undefined;
  }

  #emit(line: Line): void {
    if (this.lines.length >= mostLines) this.#giveUp(line);
    else this.lines.push(line);
  }

  #giveUp(line: Line): void {
    this.#stop(line, `the file is too large when everything is written out (more than ${mostLines} lines)`, 'look for parameters that stand for themselves, or import it in parts');
  }

  /** What was found so far says nothing any more. */
  #stop(line: Line, message: string, remedy: string): void {
    this.#full = true;
    this.lines.length = 0;
    this.findings.error(placeOfLine(line), { code: 'syntax', message, remedy });
  }

  #include(line: Line, keyword: string, argument: string): void {
    const place = placeIn(line, 0, line.text.length);
    const pattern = argument.replaceAll(/["']/g, '');
    if (pattern === '') {
      this.findings.error(place, { code: 'syntax', message: `${keyword} without the name of a file`, remedy: 'name the file, or remove the line' });
      return;
    }
    if (this.#open.length >= deepestInclude) {
      this.findings.error(place, { code: 'syntax', message: `files include each other ${deepestInclude} deep`, remedy: 'look for a file that includes itself' });
      return;
    }
    const paths = this.surroundings.glob(pattern, dirname(line.path));
    if (paths.length === 0) {
      const finding = { code: 'unreadable' as const, message: `no file matches ${pattern}`, remedy: 'import where the files are, or remove the line' };
      // include, includer: keepalived runs without them
      if (/^include[r]?$/.test(keyword) || (keyword === 'includem' && /[*?[{]/.test(pattern))) this.findings.warn(place, finding);
      else this.findings.error(place, finding);
    }
    for (const path of paths) {
      if (this.#full) return;
      let text: string;
      try {
        text = this.surroundings.readText(path);
      } catch (error) {
        this.findings.error(place, { code: 'unreadable', message: `${path} cannot be read: ${inWords(error)}`, remedy: 'make it readable, or remove the line' });
        continue;
      }
      this.file(path, text);
    }
  }
}

/** Whether lines that follow may belong to it. */
const beginsDefinition = (text: string): boolean => /^(@\S+\s+)*\$[A-Za-z_]\w*=/.test(text);

/** The lines of a file, without comments and white space around them, whatever ends them. */
const sourceLines = (path: string, text: string): readonly Line[] =>
  text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .map((raw, index): Line => {
      const bare = withoutComment(raw);
      const start = bare.length - bare.trimStart().length;
      return { text: bare.slice(start), path, number: index + 1, raw, column: start + 1 };
    });
