/** Puts the virtual addresses of an instance on their interfaces, announces them, takes them away. */
import type { VirtualAddress } from '../config/model.js';
import { monotonicNow } from '../time/clock.js';
import { minus, type Microseconds, Seconds } from '../time/microseconds.js';
import type { AnnouncementResult, Announcer } from '../network/announcer.js';
import type { NetworkMonitor } from '../network/monitor.js';
import { NetlinkChannel, NLMSG_NOOP, type NetlinkMessage } from '../network/netlink-channel.js';
import { addressDeletion, type Link } from '../network/rtnetlink.js';
import { Preparation } from './preparation.js';

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

const nothing: NetlinkMessage = { type: NLMSG_NOOP, flags: 0, payload: Buffer.alloc(0) };

export class AddressHolder {
  private readonly channel = NetlinkChannel.open('route');
  private readonly preparation = new Preparation();

  constructor(
    private readonly monitor: NetworkMonitor,
    private readonly announcer: Announcer,
  ) {}

  /** Adds them in one batch; the kernel has them when this returns its promise. One that is there already stays as it is. */
  add(addresses: readonly VirtualAddress[]): Promise<AddressOutcome> {
    return this.change(addresses, (address, index) => this.preparation.addition(address, index), []);
  }

  /** Deletes them in one batch; one that is not there is no failure. */
  remove(addresses: readonly Pick<VirtualAddress, 'address' | 'prefixLength' | 'interface'>[]): Promise<AddressOutcome> {
    return this.change(addresses, (address, index) => addressDeletion({ ...address, index }), ['EADDRNOTAVAIL', 'ENODEV']);
  }

  /** Is it on its interface, by what the kernel last told? */
  isHeld({ interface: name, address, prefixLength }: Pick<VirtualAddress, 'address' | 'prefixLength' | 'interface'>): boolean {
    const link = this.monitor.link(name);
    return link !== undefined && this.monitor.has(link.index, address, prefixLength);
  }

  announce(owner: string, addresses: readonly Pick<VirtualAddress, 'address' | 'interface'>[], repeat: number, interval: Microseconds): Promise<AnnouncementResult> {
    const linkOf = this.links();
    const targets = addresses.flatMap((address) => {
      const link = linkOf(address.interface);
      return link?.arp && link.hardwareAddress.length === 6 ? [{ link, frame: this.preparation.frame(address, link) }] : [];
    });
    return this.announcer.announce(owner, targets, repeat, interval);
  }

  /** Makes beforehand what `add` and `announce` will need. */
  prepare(addresses: readonly VirtualAddress[]): void {
    for (const name of new Set(addresses.map(({ interface: carrier }) => carrier))) {
      const link = this.monitor.link(name);
      try {
        if (link) this.announcer.prepare(link);
      } catch {
        // told when it is needed
      }
    }
    this.preparation.prepare(addresses, (name) => this.monitor.link(name));
    // a burst of no frames, and a request that asks for nothing: both take the way of the takeover
    void this.announce('', addresses.slice(0, 1), 0, Seconds(0));
    void this.channel.batch([nothing]).catch(() => undefined); // closed meanwhile
  }

  cancelAnnouncements(owner: string): void {
    this.announcer.cancel(owner);
  }

  close(): void {
    this.channel.close();
  }

  /** Each name looked up once: valid within one turn of the loop. */
  private links(): (name: string) => Link | undefined {
    const known = new Map<string, Link | undefined>();
    return (name) => {
      if (!known.has(name)) known.set(name, this.monitor.link(name));
      return known.get(name);
    };
  }

  private async change<Address extends Pick<VirtualAddress, 'address' | 'prefixLength' | 'interface'>>(
    addresses: readonly Address[],
    message: (address: Address, index: number) => NetlinkMessage,
    tolerated: readonly string[],
  ): Promise<AddressOutcome> {
    const start = monotonicNow();
    const missing: string[] = [];
    const sent: Address[] = [];
    const requests: NetlinkMessage[] = [];
    const linkOf = this.links();
    for (const address of addresses) {
      const link = linkOf(address.interface);
      if (!link) {
        if (!tolerated.includes('ENODEV')) missing.push(`${describeAddress(address)}: no such interface`);
        continue;
      }
      sent.push(address);
      requests.push(message(address, link.index));
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

/** Those of `from` that `other` has not, or has otherwise. */
export const missingAddresses = (from: readonly VirtualAddress[], other: readonly VirtualAddress[]): readonly VirtualAddress[] => {
  const known = new Map(other.map((address) => [describeAddress(address), address]));
  return from.filter((address) => {
    const same = known.get(describeAddress(address));
    return !same || !sameAddress(address, same);
  });
};
