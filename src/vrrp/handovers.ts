/** The operator's handovers that hold: known from the supervisor at a start, told to it when they change, so that they outlast this process. */
import { isYielding } from './machine.js';
import type { RouterEvent, RouterState } from './router.js';

const keyOf = (names: readonly string[]): string => JSON.stringify([...names].sort());

export class Handovers {
  private wanted = new Set<string>();
  private told: string | undefined;

  constructor(private readonly onChange: (instances: readonly string[]) => void) {}

  /** @param instances what the supervisor knows: those that were handed over before this process, or before a reload */
  configure(instances: readonly string[]): void {
    this.wanted = new Set(instances);
    this.told ??= keyOf(instances);
  }

  /** Whether an instance that is about to be added was handed over; asked once. */
  take(instance: string): boolean {
    return this.wanted.delete(instance);
  }

  /** After an event. While instances are added and removed, a start follows. */
  look(router: RouterState, { type }: Pick<RouterEvent, 'type'>): void {
    if (type !== 'add' && type !== 'remove') this.tell(router, this.told);
  }

  tell(router: RouterState, told?: string): void {
    const names = [...router].flatMap(([name, { state }]) => (isYielding(state) ? [name] : []));
    if (this.told === undefined || keyOf(names) === told) return;
    this.told = keyOf(names);
    this.onChange(names);
  }
}
