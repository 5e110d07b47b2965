/** What an instance tracks, as one list whatever the kind, and the names by which results are known. Pure. */
import type { TrackConfiguration, TrackedInterface } from '../config/model.js';
import { describeTrackedRoute } from '../config/routing-words.js';
import type { Verdict } from './verdict.js';

export type TrackerKind = 'interface' | 'script' | 'file' | 'process' | 'route';

/** What is known of one tracked thing. */
export interface TrackResult {
  /** see `trackKey` */
  readonly key: string;
  readonly verdict: Verdict;
  /** of a file: the number in it */
  readonly value?: number;
  /** after the name it makes a sentence: `failed: exit status 1 (2 failures)` */
  readonly detail: string;
}

export interface Tracker {
  readonly kind: TrackerKind;
  readonly name: string;
  readonly weight: number | undefined;
  readonly reverse?: boolean | undefined;
  /** of its result */
  readonly key: string;
}

export const trackKey = (kind: Exclude<TrackerKind, 'interface'>, name: string): string => `${kind} ${name}`;

/** Two that wait differently are two. */
export const interfaceKey = ({ name, upDelay, downDelay }: TrackedInterface): string => `interface ${name} ${upDelay} ${downDelay}`;

export const trackersOf = (...tracks: readonly (TrackConfiguration | undefined)[]): readonly Tracker[] =>
  tracks.flatMap((track): readonly Tracker[] => {
    if (!track) return [];
    return [
      ...track.interfaces.map((item) => ({ kind: 'interface' as const, name: item.name, weight: item.weight, reverse: item.reverse, key: interfaceKey(item) })),
      ...track.scripts.map(({ name, weight, reverse }) => ({ kind: 'script' as const, name, weight, reverse, key: trackKey('script', name) })),
      ...track.files.map(({ path, weight, reverse }) => ({ kind: 'file' as const, name: path, weight, reverse, key: trackKey('file', path) })),
      ...track.processes.map(({ name, weight, reverse }) => ({ kind: 'process' as const, name, weight, reverse, key: trackKey('process', name) })),
      ...(track.routes ?? []).map((route) => ({ kind: 'route' as const, name: describeTrackedRoute(route), weight: route.weight, key: trackKey('route', describeTrackedRoute(route)) })),
    ];
  });
