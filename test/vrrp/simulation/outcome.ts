/** Who must be master when all has settled. */
import { isYielding } from '../../../src/vrrp/machine.js';
import type { Member } from '../../../src/vrrp/router.js';
import type { Host } from './host.js';
import type { SimulatedNetwork } from './network.js';
import type { Plan } from './plan.js';
import { Violation } from './watch.js';

/** Those that a lasting partition leaves together. */
const islands = (plan: Plan, network: SimulatedNetwork): readonly (readonly Host[])[] => {
  const lasting = plan.disturbances.flatMap((each) => (each.type === 'partition' && each.duration === Infinity ? [each.sides] : []));
  const byName = new Map<string, Host[]>();
  for (const host of network.hosts) {
    const name = lasting.map((sides) => (sides >> host.index) & 1).join('');
    byName.set(name, [...(byName.get(name) ?? []), host]);
  }
  return [...byName.values()];
};

/** The members of an instance's group, itself included. */
const companions = (host: Host, instance: string): readonly Member[] => {
  const group = host.state.get(instance)?.group;
  return [...host.state].flatMap(([name, member]) => (name === instance || (group !== undefined && member.group === group) ? [member] : []));
};

/** It may be master of an instance, since nothing of it and of its group is at fault. */
const isFit = (host: Host, instance: string): boolean => host.state.has(instance) && companions(host, instance).every(({ faults }) => faults.size === 0);

/** A group that the operator handed over stays so through one of its members that does. */
const preempts = (host: Host, instance: string): boolean => companions(host, instance).every(({ settings, state }) => settings.preempt && !isYielding(state));

const says = (hosts: readonly Host[]): string => hosts.map(({ index }) => index + 1).join(' and ') || 'none';

/** @throws Violation */
export const checkOutcome = (plan: Plan, network: SimulatedNetwork, { strongest }: { readonly strongest: boolean }): void => {
  for (const island of islands(plan, network)) {
    for (const instance of network.instances) {
      const fit = island.filter((host) => isFit(host, instance));
      const masters = island.filter((host) => host.state.get(instance)?.state.state === 'MASTER');
      const holders = island.filter((host) => host.running && host.holds.has(instance));
      const wanted = fit.length > 0 ? 1 : 0;
      if (masters.length !== wanted) throw new Violation(`among routers ${says(island)}, of which ${says(fit)} could be master of ${instance}, ${says(masters)} is master`);
      if (holders.length !== wanted) throw new Violation(`the addresses of ${instance} are held by ${says(holders)}, and ${says(masters)} is master`);
      const [master] = masters;
      if (master === undefined || !strongest) continue;
      const priority = (host: Host): number => host.state.get(instance)?.settings.priority ?? 0;
      const stronger = fit.filter((host) => preempts(host, instance) && priority(host) > priority(master));
      if (stronger.length > 0) throw new Violation(`router ${says([master])} is master of ${instance} with priority ${priority(master)}, though router ${says(stronger)} may preempt with more`);
    }
  }
};
