/** The IPVS services that a configured virtual server stands for. */
import type { SchedulerFlag, ServiceTarget, VirtualServerConfiguration } from '../config/model.js';
import { Seconds, toSeconds } from '../time/microseconds.js';
import * as ipvs from './constants.js';
import type { Service, ServiceSelector, ServiceSettings } from './service.js';

/** What `ipvsadm -p` without a value means, in seconds. */
const defaultPersistence = 360;

/** linux/ip_vs.h: IP_VS_SVC_F_SCHED_SH_FALLBACK and _PORT, the same bits for mh. */
const flagBits: Readonly<Record<SchedulerFlag, number>> = { fallback: ipvs.IP_VS_SVC_F_SCHED1, port: ipvs.IP_VS_SVC_F_SCHED2 };

/** What selects the service of a target. */
export const selectorOf = (target: ServiceTarget, protocol: VirtualServerConfiguration['protocol']): ServiceSelector =>
  'fwmark' in target ? { family: target.family, fwmark: target.fwmark } : { protocol, address: target.address, port: target.port };

/** The kernel counts persistence in whole seconds: parts are rounded up, and 0 (which would forget at once) is the default. */
export const serviceFromConfiguration = (target: ServiceTarget, { protocol, scheduler, schedulerFlags, onePacket, persistence }: VirtualServerConfiguration): Service => {
  const settings: ServiceSettings = {
    scheduler,
    persistence: persistence && {
      timeout: Seconds(persistence.timeout > 0 ? Math.ceil(toSeconds(persistence.timeout)) : defaultPersistence),
      netmask: persistence.netmask,
    },
    onePacket,
    schedulerFlags: schedulerFlags.reduce((bits, flag) => bits | flagBits[flag], 0),
    persistenceEngine: persistence?.engine,
  };
  return 'fwmark' in target ? { family: target.family, fwmark: target.fwmark, ...settings } : { protocol, address: target.address, port: target.port, ...settings };
};
