/** What the instances hold: their addresses put on the interfaces, announced, put back when someone else deletes them, released. */
import type { VirtualAddress } from '../config/model.js';
import { counted, type Report } from '../control/event.js';
import type { QuietConditions } from '../control/quiet-conditions.js';
import { type Family, familyOf } from '../network/ip-address.js';
import { monotonicNow } from '../time/clock.js';
import { minus, type Microseconds, plus, Seconds, toMilliseconds } from '../time/microseconds.js';
import { type AddressHolder, describeAddress } from './address-holder.js';
import { announcementsDue, nextAnnouncement, scheduleAfterBurst } from './announcements.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';

/** addresses deleted in one go are put back in one go */
const repairMilliseconds = 20;
/** a burst for every advertisement of a weaker master would let it make us flood the segment */
const shortestBurstDistance = Seconds(1);

const tenths = (duration: Microseconds): number => Math.round(10 * toMilliseconds(duration)) / 10;

const someOf = (failures: readonly string[]): string => failures.slice(0, 5).join('; ');

interface AnnouncementKind {
  readonly family: Family;
  readonly called: string;
  readonly counter: string;
}
const announcementKinds: readonly AnnouncementKind[] = [
  { family: 'ipv4', called: 'gratuitous ARP', counter: 'garp' },
  { family: 'ipv6', called: 'Neighbour Advertisement', counter: 'neighbour_advertisements' },
];

type Announceable = Pick<VirtualAddress, 'address' | 'interface'>;

const isLimited = (interval: Microseconds | undefined): boolean => interval !== undefined && interval > 0;

/** `sent` in words, e.g. `10 gratuitous ARPs` */
interface Announced {
  readonly sent: string;
  readonly duration: Microseconds;
}

export class Holdings {
  private readonly repairs = new Map<string, NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  /** instance -> its bursts that are still being sent */
  private readonly announcing = new Map<string, number>();

  constructor(
    private readonly addresses: AddressHolder,
    private readonly conditions: QuietConditions,
    private readonly report: Report,
    /** an announcement has another time than before */
    private readonly onSchedule: () => void,
  ) {}

  /** Takes the addresses, after the poll phase in which the advertisement leaves: it goes first, however many addresses follow. */
  hold(instance: Instance): void {
    instance.holding = true;
    setImmediate(() => {
      if (instance.holding) this.run(this.add(instance, instance.configuration.virtualAddresses, 'holding'));
    });
  }

  /** Makes beforehand what `hold` will need. */
  prepare(instance: Instance): void {
    this.addresses.prepare(instance.configuration.virtualAddresses);
  }

  /** While holding: these go, those come. */
  exchange(instance: Instance, removed: readonly VirtualAddress[], added: readonly VirtualAddress[]): void {
    if (removed.length > 0) this.run(this.remove(instance, removed));
    if (added.length > 0) this.run(this.add(instance, added, 'added'));
  }

  release(instance: Instance): void {
    const addresses = instance.configuration.virtualAddresses.filter((address) => !instance.foreign.has(describeAddress(address)));
    const holds = instance.holding || addresses.some((address) => this.addresses.isHeld(address));
    instance.holding = false;
    clearTimeout(this.repairs.get(instance.name));
    this.repairs.delete(instance.name);
    this.addresses.cancelAnnouncements(instance.name);
    if (holds) this.run(this.remove(instance, addresses));
  }

  /** Someone else may have deleted addresses that the instance holds: what is missing goes back. */
  repair(instance: Instance): void {
    if (!instance.holding || this.repairs.has(instance.name)) return;
    const timer = setTimeout(() => {
      this.repairs.delete(instance.name);
      const missing = instance.configuration.virtualAddresses.filter((address) => !this.addresses.isHeld(address));
      if (instance.holding && missing.length > 0) this.putBack(instance, missing);
    }, repairMilliseconds);
    this.repairs.set(instance.name, timer);
  }

  /** A weaker master spoke: hosts may have learnt its hardware address. */
  announceAgain(instance: Instance): void {
    const { lastBurstAt } = instance;
    if (instance.holding && (lastBurstAt === undefined || monotonicNow() >= plus(lastBurstAt, shortestBurstDistance))) void this.burst(instance, instance.configuration.virtualAddresses);
  }

  /** Its interface has another hardware address: the hosts must learn it without delay. */
  announceNow(instance: Instance): void {
    if (instance.holding) void this.burst(instance, instance.configuration.virtualAddresses);
  }

  /** The interface has another name now: what was put on it under the old one goes. */
  leaveBehind(instance: Instance, oldName: string, newName: string): void {
    const addresses = instance.configuration.virtualAddresses
      .filter((address) => address.interface === oldName && !instance.foreign.has(describeAddress(address)))
      .map((address) => ({ ...address, interface: newName }))
      .filter((address) => this.addresses.isHeld(address));
    if (addresses.length > 0) this.run(this.remove(instance, addresses));
  }

  announceDue(instance: Instance, now: Microseconds): void {
    if (!instance.holding || this.isAnnouncing(instance)) return;
    const { garp, virtualAddresses } = instance.configuration;
    const { repeat, schedule } = announcementsDue(instance.announcements, garp, now);
    instance.announcements = schedule;
    if (repeat > 0) void this.announce(instance, virtualAddresses, repeat);
  }

  nextAnnouncement(instance: Instance): Microseconds | undefined {
    return instance.holding && !this.isAnnouncing(instance) ? nextAnnouncement(instance.announcements) : undefined;
  }

  /**
   * What it sends from, to unicast peers: after a fault the interface may have come back with another hardware address, or behind
   * another port of the switch, and the peers would go on sending to the old one until their neighbour entry expires.
   */
  announceSource(instance: Instance): void {
    const { configuration, source } = instance;
    if (configuration.unicast && source !== undefined) void this.announce(instance, [{ address: source, interface: configuration.interface }], 1);
  }

  /** At a limited rate a burst may take longer than it is to the next one, which then waits. */
  private isAnnouncing({ name }: Instance): boolean {
    return this.announcing.has(name);
  }

  /** Resolves when the kernel has answered everything. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private run(work: Promise<void>): void {
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }

  private putBack(instance: Instance, missing: readonly VirtualAddress[]): void {
    instance.count('addresses_put_back', missing.length);
    const first = this.conditions.note(
      `deleted ${instance.name}`,
      () => instanceEvent('warn', instance.configuration, `someone else deleted ${missing.map(describeAddress).join(', ')} while we are MASTER`),
      (count, duration) => instanceEvent('warn', instance.configuration, `addresses were deleted by someone else ${count} times, put back each time`, { seconds: Math.round(duration / 1000) }),
    );
    if (first) this.run(this.add(instance, missing, 'put back'));
    else {
      void this.addresses.add(missing);
      void this.burst(instance, missing);
    }
  }

  private async add(instance: Instance, addresses: readonly VirtualAddress[], verb: 'holding' | 'added' | 'put back'): Promise<void> {
    const added = this.addresses.add(addresses);
    const announced = this.burst(instance, addresses);
    const { changed, failures, duration } = await added;
    const { interval } = instance.configuration.garp;
    // at a limited rate they may take long: what is held is told before
    const announcement = isLimited(interval) ? undefined : await announced;
    // ours from here on; but an owner keeps its own addresses for good
    if (instance.configuration.priority !== 255) for (const address of addresses) instance.foreign.delete(describeAddress(address));
    const held = `${verb} ${counted(changed, 'address', 'addresses')}`;
    const addresses_ms = tenths(duration);
    if (announcement) this.report(instanceEvent('info', instance.configuration, `${held}, ${announcement.sent} sent`, { addresses_ms, garp_ms: tenths(announcement.duration) }));
    else {
      this.report(instanceEvent('info', instance.configuration, `${held}, announced at most every ${toMilliseconds(interval ?? Seconds(0))} ms`, { addresses_ms }));
      void announced.then((result) => result && this.report(instanceEvent('info', instance.configuration, `${result.sent} sent`, { garp_ms: tenths(result.duration) })));
    }
    if (failures.length === 0) return;
    instance.count('address_errors', failures.length);
    this.report(instanceEvent('error', instance.configuration, `${counted(failures.length, 'address', 'addresses')} could not be added: ${someOf(failures)}`));
  }

  private async remove(instance: Instance, addresses: readonly VirtualAddress[]): Promise<void> {
    const { configuration } = instance;
    const { changed, failures, duration } = await this.addresses.remove(addresses);
    this.report(instanceEvent('info', configuration, `released ${counted(changed, 'address', 'addresses')}`, { addresses_ms: tenths(duration) }));
    if (failures.length > 0) this.report(instanceEvent('error', configuration, `${counted(failures.length, 'address', 'addresses')} could not be removed: ${someOf(failures)}`));
  }

  /** A burst now, and the schedule from here; undefined when one at a limited rate is not over yet: then all are announced again behind it. */
  private async burst(instance: Instance, addresses: readonly VirtualAddress[]): Promise<Announced | undefined> {
    const now = monotonicNow();
    const { garp } = instance.configuration;
    instance.lastBurstAt = now;
    if (isLimited(garp.interval) && this.isAnnouncing(instance)) {
      instance.announcements = { ...instance.announcements, secondBurstAt: now };
      return undefined;
    }
    instance.announcements = scheduleAfterBurst(garp, now);
    this.onSchedule();
    return this.announce(instance, addresses, garp.repeat);
  }

  private async announce(instance: Instance, addresses: readonly Announceable[], repeat: number): Promise<Announced> {
    const start = monotonicNow();
    this.announcing.set(instance.name, (this.announcing.get(instance.name) ?? 0) + 1);
    const sent = await Promise.all(
      announcementKinds.flatMap((kind) => {
        const ofFamily = addresses.filter(({ address }) => familyOf(address) === kind.family);
        return ofFamily.length > 0 ? [this.announceKind(instance, kind, ofFamily, repeat)] : [];
      }),
    );
    const others = (this.announcing.get(instance.name) ?? 1) - 1;
    if (others > 0) this.announcing.set(instance.name, others);
    else {
      this.announcing.delete(instance.name);
      this.onSchedule();
    }
    return { sent: sent.join(' and '), duration: minus(monotonicNow(), start) };
  }

  private async announceKind(instance: Instance, { called, counter }: AnnouncementKind, addresses: readonly Announceable[], repeat: number): Promise<string> {
    const { sent, errors } = await this.addresses.announce(instance.name, addresses, repeat, instance.configuration.garp.interval ?? Seconds(0));
    instance.count(`${counter}_sent`, sent);
    for (const [code, count] of errors) {
      instance.count(`${counter}_errors`, count);
      this.conditions.note(
        `${counter} ${instance.name} ${code}`,
        () => instanceEvent('warn', instance.configuration, `${counted(count, called)} could not be sent: ${code}`),
        (bursts, duration) => instanceEvent('info', instance.configuration, `${called} is sent again without ${code}`, { bursts, seconds: Math.round(duration / 1000) }),
      );
    }
    return counted(sent, called);
  }
}
