/** The kernel's timeouts of IPVS connections and their form in a message (IPVS_CMD_ATTR_TIMEOUT_*, linux/ip_vs.h). */
import { type Attribute, readU32, u32 } from '../network/netlink-attributes.js';
import { type Microseconds, Seconds, toSeconds } from '../time/microseconds.js';
import * as ipvs from './constants.js';
import { type Attributes, required } from './message.js';

/** Whole seconds in the kernel. */
export interface Timeouts {
  readonly tcp: Microseconds;
  readonly tcpFin: Microseconds;
  readonly udp: Microseconds;
}

/** The ones to change; undefined = as it is. */
export type TimeoutChange = { readonly [name in keyof Timeouts]?: Microseconds | undefined };

const types: Readonly<Record<keyof Timeouts, number>> = {
  tcp: ipvs.IPVS_CMD_ATTR_TIMEOUT_TCP,
  tcpFin: ipvs.IPVS_CMD_ATTR_TIMEOUT_TCP_FIN,
  udp: ipvs.IPVS_CMD_ATTR_TIMEOUT_UDP,
};
const names = ['tcp', 'tcpFin', 'udp'] as const;

/** Parts of a second are rounded up: 0 would mean "as it is" to the kernel. */
export const encodeTimeouts = (change: TimeoutChange): readonly Attribute[] =>
  names.flatMap((name) => {
    const timeout = change[name];
    return timeout === undefined ? [] : [{ type: types[name], value: u32(Math.ceil(toSeconds(timeout))) }];
  });

/** @throws IpvsMessageError */
export const decodeTimeouts = (attributes: Attributes): Timeouts => {
  const read = (name: keyof Timeouts): Microseconds => Seconds(readU32(required(attributes, types[name], `the ${name} timeout`, 4)));
  return { tcp: read('tcp'), tcpFin: read('tcpFin'), udp: read('udp') };
};
