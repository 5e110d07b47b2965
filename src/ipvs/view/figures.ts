/** Columns of counters and rates, as `ipvsadm --stats` and `--rate` have them. Pure. */
import type { Statistics } from '../statistics.js';

const width = 8;

const exact = (count: bigint): string => ` ${String(count).padStart(width)}`;

const steps = [
  { below: 1_000_000_000n, unit: 1_000n, letter: 'K' },
  { below: 100_000_000_000n, unit: 1_000_000n, letter: 'M' },
  { below: 100_000_000_000_000n, unit: 1_000_000_000n, letter: 'G' },
] as const;
const largest = { unit: 1_000_000_000_000n, letter: 'T' } as const;

const abbreviated = (count: bigint): string => {
  if (count < 100_000_000n) return exact(count);
  const { unit, letter } = steps.find(({ below }) => count < below) ?? largest;
  return `${String(count / unit).padStart(width)}${letter}`;
};

/** ipvsadm 1.31 keeps all of a destination's figures but its bytes in 32 bits, and those of a service in 64. */
const kept = (count: bigint, of: 'service' | 'destination'): bigint => (of === 'destination' ? BigInt.asUintN(32, count) : count);

export interface FigureOptions {
  readonly of: 'service' | 'destination';
  /** no K, M, G, T */
  readonly exact: boolean;
}

export const totals = (statistics: Statistics, options: FigureOptions): string => {
  const { connections, inPackets, outPackets, inBytes, outBytes } = statistics;
  return [...[connections, inPackets, outPackets].map((count) => kept(count, options.of)), inBytes, outBytes].map(options.exact ? exact : abbreviated).join('');
};

/** Those of a destination are abbreviated in the last two columns only. */
export const rates = (statistics: Statistics, options: FigureOptions): string => {
  const { connectionRate, inPacketRate, outPacketRate, inByteRate, outByteRate } = statistics;
  const whole = options.exact || options.of === 'destination' ? exact : abbreviated;
  const text = (counts: readonly bigint[], form: (count: bigint) => string): string => counts.map((count) => form(kept(count, options.of))).join('');
  return text([connectionRate, inPacketRate, outPacketRate], whole) + text([inByteRate, outByteRate], options.exact ? exact : abbreviated);
};
