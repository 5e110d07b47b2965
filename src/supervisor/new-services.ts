/** Of a configuration, what the lvs child has to be told beyond what it knows. Pure. */
import type { Configuration } from '../config/model.js';
import { serviceKey } from '../ipvs/service.js';
import { selectorOf } from '../ipvs/table.js';
import type { LvsConfigure, OwnedService } from './messages.js';

type Services = Pick<Configuration, 'virtualServers'>;

/** `given`: what it was told before; a service that a reload left as it is is the same object. */
export const newServices = (given: Services | undefined, { virtualServers }: Services): Pick<LvsConfigure, 'names' | 'virtualServers'> => {
  const known = new Set(given?.virtualServers);
  return { names: virtualServers.map(({ name }) => name), virtualServers: virtualServers.filter((service) => !known.has(service)) };
};

/** Services of the kernel's table that are recorded as ours and are not in the configuration. */
export const leftServices = (owned: readonly OwnedService[], { virtualServers }: Services): readonly OwnedService[] => {
  const wanted = new Set(virtualServers.flatMap(({ targets, protocol }) => targets.map((target) => serviceKey(selectorOf(target, protocol)))));
  return owned.filter((service) => !wanted.has(serviceKey(service)));
};
