/** Recordings of the election, written under the runtime directory: atomically, the latest kept. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Conditions } from '../control/conditions.js';
import type { LogEvent, RecordingTaken } from './messages.js';
import { inWords } from '../control/in-words.js';

export const RECORDINGS_KEPT = 64;

export class Recordings {
  readonly directory: string;
  readonly #conditions: Conditions;
  #work = Promise.resolve();

  constructor(
    runtimeDirectory: string,
    private readonly report: (event: LogEvent) => void,
    private readonly kept = RECORDINGS_KEPT,
  ) {
    this.directory = join(runtimeDirectory, 'recordings');
    this.#conditions = new Conditions(report);
  }

  /** One after the other; that it cannot be written is said once. Never rejects. */
  write(recording: RecordingTaken): Promise<void> {
    this.#work = this.#work.then(() => this.#write(recording)).catch((error: unknown) => this.#failed(error));
    return this.#work;
  }

  /** What was given is on the disk, or has failed. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #write({ unit, cause, time, text }: RecordingTaken): Promise<void> {
    const stamp = new Date(time).toISOString().replaceAll(':', '');
    const name = `${stamp}-${unit.replace(/[^\w.-]/g, '_').slice(0, 60)}.json`;
    const path = join(this.directory, name);
    await mkdir(this.directory, { recursive: true, mode: 0o750 });
    try {
      await writeFile(`${path}.new`, text, { mode: 0o640 });
      await rename(`${path}.new`, path);
    } catch (error) {
      await rm(`${path}.new`, { force: true });
      throw error;
    }
    this.#conditions.end('write', (count) => this.#event('info', `recordings are written again; ${count} were not`));
    this.report(this.#event('info', `what led to '${cause}' is recorded: tandem replay ${path}`));
    // the names sort by time
    const all = (await readdir(this.directory)).filter((entry) => entry.endsWith('.json')).sort();
    for (const old of all.slice(0, Math.max(0, all.length - this.kept))) await rm(join(this.directory, old), { force: true });
  }

  #failed(error: unknown): void {
    const words = inWords(error);
    this.#conditions.begin('write', () => this.#event('warn', `a recording of the election cannot be written: ${words}; nothing else suffers`));
  }

  #event(level: LogEvent['level'], message: string): LogEvent {
    return { time: Date.now(), level, message, fields: {} };
  }
}
