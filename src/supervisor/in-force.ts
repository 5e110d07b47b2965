/** Which generation of the configuration each child has in force, and waiting for it. */
import type { ProcessStatus } from '../control/status.js';

export type ChildName = Exclude<ProcessStatus['name'], 'tandemd'>;
const names: readonly ChildName[] = ['vrrp', 'lvs'];

export class InForce {
  readonly #generations = new Map<ChildName, number>();
  readonly #waiters = new Set<() => void>();

  configured(name: ChildName, generation: number): void {
    this.#generations.set(name, generation);
    for (const check of this.#waiters) check();
  }

  /** It died, so nothing is in force there. */
  died(name: ChildName): void {
    this.#generations.delete(name);
  }

  missing(generation: number, of: readonly ChildName[] = names): readonly ChildName[] {
    return of.filter((name) => (this.#generations.get(name) ?? 0) < generation);
  }

  /** @returns the children that do not have it in force after `milliseconds`; without a limit it waits until all of them have */
  wait(generation: number, milliseconds?: number, of: readonly ChildName[] = names): Promise<readonly ChildName[]> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(this.missing(generation, of));
      };
      const check = (): void => {
        if (this.missing(generation, of).length === 0) end();
      };
      const timer = milliseconds === undefined ? undefined : setTimeout(end, milliseconds);
      this.#waiters.add(check);
      check();
    });
  }
}
