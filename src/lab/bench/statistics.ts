/** Medians and the table that a measurement is printed as. */

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? NaN, sorted[middle] ?? NaN];
  return (low + high) / 2;
};

/** One thing measured of both daemons, in one run. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  readonly tandem: readonly number[];
  readonly keepalived: readonly number[];
}

/** The value that the given part of them does not exceed, e.g. 0.999. */
export const percentile = (values: readonly number[], part: number): number => [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(part * values.length) - 1)] ?? NaN;

const spread = (values: readonly number[]): string => `${Math.min(...values).toFixed(1)}..${Math.max(...values).toFixed(1)}`;

/** Medians, spreads and the ratio of the medians. */
export const table = (measurements: readonly Measurement[]): string => {
  const rows = measurements.map(({ name, unit, tandem, keepalived }) => [
    name,
    String(Math.min(tandem.length, keepalived.length)),
    `${median(tandem).toFixed(1)} ${unit}`,
    spread(tandem),
    `${median(keepalived).toFixed(1)} ${unit}`,
    spread(keepalived),
    (median(tandem) / median(keepalived)).toFixed(3),
  ]);
  const head = ['measured', 'runs', 'tandem', '(range)', 'keepalived', '(range)', 'ratio'];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')).join('\n');
};
