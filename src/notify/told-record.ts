/** What the commands of quorums and real servers were told last, under the runtime directory: a restart that changes nothing runs none of them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Conditions } from '../control/conditions.js';
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import { writeAtomically } from '../supervisor/write-atomically.js';
import { happeningKey, type CommandNotice, type HealthNotice } from './happening.js';

type Told = 'UP' | 'DOWN';

const toldIn = (text: string): ReadonlyMap<string, Told> => {
  const value: unknown = JSON.parse(text);
  const told: unknown = typeof value === 'object' && value !== null && 'told' in value ? value.told : undefined;
  if (typeof told !== 'object' || told === null) throw new Error('it is damaged');
  return new Map(Object.entries(told).flatMap(([key, state]): [string, Told][] => (state === 'UP' || state === 'DOWN' ? [[key, state]] : [])));
};

export class ToldRecord {
  readonly #path: string;
  readonly #conditions: Conditions;
  #told = new Map<string, Told>();
  #work = Promise.resolve();
  #due = false;

  constructor(
    runtimeDirectory: string,
    private readonly report: Report,
  ) {
    this.#path = join(runtimeDirectory, 'told-commands.json');
    this.#conditions = new Conditions(report);
  }

  /** What an earlier daemon told. Never rejects: what cannot be read is reported. */
  async load(): Promise<void> {
    try {
      this.#told = new Map(toldIn(await readFile(this.#path, 'utf8')));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      this.report(event('warn', `what the commands of quorums and real servers were told last cannot be read from ${this.#path}: ${inWords(error)}; they are told anew`));
    }
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
    if (news.length > 0) this.#record();
    return news;
  }

  /** What was told is on the disk, or that has failed. */
  settled(): Promise<void> {
    return this.#work;
  }

  #record(): void {
    if (this.#due) return;
    this.#due = true;
    this.#work = this.#work.then(async () => {
      this.#due = false;
      try {
        await writeAtomically(this.#path, `${JSON.stringify({ version: 1, told: Object.fromEntries(this.#told) })}\n`);
        this.#conditions.end('write', () => event('info', `${this.#path} is written again`));
      } catch (error) {
        this.#conditions.begin('write', () => event('warn', `${this.#path} cannot be written: ${inWords(error)}; a restart may run commands of quorums and real servers again`));
      }
    });
  }
}
