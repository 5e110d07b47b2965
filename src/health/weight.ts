/** Weights that checks tell: what their words mean, and what follows for a server's configured weight. Pure. */

/** A share of the configured weight (0.5 = 50 %), or a weight in its place. */
export type WeightAdvice = { readonly factor: number } | { readonly weight: number };

/** HAProxy's bound of a weight, as a share: 256 %. */
const largestFactor = 2.56;
/** linux/ip_vs.h: 31 bits; the file's own bound is this. */
const largestWeight = 65_535;

/** `50%`, `10`; undefined = neither, or out of bounds. */
export const parseWeight = (word: string): WeightAdvice | undefined => {
  const percent = /^(\d{1,4})%$/.exec(word)?.[1];
  if (percent !== undefined) return Number(percent) / 100 <= largestFactor ? { factor: Number(percent) / 100 } : undefined;
  return /^\d{1,5}$/.test(word) && Number(word) <= largestWeight ? { weight: Number(word) } : undefined;
};

export const describeAdvice = (advice: WeightAdvice): string => ('factor' in advice ? `${Math.round(advice.factor * 100)}% of its weight` : `weight ${advice.weight}`);

/** A server that the configuration drains (0) stays drained; a share that is not 0 is a weight of 1 at least. */
export const advisedWeight = (configured: number, advice: WeightAdvice | undefined): number => {
  if (advice === undefined || configured === 0) return configured;
  if ('weight' in advice) return advice.weight;
  return advice.factor === 0 ? 0 : Math.min(largestWeight, Math.max(1, Math.round(configured * advice.factor)));
};
