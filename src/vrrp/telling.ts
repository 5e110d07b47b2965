/** Tells the supervisor of transitions, of who is master, and whether this host is cut off. */
import type { InstanceTransition } from '../supervisor/messages.js';
import type { EngineEvents } from './engine.js';
import type { Instance } from './instance.js';
import type { RouterState } from './router.js';
import { masterDownInterval } from './timers.js';
import type { Tracking } from './tracking.js';
import { splitBrainOf, statesOf } from './transitions.js';

export class Telling {
  private readonly untold: InstanceTransition[] = [];

  constructor(
    private readonly events: Pick<EngineEvents, 'onMasters' | 'onTransitions' | 'onSplitBrain'>,
    private readonly router: () => RouterState,
    private readonly instances: ReadonlyMap<string, Instance>,
    private readonly tracking: Tracking,
  ) {}

  /** Something is wrong with this host's network, and it serves nobody: what it cannot reach may be well. */
  private get isolated(): boolean {
    const states = [...this.router().values()].map(({ state }) => state.state);
    // one that only waits for a script's first result has nothing wrong
    const faulty = [...this.instances.values()].some((instance) => (this.router().get(instance.name)?.faults.size ?? 0) > 0 && !this.tracking.onlyWaits(instance));
    return states.includes('FAULT') && faulty && !states.includes('MASTER');
  }

  /** Behind the addresses that are taken meanwhile (`Holdings.hold`), and for many instances at once. */
  afterwards(transitions: readonly InstanceTransition[]): void {
    if (this.untold.length === 0) setImmediate(() => this.now([]));
    this.untold.push(...transitions);
  }

  now(transitions: readonly InstanceTransition[]): void {
    const all = [...this.untold, ...transitions];
    this.untold.length = 0;
    if (all.length === 0) return;
    this.masters();
    this.events.onTransitions(all);
  }

  private masters(): void {
    this.events.onMasters(
      [...this.router()].flatMap(([instance, { state, settings }]) =>
        state.state === 'MASTER' ? [{ instance, masterDownInterval: masterDownInterval(settings.version, settings.priority, settings.advertisementInterval) }] : [],
      ),
      this.isolated,
    );
  }

  /** The supervisor may have missed some of it. */
  again(): void {
    this.masters();
    this.events.onTransitions(statesOf(this.router(), this.instances));
    this.events.onSplitBrain([...this.instances.values()].map((instance) => splitBrainOf(instance, Date.now(), instance.conflicts.status.length > 0 ? 'others claim what it holds' : 'nobody else claims what it holds')));
  }
}
