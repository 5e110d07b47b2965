/** From what the children say of health and split brain to what is told of it: a state that is told again is no news. Pure. */
import type { HealthChange, SplitBrainChange } from '../supervisor/messages.js';
import { happeningKey, type HealthNotice, type SplitBrainNotice } from './happening.js';

export class HealthStates {
  readonly #last = new Map<string, HealthNotice>();

  /** @param complete these are all that there are: what is not among them is configured no more */
  take(changes: readonly HealthChange[], complete: boolean, time: number): readonly HealthNotice[] {
    const notices = changes.flatMap((change) => this.#change(change));
    if (!complete) return notices;
    const known = new Set(changes.map(happeningKey));
    const gone = [...this.#last].filter(([key]) => !known.has(key));
    for (const [key] of gone) this.#last.delete(key);
    return [...notices, ...gone.map(([, last]): HealthNotice => ({ ...last, time, from: last.to === 'DOWN' ? 'DOWN' : 'UP', to: 'REMOVED', reason: 'not configured any more' }))];
  }

  get current(): readonly HealthNotice[] {
    return [...this.#last.values()];
  }

  /** UNKNOWN (a new child, a new check) leaves the last verdict in force. */
  #change({ to, ...change }: HealthChange): readonly HealthNotice[] {
    const key = happeningKey({ ...change, to });
    const before = this.#last.get(key);
    // what it is called in the kernel may have changed
    if (before?.to === to) this.#last.set(key, { ...before, service: change.service });
    if (to === 'UNKNOWN' || before?.to === to) return [];
    const notice: HealthNotice = { ...change, from: before === undefined ? 'UNKNOWN' : before.to === 'UP' ? 'UP' : 'DOWN', to };
    this.#last.set(key, notice);
    return [notice];
  }
}

export class SplitBrainStates {
  readonly #begun = new Map<string, SplitBrainNotice>();

  take(changes: readonly SplitBrainChange[]): readonly SplitBrainNotice[] {
    return changes.flatMap((change): readonly SplitBrainNotice[] => {
      if (this.#begun.has(change.name) === (change.to === 'BEGUN')) return [];
      const notice: SplitBrainNotice = { kind: 'SPLIT_BRAIN', ...change, from: change.to === 'BEGUN' ? 'ENDED' : 'BEGUN' };
      if (change.to === 'BEGUN') this.#begun.set(change.name, notice);
      else this.#begun.delete(change.name);
      return [notice];
    });
  }

  /** Nobody watches any more. @param time milliseconds since the epoch */
  endAll(time: number, reason: string): readonly SplitBrainNotice[] {
    return this.take([...this.#begun.keys()].map((name) => ({ name, time, to: 'ENDED', reason })));
  }

  get current(): readonly SplitBrainNotice[] {
    return [...this.#begun.values()];
  }
}
