/**
 * What the kernel's settings make of ARP for an address that the host has on another interface, and of what comes out of a tunnel
 * (Documentation/networking/ip-sysctl.rst: of `all` and the interface's own the higher number counts). Pure. IPv6 needs none of it: Linux
 * answers a Neighbour Solicitation only for addresses of the interface that it came in on (linux/net/ipv6/ndisc.c, ndisc_recv_ns()).
 */
import type { ReadSetting } from './facts.js';

export type SilentSetting = 'arp_ignore' | 'arp_announce' | 'rp_filter';

/** The value in force on an interface. */
export const inForce = (read: ReadSetting, setting: SilentSetting, device: string): number =>
  Math.max(...['all', device].map((name) => Number(read(`ipv4/conf/${name}/${setting}`) ?? 0)));

/** 1 and 2: only for addresses of the interface itself; 8: for none. 3 still answers for those of lo, 4 to 7 are reserved and answer too. */
export const silentIgnores = ['1', '2', '8'] as const;

/** A request for an address that is on another interface (lo, a tunnel) is answered. */
export const answersForOthers = (read: ReadSetting, device: string): boolean => !silentIgnores.some((value) => Number(value) === inForce(read, 'arp_ignore', device));

/** A request may go out with an address of another interface as sender, so that who hears it learns this host for it. */
export const announcesOthers = (read: ReadSetting, device: string): boolean => inForce(read, 'arp_announce', device) < 2;

/** Strict: packets out of the tunnel, whose senders are reached by another interface, are dropped. */
export const dropsTunnelled = (read: ReadSetting, device: string): boolean => inForce(read, 'rp_filter', device) === 1;
