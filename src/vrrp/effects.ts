/** Carries out what the machine decides: advertises, takes and releases addresses, and what goes with them. */
import type { Report } from '../control/event.js';
import { monotonicNow } from '../time/clock.js';
import type { Holdings } from './holdings.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import type { Effect } from './machine.js';
import { rehearse } from './rehearsal.js';
import type { RouterState } from './router.js';
import type { Routing } from './routing.js';
import type { SplitBrain } from './split-brain.js';
import type { Tracking } from './tracking.js';
import type { Transmission } from './transmission.js';
import type { VirtualMacs } from './virtual-macs.js';

export interface EffectParts {
  readonly instances: ReadonlyMap<string, Instance>;
  readonly router: () => RouterState;
  readonly stopping: () => boolean;
  readonly holdings: Holdings;
  readonly routing: Routing;
  readonly virtualMacs: VirtualMacs;
  readonly splitBrain: SplitBrain;
  readonly transmission: Transmission;
  readonly tracking: Tracking;
  readonly report: Report;
}

export class Effects {
  constructor(private readonly of: EffectParts) {}

  perform(instance: Instance, effect: Effect): void {
    switch (effect.type) {
      case 'transition': {
        instance.since = new Date();
        instance.count(`to_${effect.to.toLowerCase()}`);
        const level = effect.to === 'FAULT' && !this.of.tracking.onlyWaits(instance) ? 'error' : 'info';
        if (effect.from === 'FAULT' && effect.to !== 'INIT') this.of.holdings.announceSource(instance);
        this.of.report(instanceEvent(level, instance.configuration, `${effect.from} -> ${effect.to}, ${effect.reason}`, { priority: instance.settings.priority }));
        if (effect.to === 'BACKUP') this.prepare(instance);
        return;
      }
      case 'advertise':
        instance.advertisedAt = monotonicNow();
        // one that waits in the queue must not follow the resignation
        this.of.transmission.advertise(instance, effect.priority, () => effect.priority === 0 || effect.parting === true || this.of.router().get(instance.name)?.state.state === 'MASTER');
        return;
      case 'hold':
        this.of.virtualMacs.raise(instance);
        this.of.holdings.hold(instance);
        this.of.routing.hold(instance);
        this.of.splitBrain.begin();
        return;
      case 'announce':
        // in the other cases `hold` announces what it holds
        if (effect.cause === 'lower_priority') this.of.holdings.announceAgain(instance);
        return;
      case 'release':
        this.release(instance);
        this.of.splitBrain.end(instance);
        return;
    }
  }

  /** After what is under way: makes what the takeover will need. */
  prepare(instance: Instance): void {
    setImmediate(() => {
      if (this.of.stopping() || this.of.instances.get(instance.name) !== instance) return;
      this.of.holdings.prepare(instance);
      rehearse(this.of.router(), instance);
    });
  }

  /** What leads to the addresses goes first. */
  release(instance: Instance): void {
    this.of.routing.release(instance);
    this.of.holdings.release(instance);
    this.of.virtualMacs.lower(instance);
  }
}
