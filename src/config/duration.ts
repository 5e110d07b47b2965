/** Durations as the configuration file writes them: `500ms`, `2s`, `5m`, `1h`, `14d`, or plain seconds. */
import { Microseconds, toMilliseconds, toSeconds } from '../time/microseconds.js';

/** What a duration in text looks like; without a unit it is seconds. */
export const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;

const microsecondsIn = { ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000, d: 86_400_000_000 } as const;
const isUnit = (unit: string): unit is keyof typeof microsecondsIn => unit in microsecondsIn;

/** The duration, or undefined when the input is none, is negative, or is not a whole count of microseconds. */
export const parseDuration = (input: string | number): Microseconds | undefined => {
  const match = durationPattern.exec(typeof input === 'number' ? plain(input) : input);
  const unit = match?.[2] ?? 's';
  if (match === null || !isUnit(unit)) return undefined;
  const exact = Number(match[1]) * microsecondsIn[unit];
  const whole = Microseconds(exact);
  // 0.0011s x 1e6 is 1100.0000000000002: only what a double cannot hold exactly may be rounded away
  if (!Number.isSafeInteger(whole) || Math.abs(exact - whole) > Math.max(1e-6, whole * 1e-12)) return undefined;
  return whole;
};

/** The shortest exact form that the file accepts: `1h`, `5m`, `90s`, `40.95s`, `500ms`. */
export const formatDuration = (duration: Microseconds): string => {
  if (duration === 0) return '0s';
  if (duration % microsecondsIn.h === 0) return `${duration / microsecondsIn.h}h`;
  if (duration % microsecondsIn.m === 0) return `${duration / microsecondsIn.m}m`;
  if (duration >= microsecondsIn.s) return `${plain(toSeconds(duration))}s`;
  return `${plain(toMilliseconds(duration))}ms`;
};

/** Decimal notation without exponent, for the sizes that durations have. */
const plain = (value: number): string => {
  const text = String(value);
  return text.includes('e-') ? value.toFixed(9).replace(/0+$/, '') : text;
};
