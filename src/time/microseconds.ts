/** Microseconds: the one unit of time inside the daemon, branded so that no bare number is taken for a time. */

/** An integer count of microseconds: a duration, or an instant of the monotonic clock. */
export type Microseconds = number & { readonly __unit: 'microseconds' };

export const Microseconds = (count: number): Microseconds => Math.round(count) as Microseconds;
export const Milliseconds = (count: number): Microseconds => Microseconds(count * 1_000);
export const Seconds = (count: number): Microseconds => Microseconds(count * 1_000_000);

export const toMilliseconds = (duration: Microseconds): number => duration / 1_000;
export const toSeconds = (duration: Microseconds): number => duration / 1_000_000;

export const plus = (a: Microseconds, b: Microseconds): Microseconds => (a + b) as Microseconds;
export const minus = (a: Microseconds, b: Microseconds): Microseconds => (a - b) as Microseconds;

/** The first of some instants; undefined where there is none. */
export const earliest = (instants: readonly (Microseconds | undefined)[]): Microseconds | undefined => {
  let first: Microseconds | undefined;
  for (const instant of instants) if (instant !== undefined && (first === undefined || instant < first)) first = instant;
  return first;
};
