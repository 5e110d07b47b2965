/** What the supervisor is told of instances: the transitions among a step's effects, how all of them stand, split brain. */
import type { InstanceTransition, SplitBrainChange } from '../supervisor/messages.js';
import type { Instance } from './instance.js';
import type { InstanceState } from './machine.js';
import type { InstanceEffect, RouterState } from './router.js';

type Change = Pick<InstanceTransition, 'from' | 'to' | 'reason'>;

const tell = (instance: Instance, { from, to, reason }: Change): InstanceTransition => {
  const { name, interface: interfaceName, virtualRouterId } = instance.configuration;
  return { instance: name, interface: interfaceName, virtualRouterId, time: instance.since.getTime(), from, to, priority: instance.settings.priority, reason };
};

export const transitionsOf = (effects: readonly InstanceEffect[], instances: ReadonlyMap<string, Instance>): readonly InstanceTransition[] =>
  effects.flatMap(({ instance: name, effect }) => {
    const instance = instances.get(name);
    return effect.type !== 'transition' || instance === undefined ? [] : [tell(instance, effect)];
  });

/** For a supervisor that may have missed some: the state of each as the transition to it. */
export const statesOf = (router: RouterState, instances: ReadonlyMap<string, Instance>): readonly InstanceTransition[] =>
  [...router].flatMap(([name, { state }]) => {
    const instance = instances.get(name);
    return instance === undefined ? [] : [tell(instance, asTransition(state))];
  });

const asTransition = ({ state, reason }: InstanceState): Change => ({ from: state, to: state, reason });

/** @param time milliseconds since the epoch */
export const splitBrainOf = ({ name, conflicts }: Instance, time: number, reason: string): SplitBrainChange => ({ name, time, to: conflicts.status.length > 0 ? 'BEGUN' : 'ENDED', reason });
