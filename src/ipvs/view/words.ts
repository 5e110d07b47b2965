/** Words that the list and the rules share: a service's flags, its mark, a destination's order. Pure. */
import type { Counted, IpvsInformation } from '../statistics.js';
import type { Destination } from '../destination.js';
import { IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2, IP_VS_SVC_F_SCHED3 } from '../constants.js';
import { type Service, type ServiceSelector } from '../service.js';
import { sortedDestinations, sortedServices } from './order.js';

export interface ViewEntry {
  readonly service: Counted<Service>;
  readonly destinations: readonly Counted<Destination>[];
}

export interface View {
  /** undefined = one service was asked for: no line about IPVS then */
  readonly information: IpvsInformation | undefined;
  /** in the kernel's order */
  readonly table: readonly ViewEntry[];
}

export const inOrder = (table: readonly ViewEntry[], sorted: boolean): readonly ViewEntry[] =>
  sorted ? sortedServices(table).map(({ service, destinations }) => ({ service, destinations: sortedDestinations(destinations) })) : table;

export const protocolOf = (service: ServiceSelector): string | undefined => ('fwmark' in service ? undefined : service.protocol);

/** ipvsadm takes a mark for a signed number. */
export const markText = (fwmark: number): string => String(fwmark | 0);

const bits = [IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2, IP_VS_SVC_F_SCHED3];
const named: Readonly<Record<string, readonly string[]>> = { sh: ['sh-fallback', 'sh-port'], mh: ['mh-fallback', 'mh-port'] };

/** e.g. `sh-fallback,sh-port`; undefined = none. Of a scheduler that names its flags the third is not shown: '' when it is the only one. */
export const flagNames = ({ scheduler, schedulerFlags }: Pick<Service, 'scheduler' | 'schedulerFlags'>): string | undefined =>
  schedulerFlags === 0 ? undefined : bits.flatMap((bit, index) => ((schedulerFlags & bit) === 0 ? [] : named[scheduler]?.slice(index, index + 1) ?? [`flag-${index + 1}`])).join(',');

/** Undefined = every client by itself. */
export const shownMask = ({ persistence }: Pick<Service, 'persistence'>): string | undefined =>
  persistence === undefined || ['255.255.255.255', '128'].includes(persistence.netmask) ? undefined : persistence.netmask;
