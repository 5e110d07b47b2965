/** Puts the virtual addresses of an instance on their interfaces, announces them, takes them away. */
import type { VirtualAddress } from '../config/model.js';
import { monotonicNow } from '../time/clock.js';
import { minus, type Microseconds } from '../time/microseconds.js';
import type { AnnouncementResult, Announcer } from '../network/announcer.js';
import type { NetworkMonitor } from '../network/monitor.js';
import { NetlinkChannel, type NetlinkMessage } from '../network/netlink-channel.js';
import { addressAddition, type AddressChange, addressDeletion } from '../network/rtnetlink.js';

/** What became of a change of addresses. */
export interface AddressOutcome {
  readonly changed: number;
  /** e.g. `10.0.0.100/32 on eth0: ENODEV` */
  readonly failures: readonly string[];
  readonly duration: Microseconds;
}

export const describeAddress = ({ address, prefixLength, interface: name }: Pick<VirtualAddress, 'address' | 'prefixLength' | 'interface'>): string =>
  `${address}/${prefixLength} on ${name}`;

/** What the kernel cannot change of an address that is there: it must go and come again. */
export const sameAddress = (a: VirtualAddress, b: VirtualAddress): boolean =>
  describeAddress(a) === describeAddress(b) && a.label === b.label && (a.scope ?? 'global') === (b.scope ?? 'global') && a.broadcast === b.broadcast;

export class AddressHolder {
  private readonly channel = NetlinkChannel.open('route');

  constructor(
    private readonly monitor: NetworkMonitor,
    private readonly announcer: Announcer,
  ) {}

  /** Adds them in one batch; the kernel has them when this returns its promise. One that is there already stays as it is. */
  add(addresses: readonly VirtualAddress[]): Promise<AddressOutcome> {
    return this.change(addresses, addressAddition, []);
  }

  /** Deletes them in one batch; one that is not there is no failure. */
  remove(addresses: readonly Pick<VirtualAddress, 'address' | 'prefixLength' | 'interface'>[]): Promise<AddressOutcome> {
    return this.change(addresses, addressDeletion, ['EADDRNOTAVAIL', 'ENODEV']);
  }

  /** Is it on its interface, by what the kernel last told? */
  isHeld({ interface: name, address, prefixLength }: Pick<VirtualAddress, 'address' | 'prefixLength' | 'interface'>): boolean {
    const link = this.monitor.link(name);
    return link !== undefined && this.monitor.has(link.index, address, prefixLength);
  }

  announce(owner: string, addresses: readonly Pick<VirtualAddress, 'address' | 'interface'>[], repeat: number, interval: Microseconds): Promise<AnnouncementResult> {
    const targets = addresses.flatMap(({ interface: name, address }) => {
      const link = this.monitor.link(name);
      return link ? [{ link, address }] : [];
    });
    return this.announcer.announce(owner, targets, repeat, interval);
  }

  cancelAnnouncements(owner: string): void {
    this.announcer.cancel(owner);
  }

  close(): void {
    this.channel.close();
  }

  private async change<Address extends Pick<VirtualAddress, 'address' | 'prefixLength' | 'interface'>>(
    addresses: readonly Address[],
    message: (change: AddressChange) => NetlinkMessage,
    tolerated: readonly string[],
  ): Promise<AddressOutcome> {
    const start = monotonicNow();
    const missing: string[] = [];
    const sent: Address[] = [];
    const requests: NetlinkMessage[] = [];
    for (const address of addresses) {
      const link = this.monitor.link(address.interface);
      if (!link) {
        if (!tolerated.includes('ENODEV')) missing.push(`${describeAddress(address)}: no such interface`);
        continue;
      }
      sent.push(address);
      requests.push(message({ ...address, index: link.index }));
    }
    const batch = this.channel.batch(requests);
    const duration = minus(monotonicNow(), start); // the kernel did it all within the call
    const refused = (await batch).filter(({ code }) => !tolerated.includes(code));
    const failures = refused.flatMap(({ index, code }) => {
      const address = sent[index];
      return address ? [`${describeAddress(address)}: ${code}`] : [];
    });
    return { changed: sent.length - refused.length, failures: [...missing, ...failures], duration };
  }
}
