/** What is known of a host that is, or is to be, a real server. Plain data, read in host.ts. */
import type { ArpRules } from '../network/arp-rules.js';
import type { FouPort } from '../network/fou.js';
import type { InterfaceAddress, Link } from '../network/rtnetlink.js';

export interface HostFacts {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  /** under /proc/sys/net, e.g. `ipv4/conf/lo/arp_ignore`; what was not looked at or is not there is absent */
  readonly settings: ReadonlyMap<string, string>;
  /** absent: not looked at, or cannot be read (not root, no arptables) */
  readonly arpRules?: ArpRules | undefined;
  /** absent: not looked at, or the kernel has no fou (module not loaded) */
  readonly fouPorts?: readonly FouPort[] | undefined;
  /** addresses that services of the kernel's IPVS table answer to */
  readonly services: ReadonlySet<string>;
  /** those of the kernel modules asked for that are not loaded */
  readonly modulesMissing: readonly string[];
}

/** Reads a setting: what `ipv4/conf/e0/arp_ignore` is now. */
export type ReadSetting = (path: string) => string | undefined;

export const linkNamed = ({ links }: Pick<HostFacts, 'links'>, name: string): Link | undefined => links.find((link) => link.name === name);

export const linkName = ({ links }: Pick<HostFacts, 'links'>, index: number): string => links.find((link) => link.index === index)?.name ?? `interface ${index}`;

/** The interfaces that carry an address, whatever its length, in the kernel's order. */
export const carriersOf = (facts: Pick<HostFacts, 'links' | 'addresses'>, address: string): readonly { readonly device: string; readonly prefixLength: number }[] =>
  facts.addresses.filter((found) => found.address === address).map(({ index, prefixLength }) => ({ device: linkName(facts, index), prefixLength }));
