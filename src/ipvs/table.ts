/** The IPVS service that a configured virtual server stands for. */
import type { VirtualServerConfiguration } from '../config/model.js';
import { Seconds, toSeconds } from '../time/microseconds.js';
import type { AddressService } from './service.js';

/** What `ipvsadm -p` without a value means, in seconds. */
const defaultPersistence = 360;

/** The kernel counts persistence in whole seconds: parts are rounded up, and 0 (which would forget at once) is the default. */
export const serviceFromConfiguration = ({ protocol, address, port, scheduler, persistence }: VirtualServerConfiguration): AddressService => ({
  protocol,
  address,
  port,
  scheduler,
  persistence: persistence && {
    timeout: Seconds(persistence.timeout > 0 ? Math.ceil(toSeconds(persistence.timeout)) : defaultPersistence),
    netmask: persistence.netmask,
  },
  onePacket: false,
  schedulerFlags: 0,
  persistenceEngine: undefined,
});
