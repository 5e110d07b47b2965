/** Of a configuration, what the lvs child has to be told beyond what it knows. Pure. */
import { withoutCommon } from '../config/in-common.js';
import type { Configuration } from '../config/model.js';
import type { LvsConfigure } from './messages.js';

type Services = Pick<Configuration, 'virtualServers'>;

/** `given`: what it was told before; a service that a reload left as it is is the same object. */
export const newServices = (given: Services | undefined, { virtualServers }: Services): Pick<LvsConfigure, 'names' | 'virtualServers'> => {
  const [, unknown] = withoutCommon(given?.virtualServers ?? [], virtualServers);
  return { names: virtualServers.map(({ name }) => name), virtualServers: unknown };
};
