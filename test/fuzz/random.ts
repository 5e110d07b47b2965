/** A small generator of pseudo-random numbers (mulberry32): the same seed gives the same numbers, on every machine. */
export interface Random {
  /** 0 <= n < below; 0 for below 1 */
  readonly below: (below: number) => number;
  readonly pick: <T>(list: readonly [T, ...T[]] | readonly T[]) => T;
  /** true once in `times` */
  readonly once: (times: number) => boolean;
}

export const randomFrom = (seed: number): Random => {
  let state = seed | 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return limit < 1 ? 0 : ((t ^ (t >>> 14)) >>> 0) % limit;
  };
  return {
    below,
    once: (times) => below(times) === 0,
    pick: (list) => {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
  };
};

/** Seeds that have nothing to do with each other, of one and the same base. */
export const seedOf = (base: number, index: number): number => Math.imul(base ^ index, 0x9e3779b1) >>> 0;
