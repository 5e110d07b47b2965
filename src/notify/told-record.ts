/** What the commands of quorums and real servers were told last, under the runtime directory: a restart that changes nothing runs none of them. */
import { join } from 'node:path';
import type { Report } from '../control/event.js';
import { WrittenBehind } from '../supervisor/written-behind.js';
import { happeningKey, type CommandNotice, type HealthNotice } from './happening.js';

type Told = 'UP' | 'DOWN';

const toldIn = (value: unknown): Map<string, Told> => {
  const told: unknown = typeof value === 'object' && value !== null && 'told' in value ? value.told : undefined;
  if (typeof told !== 'object' || told === null) throw new Error('it is damaged');
  return new Map(Object.entries(told).flatMap(([key, state]): [string, Told][] => (state === 'UP' || state === 'DOWN' ? [[key, state]] : [])));
};

export class ToldRecord {
  readonly #record: WrittenBehind;
  #told = new Map<string, Told>();

  constructor(runtimeDirectory: string, report: Report) {
    this.#record = new WrittenBehind(join(runtimeDirectory, 'told-commands.json'), report, { holds: 'what the commands of quorums and real servers were told last', unread: 'they are told anew', unwritten: 'a restart may run commands of quorums and real servers again' });
  }

  /** What an earlier daemon told. Never rejects: what cannot be read is reported. */
  async load(): Promise<void> {
    this.#told = (await this.#record.load(toldIn)) ?? new Map();
  }

  /** Forgets what else was told: it is not configured any more. */
  retain(configured: (subject: string) => boolean): void {
    for (const key of this.#told.keys()) if (!configured(key)) this.#told.delete(key);
  }

  /** Of notices about what has commands: those that the commands do not know, from what they were told last. Recorded behind. */
  news(notices: readonly HealthNotice[]): readonly CommandNotice[] {
    const news = notices.flatMap((notice): readonly CommandNotice[] => {
      const key = happeningKey(notice);
      const last = this.#told.get(key);
      if (notice.to === last) return [];
      if (notice.to === 'REMOVED') this.#told.delete(key);
      else this.#told.set(key, notice.to);
      return [{ ...notice, from: last ?? notice.from }];
    });
    if (news.length > 0) this.#record.write(() => ({ told: Object.fromEntries(this.#told) }));
    return news;
  }

  /** What was told is on the disk, or that has failed. */
  settled(): Promise<void> {
    return this.#record.settled();
  }
}
