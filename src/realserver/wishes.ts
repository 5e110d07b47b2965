/** What a real server is to be: which virtual addresses it takes, by which method, and how it stays silent about them. */
import type { Tunnel } from '../config/model.js';

/** `sysctl`: arp_ignore and arp_announce. `arptables`: rules of our own, for hosts whose settings must stay as they are. */
export const arpMethods = ['sysctl', 'arptables'] as const;
export type ArpMethod = (typeof arpMethods)[number];

export interface VipWish {
  /** IPv6 in canonical form */
  readonly address: string;
  readonly method: 'dr' | 'tun';
  /** with `tun`; absent = ipip */
  readonly tunnel?: Tunnel | undefined;
  /** this host's own address as the director has it; absent: not known */
  readonly realServer?: string | undefined;
}

/** An interface that clients and directors are behind. */
export interface OuterInterface {
  readonly name: string;
  /** what its ARP requests have as sender in place of a virtual address; absent: none is known */
  readonly source?: string | undefined;
}

/** What one `apply` asked for. */
export interface Wishes {
  readonly vips: readonly VipWish[];
  readonly arpMethod: ArpMethod;
  readonly interfaces: readonly OuterInterface[];
  /** command that loads a kernel module; the module's name is appended */
  readonly modprobe: readonly string[];
}
