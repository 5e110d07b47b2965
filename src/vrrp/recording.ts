/** A flight recording: the inputs of one instance or sync group with their times, and what was decided on them. Pure. */
import type { Microseconds } from '../time/microseconds.js';
import type { InstanceEffect, RouterEvent, RouterState } from './router.js';

export interface RecordedInput {
  /** monotonic clock */
  readonly at: Microseconds;
  readonly event: RouterEvent;
  /** what the router decided on it */
  readonly effects: readonly InstanceEffect[];
}

export interface Recording {
  /** the instance, or the sync group */
  readonly unit: string;
  /** the transition because of which it was kept, in words */
  readonly cause: string;
  /** one moment by both clocks: milliseconds since the epoch, and the monotonic clock */
  readonly clock: { readonly wall: number; readonly monotonic: Microseconds };
  /** of the unit's instances, before the first input */
  readonly start: RouterState;
  readonly inputs: readonly RecordedInput[];
}

const format = 1;

/** The text is not a recording that this version can read. */
export class RecordingError extends Error {
  readonly code = 'RECORDING';
  constructor(readonly what: string, options?: ErrorOptions) {
    super(`this is no recording of tandem's: ${what}`, options);
    this.name = 'RecordingError';
  }
}

const replacer = (_key: string, value: unknown): unknown => {
  if (value instanceof Map) return { map: [...(value as ReadonlyMap<unknown, unknown>)] };
  return value instanceof Set ? { set: [...(value as ReadonlySet<unknown>)] } : value;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

const reviver = (_key: string, value: unknown): unknown => {
  if (!isObject(value) || Object.keys(value).length !== 1) return value;
  if (Array.isArray(value['map'])) return new Map(value['map'] as [unknown, unknown][]);
  return Array.isArray(value['set']) ? new Set(value['set']) : value;
};

/** Two pieces of a recording in a form that can be compared. */
export const plain = (value: unknown): string => JSON.stringify(value, replacer);

/** JSON, one input a line. */
export const encodeRecording = ({ inputs, ...rest }: Recording): string => {
  const head = plain({ format, ...rest });
  return `${head.slice(0, -1)},"inputs":[\n${inputs.map(plain).join(',\n')}\n]}\n`;
};

/** @throws RecordingError */
export const decodeRecording = (text: string): Recording => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, reviver);
  } catch {
    throw new RecordingError('it is not JSON');
  }
  if (!isObject(parsed) || !('format' in parsed)) throw new RecordingError('it has no "format"');
  if (parsed['format'] !== format) throw new RecordingError(`its format is ${String(parsed['format'])}, this version reads ${format}`);
  const { unit, cause, clock, start, inputs } = parsed;
  const isInput = (input: unknown): boolean => isObject(input) && typeof input['at'] === 'number' && isObject(input['event']) && typeof input['event']['type'] === 'string' && Array.isArray(input['effects']);
  const isMember = (member: unknown): boolean => isObject(member) && isObject(member['state']) && isObject(member['settings']) && member['faults'] instanceof Map;
  const sound =
    typeof unit === 'string' && typeof cause === 'string' && isObject(clock) && typeof clock['wall'] === 'number' && typeof clock['monotonic'] === 'number' &&
    start instanceof Map && [...start.values()].every(isMember) && Array.isArray(inputs) && inputs.every(isInput);
  if (!sound) throw new RecordingError('a part of it is missing or of the wrong kind');
  return parsed as unknown as Recording;
};
