/** Port numbers as runs: 80, 443, 8000-8010. */

export type PortRun = readonly [first: number, last: number];

/** In rising order, each number once. */
export const portRuns = (ports: readonly number[]): readonly PortRun[] => {
  const runs: (readonly [number, number])[] = [];
  for (const port of [...new Set(ports)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[1] === port - 1) runs[runs.length - 1] = [last[0], port];
    else runs.push([port, port]);
  }
  return runs;
};
