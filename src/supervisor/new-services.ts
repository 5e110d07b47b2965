/** Of a configuration, what the lvs child has to be told beyond what it knows. Pure. */
import { withoutCommonEnds } from '../config/common-ends.js';
import type { Configuration } from '../config/model.js';
import type { LvsConfigure } from './messages.js';

type Services = Pick<Configuration, 'virtualServers'>;

/** `given`: what it was told before; a service that a reload left as it is is the same object. */
export const newServices = (given: Services | undefined, { virtualServers }: Services): Pick<LvsConfigure, 'names' | 'virtualServers'> => {
  const [had, has] = withoutCommonEnds(given?.virtualServers ?? [], virtualServers);
  const known = new Set(had);
  return { names: virtualServers.map(({ name }) => name), virtualServers: has.filter((service) => !known.has(service)) };
};
