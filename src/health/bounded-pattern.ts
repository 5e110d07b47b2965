/**
 * Regular expressions on what servers answer, with an end to the time that they take. While one runs, nothing else does; and one that backtracks takes
 * seconds (`.*ok` on a line of 64 KiB) or for ever (`(a+)+$` on forty letters) for an answer that does not match.
 */
import vm from 'node:vm';

/** Milliseconds that a pattern has for all that one probe asks of it. */
export const patternLimit = 100;
/** what can be waited for: V8 looks at the time while it backtracks, a thread beside it keeps the time */
const least = 1;
const attemptsAtMost = 5;
/** more than a configuration has */
const patternsAtMost = 1_000;

/** Of patterns that overran: what they have the next time, half as much each time, so that many servers with the same bad answer do not keep the others from being checked. */
const limits = new Map<string, number>();

/** Takes no longer than its text is long, and is spared the thread: it repeats nothing and has no alternatives. */
const isPlain = ({ source }: RegExp): boolean => !/[*+?{|]/.test(source);

interface Sandbox {
  pattern: RegExp;
  text: string;
}
let machine: { readonly sandbox: Sandbox; readonly context: vm.Context; readonly script: vm.Script } | undefined;

/** Milliseconds that this process has worked: on a busy machine it may have done nothing for a while. */
const worked = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** @returns undefined: it has not come to a result within `milliseconds` */
export const matchWithin = (pattern: RegExp, text: string, milliseconds: number): boolean | undefined => {
  if (isPlain(pattern)) return pattern.test(text);
  for (let attempt = 1; ; attempt++) {
    const before = worked();
    const found = tryWithin(pattern, text, milliseconds);
    // where the processor was someone else's meanwhile, that says nothing of the pattern
    if (found !== undefined || attempt >= attemptsAtMost || worked() - before > milliseconds / 2) return found;
  }
};

const tryWithin = (pattern: RegExp, text: string, milliseconds: number): boolean | undefined => {
  if (machine === undefined) {
    const sandbox: Sandbox = { pattern, text };
    machine = { sandbox, context: vm.createContext(sandbox), script: new vm.Script('pattern.test(text)') };
  }
  const { sandbox, context, script } = machine;
  Object.assign(sandbox, { pattern, text });
  try {
    return script.runInContext(context, { timeout: Math.max(least, Math.ceil(milliseconds)) }) === true;
  } catch (error) {
    // it may be of the context's own class
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  } finally {
    sandbox.text = '';
  }
};

/** The pattern of one probe, which has its time for all of its answers, or parts of one. */
export class BoundedPattern {
  readonly #limit: number;
  #left: number;

  constructor(readonly pattern: RegExp) {
    this.#limit = this.#left = limits.get(pattern.source) ?? patternLimit;
  }

  /** @returns undefined: its time is over without a result */
  test(text: string): boolean | undefined {
    const begin = worked();
    const found = this.#left > 0 ? matchWithin(this.pattern, text, this.#left) : undefined;
    this.#left -= worked() - begin;
    const { source } = this.pattern;
    if (found === undefined) {
      this.#left = 0;
      if (limits.size >= patternsAtMost) limits.clear();
      limits.set(source, Math.max(least, this.#limit / 2));
    } else if (limits.has(source)) {
      if (this.#limit * 2 >= patternLimit) limits.delete(source);
      else limits.set(source, this.#limit * 2);
    }
    return found;
  }

  get overrun(): string {
    return `the pattern ${String(this.pattern)} did not come to a result within ${this.#limit} ms: it backtracks too much for this answer`;
  }
}
