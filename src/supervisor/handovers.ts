/** The operator's handovers that hold, under the runtime directory: they outlast the vrrp process and the daemon, until the host restarts. */
import { join } from 'node:path';
import { event, type Report } from '../control/event.js';
import { WrittenBehind } from './written-behind.js';

const namesIn = (value: unknown): readonly string[] => {
  const names: unknown = typeof value === 'object' && value !== null && 'instances' in value ? value.instances : undefined;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) throw new Error('it is damaged');
  return names;
};

export class HandoverRecord {
  readonly #record: WrittenBehind;
  #instances: readonly string[] = [];

  constructor(
    runtimeDirectory: string,
    private readonly report: Report,
  ) {
    this.#record = new WrittenBehind(join(runtimeDirectory, 'handovers.json'), report, { holds: 'the handovers that the operator ordered', unread: 'priorities decide again', unwritten: 'a handover is forgotten when the daemon restarts' });
  }

  get path(): string {
    return this.#record.path;
  }

  /** What an earlier daemon knew. Never rejects: what cannot be read is reported. */
  async load(): Promise<void> {
    this.#instances = (await this.#record.load(namesIn)) ?? [];
    if (this.#instances.length > 0) this.report(event('info', `handed over by the operator before this start, and still so: ${this.#instances.join(', ')}`));
  }

  get instances(): readonly string[] {
    return this.#instances;
  }

  /** In force at once, written behind. */
  change(instances: readonly string[]): void {
    this.#instances = instances;
    this.#record.write(() => ({ instances: this.#instances }));
  }

  /** What was given is on the disk, or has failed. */
  settled(): Promise<void> {
    return this.#record.settled();
  }
}
