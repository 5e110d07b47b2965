/** The operator's handovers that hold, under the runtime directory: they outlast the vrrp process and the daemon, until the host restarts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Conditions } from '../control/conditions.js';
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import { writeAtomically } from './owned.js';

const namesIn = (text: string): readonly string[] => {
  const value: unknown = JSON.parse(text);
  const names: unknown = typeof value === 'object' && value !== null && 'instances' in value ? value.instances : undefined;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) throw new Error('it is damaged');
  return names;
};

export class HandoverRecord {
  readonly path: string;
  readonly #conditions: Conditions;
  #instances: readonly string[] = [];
  #work = Promise.resolve();

  constructor(
    runtimeDirectory: string,
    private readonly report: Report,
  ) {
    this.path = join(runtimeDirectory, 'handovers.json');
    this.#conditions = new Conditions(report);
  }

  /** What an earlier daemon knew. Never rejects: what cannot be read is reported. */
  async load(): Promise<void> {
    try {
      this.#instances = namesIn(await readFile(this.path, 'utf8'));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      this.report(event('warn', `the handovers that the operator ordered cannot be read from ${this.path}: ${inWords(error)}; priorities decide again`));
    }
    if (this.#instances.length > 0) this.report(event('info', `handed over by the operator before this start, and still so: ${this.#instances.join(', ')}`));
  }

  get instances(): readonly string[] {
    return this.#instances;
  }

  /** In force at once, written behind. */
  change(instances: readonly string[]): void {
    this.#instances = instances;
    this.#work = this.#work.then(() => this.#write(instances));
  }

  /** What was given is on the disk, or has failed. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #write(instances: readonly string[]): Promise<void> {
    if (instances !== this.#instances) return; // a newer one follows
    try {
      await writeAtomically(this.path, `${JSON.stringify({ version: 1, instances })}\n`);
      this.#conditions.end('write', () => event('info', `${this.path} is written again`));
    } catch (error) {
      this.#conditions.begin('write', () => event('warn', `${this.path} cannot be written: ${inWords(error)}; a handover is forgotten when the daemon restarts`));
    }
  }
}
