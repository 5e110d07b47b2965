/** A small record under the runtime directory: read once, in force at once when it changes, written behind. */
import { readFile } from 'node:fs/promises';
import { Conditions } from '../control/conditions.js';
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import { writeAtomically } from './write-atomically.js';

export interface RecordWords {
  /** what the record holds */
  readonly holds: string;
  /** what follows when it cannot be read */
  readonly unread: string;
  /** what follows when it cannot be written */
  readonly unwritten: string;
}

export class WrittenBehind {
  readonly #conditions: Conditions;
  #work = Promise.resolve();
  #isDue = false;

  constructor(
    readonly path: string,
    private readonly report: Report,
    private readonly words: RecordWords,
  ) {
    this.#conditions = new Conditions(report);
  }

  /** @param parse of what is in the file; throws where it is damaged. @returns undefined where there is no record. Never rejects: what cannot be read is reported */
  async load<Content>(parse: (value: unknown) => Content): Promise<Content | undefined> {
    try {
      return parse(JSON.parse(await readFile(this.path, 'utf8')));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      this.report(event('warn', `${this.words.holds} cannot be read from ${this.path}: ${inWords(error)}; ${this.words.unread}`));
      return undefined;
    }
  }

  /** @param content asked for when its turn has come: what changes until then is in it */
  write(content: () => object): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#work = this.#work.then(async () => {
      this.#isDue = false;
      try {
        await writeAtomically(this.path, `${JSON.stringify({ version: 1, ...content() })}\n`);
        this.#conditions.end('write', () => event('info', `${this.path} is written again`));
      } catch (error) {
        this.#conditions.begin('write', () => event('warn', `${this.path} cannot be written: ${inWords(error)}; ${this.words.unwritten}`));
      }
    });
  }

  /** What was given is on the disk, or has failed. */
  settled(): Promise<void> {
    return this.#work;
  }
}
