/** The transitions among a step's effects, as the supervisor is told of them. */
import type { InstanceTransition } from '../supervisor/messages.js';
import type { Instance } from './instance.js';
import type { InstanceEffect } from './router.js';

export const transitionsOf = (effects: readonly InstanceEffect[], instances: ReadonlyMap<string, Instance>): readonly InstanceTransition[] =>
  effects.flatMap(({ instance: name, effect }) => {
    const instance = instances.get(name);
    if (effect.type !== 'transition' || instance === undefined) return [];
    const { from, to, reason } = effect;
    const { interface: interfaceName, virtualRouterId } = instance.configuration;
    return [{ instance: name, interface: interfaceName, virtualRouterId, time: instance.since.getTime(), from, to, priority: instance.settings.priority, reason }];
  });
