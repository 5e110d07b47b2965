/** A line of rules, as `ipvsadm -R` reads it: words between blanks, options in any of the forms that popt knows. Pure. */
import type { DiagnosticCode } from '../../config/diagnostic.js';
import { nearest } from '../../config/nearest.js';
import { byLongName, byShortName, ipvsadmOptions, type OptionDefinition } from './options.js';

/** A stretch of the line. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export interface Remark extends Place {
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly remedy: string;
}

export interface Given extends Place {
  /** of `--set` three, of a flag none */
  readonly values: readonly string[];
}

export interface Rule extends Place {
  /** long name of its first option, which is a command */
  readonly command: string;
  readonly options: ReadonlyMap<string, Given>;
}

interface Word extends Place {
  readonly text: string;
}

const wordsOf = (text: string, line: number): readonly Word[] => [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], line, column: match.index + 1, length: match[0].length }));

export const errorAt = ({ line, column, length }: Place, message: string, remedy: string, code: DiagnosticCode = 'invalid_value'): Remark => ({ severity: 'error', code, line, column, length, message, remedy });
export const warningAt = ({ line, column, length }: Place, message: string, remedy: string, code: DiagnosticCode = 'not_supported'): Remark => ({ severity: 'warning', code, line, column, length, message, remedy });

export type ParsedLine = { readonly rule: Rule | undefined; readonly remarks: readonly Remark[] };

/** A line may begin with the name of the program; comments and empty lines are skipped. */
export const parseLine = (text: string, line: number): ParsedLine => {
  if (/^\s*(?:#|$)/.test(text)) return { rule: undefined, remarks: [] };
  const words = wordsOf(text, line);
  const reader = new Reader(/(?:^|\/)ipvsadm$/.test(words[0]?.text ?? '') ? words.slice(1) : words);
  return reader.read({ line, column: (words[0]?.column ?? 1), length: text.trim().length });
};

class Reader {
  private at = 0;
  private readonly remarks: Remark[] = [];
  private readonly options = new Map<string, Given>();
  private command: string | undefined;

  constructor(private readonly words: readonly Word[]) {}

  read(place: Place): ParsedLine {
    for (let word = this.next(); word !== undefined && this.remarks.length === 0; word = this.next()) {
      if (word.text.startsWith('--')) this.readLong(word);
      else if (word.text.startsWith('-') && word.text.length > 1) this.readShort(word);
      else this.remarks.push(errorAt(word, `'${word.text}' stands where an option is expected`, word.text.startsWith('#') ? 'put comments on lines of their own' : 'one rule a line, such as -A -t 192.0.2.10:80 -s wrr'));
    }
    if (this.remarks.length === 0 && this.command === undefined) this.remarks.push(errorAt(place, 'the line has no command', 'begin it with -A, -a or another command of ipvsadm'));
    return { rule: this.remarks.length === 0 && this.command !== undefined ? { ...place, command: this.command, options: this.options } : undefined, remarks: this.remarks };
  }

  private next(): Word | undefined {
    return this.words[this.at++];
  }

  private readLong(word: Word): void {
    const [, name = '', attached] = /^--([^=]*)(?:=(.*))?$/.exec(word.text) ?? [];
    const option = byLongName.get(name);
    if (option) this.take(option, word, attached);
    else this.remarks.push(unknown(word, `--${name}`));
  }

  /** `-A`, `-At`, `-t192.0.2.10:80` */
  private readShort(word: Word): void {
    for (let index = 1; index < word.text.length; index++) {
      const letter = word.text[index] ?? '';
      const option = byShortName.get(letter);
      if (!option) {
        this.remarks.push(unknown(word, `-${letter}`));
        return;
      }
      const rest = word.text.slice(index + 1).replace(/^=/, '');
      this.take(option, word, option.kind === 'flag' || rest === '' ? undefined : rest);
      if (option.kind !== 'flag' && rest !== '') return;
    }
  }

  private take(option: OptionDefinition, word: Word, attached: string | undefined): void {
    const dashed = dashedName(option);
    if (option.isCommand && this.command !== undefined) this.remarks.push(errorAt(word, `${dashed} is a second command`, 'one command a line'));
    else if (!option.isCommand && this.command === undefined) this.remarks.push(errorAt(word, `${dashed} stands before the command`, 'begin the line with -A, -a or another command of ipvsadm'));
    else if (this.options.has(option.name)) this.remarks.push(errorAt(word, `${dashed} is given twice`, 'keep one of them', 'duplicate'));
    else {
      if (option.isCommand) this.command = option.name;
      const wanted = { flag: 0, optional: 1, value: 1, three: 3 }[option.kind];
      const values = attached === undefined ? [] : [attached];
      let end: Word = word;
      while (values.length < wanted) {
        const value = this.words[this.at];
        if (value === undefined || (option.kind === 'optional' && value.text.startsWith('-'))) break;
        values.push(value.text);
        end = value;
        this.at++;
      }
      // ipvsadm itself saves flags that it has no name for as `-b ` without any
      if (values.length < wanted && option.kind !== 'optional' && option.name !== 'sched-flags') this.remarks.push(errorAt(word, `${dashed} lacks its value`, option.kind === 'three' ? 'three numbers, such as --set 900 120 300' : `give it one after ${dashed}`, 'missing_key'));
      this.options.set(option.name, { line: word.line, column: word.column, length: end.column + end.length - word.column, values });
    }
  }
}

const dashedName = ({ name, short }: OptionDefinition): string => (short === undefined ? `--${name}` : `-${short}`);

const unknown = (word: Word, name: string): Remark => {
  const near = name.startsWith('--') ? nearest(name.slice(2), ipvsadmOptions.map((option) => option.name)) : undefined;
  return errorAt(word, `ipvsadm has no option ${name}`, near === undefined ? 'see man ipvsadm' : `--${near}?`, 'unknown_key');
};
