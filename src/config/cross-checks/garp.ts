/** What must hold of announcements at a limited rate. */
import type { Path } from '../document.js';
import { formatDuration } from '../duration.js';
import { Microseconds } from '../../time/microseconds.js';
import type { Context, ReadableFile } from './context.js';

type Instance = NonNullable<NonNullable<NonNullable<ReadableFile['vrrp']>['instances']>[number]>;

/** A burst must be over when the next one is due. */
export const checkGarp = (context: Context, { garp, virtual_addresses: addresses = [] }: Instance, path: Path): void => {
  const { repeat, delay, refresh, interval } = garp ?? {};
  if (repeat === undefined || delay === undefined || refresh === undefined || interval === undefined) return;
  const report = (frames: number, key: string, limit: Microseconds, remedy: string): void => {
    const message = `${frames} announcements take ${formatDuration(Microseconds(frames * interval))} at this interval, longer than ${key} (${formatDuration(limit)}): hosts learn late where the addresses are`;
    context.report([...path, 'garp', 'interval'], { code: 'doubtful', severity: 'warning', message, remedy });
  };
  const burst = repeat * addresses.length;
  if (delay > 0 && burst * interval > delay) report(burst, 'delay', delay, 'shorten interval, lower repeat, or lengthen delay');
  else if (refresh > 0 && addresses.length * interval > refresh) report(addresses.length, 'refresh', refresh, 'shorten interval, or lengthen refresh');
};
