/** `~SEQ(...)`, `~SEQx(...)` and `~LST(...)`: values that a line is repeated with. */

/** The values of one repetition: name -> value. */
export type Round = ReadonlyMap<string, string>;

export interface Repetition {
  readonly rounds: readonly Round[];
  /** of the text, where what is repeated begins */
  readonly end: number;
}

/** A line that cannot be one, in words. */
export interface BadRepetition {
  readonly problem: string;
}

/** One for each of 16 bits. */
const mostRounds = 65_536;

const namePattern = /^[A-Za-z_]\w*$/;

/** The text that the parenthesis at `open` encloses, and where it ends. */
const enclosed = (text: string, open: number): { readonly inner: string; readonly end: number } | undefined => {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text.charAt(at) === '(') depth++;
    else if (text.charAt(at) === ')' && --depth === 0) return { inner: text.slice(open + 1, at), end: at + 1 };
  }
  return undefined;
};

/** Split at commas that no brace encloses. */
const parts = (text: string): readonly string[] => {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const character = text.charAt(at);
    if (character === '{') depth++;
    else if (character === '}') depth--;
    else if (at === text.length || (character === ',' && depth === 0)) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return found;
};

const braced = (text: string): readonly string[] => (text.startsWith('{') && text.endsWith('}') ? parts(text.slice(1, -1)) : [text]);

const number = (text: string): number | undefined => (/^[+-]?(0x[0-9a-f]+|\d+)$/i.test(text) ? (text.startsWith('-') ? -Number(text.slice(1)) : Number(text.replace('+', ''))) : undefined);

/** Whether a line is repeated. */
export const isRepetition = (text: string): boolean => /^~(SEQx?|LST)\s*\(/.test(text);

export const readRepetition = (text: string): Repetition | BadRepetition => {
  const kind = /^~(SEQx?|LST)\s*/.exec(text);
  const found = kind === null ? undefined : enclosed(text, kind[0].length);
  if (kind === null || found === undefined) return { problem: 'the parenthesis is not closed' };
  const [names = '', ...values] = parts(found.inner);
  const rounds = kind[1] === 'LST' ? listRounds(braced(names), values) : sequenceRounds(names, values, kind[1] === 'SEQx');
  return 'problem' in rounds ? rounds : { rounds: rounds.rounds, end: found.end };
};

type Rounds = { readonly rounds: readonly Round[] } | BadRepetition;

const sequenceRounds = (name: string, values: readonly string[], isHexadecimal: boolean): Rounds => {
  const numbers = values.map(number);
  if (!namePattern.test(name) || numbers.includes(undefined) || numbers.length < 1 || numbers.length > 3) return { problem: 'it is not NAME, start, step, end' };
  const whole = numbers.flatMap((each) => each ?? []);
  const end = whole.at(-1) ?? 0;
  const start = whole.length > 1 ? (whole[0] ?? 0) : end > 0 ? 1 : -1;
  const step = whole.length > 2 ? (whole[1] ?? 0) : end >= start ? 1 : -1;
  if (step === 0 || (end - start) / step < 0) return { problem: 'with this step it never ends' };
  const count = Math.floor((end - start) / step) + 1;
  if (count > mostRounds) return { problem: `it has ${count} rounds` };
  return { rounds: Array.from({ length: count }, (_, index) => new Map([[name, (start + index * step).toString(isHexadecimal ? 16 : 10)]])) };
};

const listRounds = (names: readonly string[], values: readonly string[]): Rounds => {
  if (!names.every((name) => namePattern.test(name)) || values.length === 0) return { problem: 'it is not NAME, value, value, ...' };
  const rounds = values.map((value) => (names.length === 1 ? [value] : braced(value)));
  if (rounds.some((round) => round.length !== names.length)) return { problem: `each value must have ${names.length} parts, as the names have` };
  return { rounds: rounds.map((round) => new Map(names.map((name, index) => [name, round[index] ?? '']))) };
};
