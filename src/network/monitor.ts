/** A mirror of the host's links and addresses, kept true by rtnetlink's notifications. */
import { NetlinkChannel, type NetlinkMessage } from './netlink-channel.js';
import {
  addressDump,
  decodeAddress,
  decodeLink,
  type InterfaceAddress,
  type Link,
  linkDump,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_LINK,
} from './rtnetlink.js';

export type NetworkChange =
  /** `link` is undefined when the interface is gone; it may be there still under another name */
  | { readonly type: 'link'; readonly name: string; readonly link: Link | undefined; readonly renamedTo?: string; readonly hardwareAddressChanged?: boolean }
  /** `address_added` also when an address has become usable */
  | { readonly type: 'address_added' | 'address_removed'; readonly address: InterfaceAddress };

const addressKey = ({ address, prefixLength }: InterfaceAddress): string => `${address}/${prefixLength}`;
const placeOf = (address: InterfaceAddress): string => `${address.index} ${addressKey(address)}`;

export class NetworkMonitor {
  private readonly links = new Map<number, Link>();
  private readonly addresses = new Map<number, Map<string, InterfaceAddress>>();
  private readonly channel: NetlinkChannel;
  /** what was notified while a dump was under way, which may be older */
  private touched = new Set<string>();

  constructor(private readonly onChange: (change: NetworkChange) => void) {
    this.channel = NetlinkChannel.open('route', (message) => this.notified(message));
    this.channel.join(RTNLGRP_LINK);
    this.channel.join(RTNLGRP_IPV4_IFADDR);
    this.channel.join(RTNLGRP_IPV6_IFADDR);
  }

  /** Reads everything; afterwards (and again at any time, as an audit) every difference is reported as a change. */
  async refresh(): Promise<void> {
    this.touched = new Set();
    const newer = (key: string): boolean => this.touched.has(key);
    const links = (await this.channel.dump(linkDump())).map(decodeLink).filter((link) => link !== undefined);
    const present = new Set(links.map(({ index }) => index));
    for (const index of [...this.links.keys()]) if (!present.has(index) && !newer(String(index))) this.removeLink(index);
    for (const link of links) if (!newer(String(link.index))) this.setLink(link);

    const addresses = (await this.channel.dump(addressDump())).map(decodeAddress).filter((address) => address !== undefined);
    const keys = new Set(addresses.map(placeOf));
    for (const known of [...this.addresses.values()].flatMap((map) => [...map.values()])) {
      if (!keys.has(placeOf(known)) && !newer(placeOf(known))) this.removeAddress(known);
    }
    for (const address of addresses) if (!newer(placeOf(address))) this.addAddress(address);
  }

  link(name: string): Link | undefined {
    return [...this.links.values()].find((link) => link.name === name);
  }

  /** Of every link that has one, loopback excepted. */
  get hardwareAddresses(): readonly Buffer[] {
    return [...this.links.values()].flatMap(({ hardwareAddress }) => (hardwareAddress.length === 6 && hardwareAddress.some((octet) => octet !== 0) ? [hardwareAddress] : []));
  }

  /** In the kernel's order: the first is the primary one. */
  addressesOf(index: number): readonly InterfaceAddress[] {
    return [...(this.addresses.get(index)?.values() ?? [])];
  }

  has(index: number, address: string, prefixLength: number): boolean {
    return this.addresses.get(index)?.has(`${address}/${prefixLength}`) ?? false;
  }

  nameOf(index: number): string {
    return this.links.get(index)?.name ?? `interface ${index}`;
  }

  close(): void {
    this.channel.close();
  }

  private notified(message: NetlinkMessage): void {
    if (message.type === RTM_NEWLINK || message.type === RTM_DELLINK) {
      const link = decodeLink(message);
      if (!link) return;
      this.touched.add(String(link.index));
      if (message.type === RTM_NEWLINK) this.setLink(link);
      else this.removeLink(link.index);
    } else if (message.type === RTM_NEWADDR || message.type === RTM_DELADDR) {
      const address = decodeAddress(message);
      if (!address) return;
      this.touched.add(placeOf(address));
      if (message.type === RTM_NEWADDR) this.addAddress(address);
      else this.removeAddress(address);
    }
  }

  private setLink(link: Link): void {
    const before = this.links.get(link.index);
    this.links.set(link.index, link);
    if (before && before.name !== link.name) this.onChange({ type: 'link', name: before.name, link: undefined, renamedTo: link.name });
    const hardwareAddressChanged = before !== undefined && !before.hardwareAddress.equals(link.hardwareAddress);
    if (!before || before.name !== link.name || before.up !== link.up || before.running !== link.running || before.mtu !== link.mtu || hardwareAddressChanged) {
      this.onChange({ type: 'link', name: link.name, link, hardwareAddressChanged });
    }
  }

  private removeLink(index: number): void {
    const link = this.links.get(index);
    if (!link) return;
    this.links.delete(index);
    this.addresses.delete(index);
    this.onChange({ type: 'link', name: link.name, link: undefined });
  }

  private addAddress(address: InterfaceAddress): void {
    const known = this.addresses.get(address.index) ?? new Map<string, InterfaceAddress>();
    const before = known.get(addressKey(address));
    const isNew = !before || (before.tentative && !address.tentative);
    known.set(addressKey(address), address);
    this.addresses.set(address.index, known);
    if (isNew) this.onChange({ type: 'address_added', address });
  }

  private removeAddress(address: InterfaceAddress): void {
    if (this.addresses.get(address.index)?.delete(addressKey(address))) this.onChange({ type: 'address_removed', address });
  }
}
