/**
 * Runs a decoder over mutated messages. Each case has a seed of its own; a failure prints it, and
 * `TANDEM_FUZZ='NAME SEED' npx vitest run --config test/vitest.config.ts test/fuzz` runs that case alone.
 * `TANDEM_FUZZ_BASE` gives other cases than the usual ones, `TANDEM_FUZZ_TIMES` so many times as many.
 */
import { mutate } from './mutation.js';
import { type Random, randomFrom, seedOf } from './random.js';

/** What a run must not take longer than, milliseconds: some thousand times the usual. */
const longestMilliseconds = 50;
/** so often is a slow run repeated: the machine may have had other work, the decoder's own time stays */
const repetitions = 5;
/** octets around a message, which the decoder must not see */
const margin = 64;

export interface Target<T> {
  readonly name: string;
  readonly runs: number;
  /** what is changed; each of it must be decoded as it is */
  readonly corpus: readonly Buffer[];
  readonly decode: (octets: Buffer) => T;
  /** @returns what is wrong with a result: undefined = nothing */
  readonly wrong?: (result: T, octets: Buffer) => string | undefined;
  /** the errors by which it may refuse; without them it must not throw */
  readonly refuses?: (error: unknown) => boolean;
  /** in every second case: makes checksums right again, so that what comes behind them is reached */
  readonly repair?: (octets: Buffer, random: Random) => void;
}

/** What came out, and how often: shows that the cases go deep enough. */
export type Outcomes = ReadonlyMap<string, number>;

type Outcome<T> = { readonly result: T } | { readonly error: unknown };

const settings = { base: Number(process.env['TANDEM_FUZZ_BASE'] ?? 20_261_121), times: Number(process.env['TANDEM_FUZZ_TIMES'] ?? 1) };
const [only, onlySeed] = (process.env['TANDEM_FUZZ'] ?? '').split(' ');

export const casesOf = (runs: number): number => Math.round(runs * settings.times);

/** The seeds to run for a name. */
export function* seeds(name: string, runs: number): Generator<number> {
  if (only !== undefined && only !== '') {
    if (only === name) yield Number(onlySeed);
    return;
  }
  for (let index = 0; index < casesOf(runs); index++) yield seedOf(settings.base, index);
}

export const isReplay = (): boolean => only !== undefined && only !== '';

/** A case that failed, with all that is needed to run it again. */
export class FuzzError extends Error {
  readonly code = 'FUZZ';
  constructor(name: string, seed: number, what: string, shown: string, cause?: unknown) {
    super(`${what}\n  again: TANDEM_FUZZ='${name} ${seed}' npx vitest run --config test/vitest.config.ts test/fuzz\n  of: ${shown}`, { cause });
    this.name = 'FuzzError';
  }
}

/** Milliseconds that `run` takes, at best: what else the machine does is not its fault. */
export const slowness = (run: () => void, first: number, longest = longestMilliseconds): number => {
  let best = first;
  for (let again = 0; again < repetitions && best > longest; again++) {
    const before = performance.now();
    run();
    best = Math.min(best, performance.now() - before);
  }
  return best > longest ? best : 0;
};

/** A message in the middle of a page of its own, where what is read beyond it can be told from it. */
class Page {
  private readonly page: Buffer;
  constructor(private readonly poison: number) {
    this.page = Buffer.alloc(65_536, poison);
  }

  around(octets: Buffer): Buffer {
    this.page.fill(this.poison, 0, margin);
    octets.copy(this.page, margin);
    this.page.fill(this.poison, margin + octets.length, 2 * margin + octets.length);
    return this.page.subarray(margin, margin + octets.length);
  }
}

const attempt = <T>(decode: (octets: Buffer) => T, octets: Buffer): Outcome<T> => {
  try {
    return { result: decode(octets) };
  } catch (error) {
    return { error };
  }
};

/** @param describe names an outcome for the count @throws FuzzError */
export const fuzz = <T>(target: Target<T>, describe: (result: T) => string): Outcomes => {
  const { name, corpus, decode, wrong, refuses, repair } = target;
  const pages = [new Page(0), new Page(0xff)] as const;
  const outcomes = new Map<string, number>();
  for (const seed of seeds(name, target.runs)) {
    const random = randomFrom(seed);
    const octets = mutate(random, corpus);
    if (repair && random.once(2)) repair(octets, random);
    const fail = (what: string, cause?: unknown): FuzzError => new FuzzError(name, seed, what, octets.toString('hex'), cause);
    const before = performance.now();
    const outcome = attempt(decode, pages[0].around(octets));
    const slow = slowness(() => attempt(decode, octets), performance.now() - before);
    if (slow > 0) throw fail(`${name} takes ${slow.toFixed(0)} ms`);
    if ('error' in outcome) {
      if (refuses?.(outcome.error) !== true) throw fail(`${name} throws ${String(outcome.error)}`, outcome.error);
    } else {
      const what = wrong?.(outcome.result, octets);
      if (what !== undefined) throw fail(`${name} gives ${what}`);
    }
    const label = 'error' in outcome ? `refused: ${outcome.error instanceof Error ? outcome.error.name : ''}` : describe(outcome.result);
    outcomes.set(label, (outcomes.get(label) ?? 0) + 1);
    // what stands around the message must make no difference
    if (seed % 8 === 0 && JSON.stringify(outcome) !== JSON.stringify(attempt(decode, pages[1].around(octets)))) throw fail(`${name} reads beyond the message`);
  }
  return outcomes;
};
