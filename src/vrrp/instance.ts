/** What the vrrp child keeps of one instance beside the machine's state: configuration, counters, what is held and announced. */
import type { InstanceConfiguration, VirtualAddress } from '../config/model.js';
import type { InstanceStatus } from '../control/status.js';
import { type Microseconds, toMilliseconds } from '../time/microseconds.js';
import { effectivePriority, type Tracked } from '../track/contribution.js';
import { trackerStatuses } from '../track/tracker-status.js';
import type { AnnouncementSchedule } from './announcements.js';
import { Authenticator } from './authentication.js';
import { Conflicts } from './conflicts.js';
import { instanceFamily } from './family.js';
import { type InstanceState, isYielding, type Settings } from './machine.js';
import type { Family } from '../network/ip-address.js';
import type { Outgoing } from '../network/vrrp-port.js';
import { addressesThatFit, type Advertisement, encodeAdvertisement, multicastGroup, VRRP_TTL } from './packet.js';
import { masterDownInterval } from './timers.js';

/** What people write is UTF-8; the packet's field is octets. */
export const octetsOf = (password: string): string => Buffer.from(password, 'utf8').toString('latin1');

export class Instance {
  /** what it sends from, primary address of the interface unless the file says otherwise; undefined while there is none */
  source: string | undefined;
  /** of its interface, octets; undefined while that is not there */
  mtu: number | undefined;
  /** the addresses are to be on their interfaces */
  holding = false;
  announcements: AnnouncementSchedule = { secondBurstAt: undefined, refreshAt: undefined };
  lastBurstAt: Microseconds | undefined;
  /** the last advertisement was handed to the socket then */
  advertisedAt: Microseconds | undefined;
  addressListAgrees = true;
  /** who else claims what it holds */
  readonly conflicts = new Conflicts();
  /** used where authentication is by HMAC; keeps what it knows of senders at a reload */
  readonly authenticator = new Authenticator();
  /** what its trackers say, and what they add to its priority */
  tracked: readonly Tracked[] = [];
  added = 0;
  /** wall clock of the last transition */
  since = new Date();
  /** not to be deleted at a release: they were there before us and nobody recorded them as ours */
  readonly foreign = new Set<string>();
  private readonly counters = new Map<string, number>();
  private countedSince = new Date();

  constructor(
    public configuration: InstanceConfiguration,
    public group: string | undefined,
  ) {}

  get name(): string {
    return this.configuration.name;
  }

  /** Two configurations with the same identity are the same virtual router: changes apply to it as it runs. */
  static identity(configuration: InstanceConfiguration): string {
    const { interface: name, version, virtualRouterId } = configuration;
    return `${name} v${version} ${instanceFamily(configuration)} ${virtualRouterId}`;
  }

  get family(): Family {
    return instanceFamily(this.configuration);
  }

  get settings(): Settings {
    const { version, advertisementInterval, preempt, preemptDelay } = this.configuration;
    const priority = effectivePriority(this.configuration.priority, this.added);
    return { version, priority, advertisementInterval, preempt, preemptDelay, source: this.source ?? (this.family === 'ipv6' ? '::' : '0.0.0.0'), grouped: this.group !== undefined };
  }

  /** As many as fit; the others are held without being listed. Those of IPv6 are bounded by the configuration. */
  get advertisedAddresses(): readonly string[] {
    const addresses = this.configuration.virtualAddresses.filter(({ advertise }) => advertise).map(({ address }) => address);
    const { authentication } = this.configuration;
    const signed = authentication?.type === 'hmac' && authentication.mode !== 'receive_only';
    return this.family === 'ipv4' ? addresses.slice(0, addressesThatFit(this.mtu, signed)) : addresses;
  }

  count(counter: string, by = 1): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + by);
  }

  /** @returns them as they were */
  resetCounters(): Readonly<Record<string, number>> {
    const before = this.counted;
    this.counters.clear();
    this.countedSince = new Date();
    return before;
  }

  private get counted(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counters].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /**
   * The advertisements to send from `source` at this priority (0 resigns): one to the group, or one to each peer.
   * @param wallClock milliseconds since the epoch
   */
  advertisements(priority: number, source: string, wallClock: number): readonly Outgoing[] {
    const { version, virtualRouterId, advertisementInterval: interval, authentication, checksum, unicast } = this.configuration;
    const common = { virtualRouterId, priority, addresses: this.advertisedAddresses, interval };
    const advertisement: Advertisement =
      version === 2 ? { version, ...common, password: authentication?.type === 'pass' ? octetsOf(authentication.password) : undefined } : { version, ...common, checksum };
    const trailer = authentication?.type === 'hmac' ? this.authenticator.trailer(encodeAdvertisement(advertisement, source), source, authentication, wallClock) : undefined;
    const to = (destination: string, ttl: number): Outgoing => ({ message: encodeAdvertisement(advertisement, source, destination, trailer), source, destination, ttl });
    return unicast ? unicast.peers.map((peer) => to(peer, unicast.ttl)) : [to(multicastGroup(this.family), VRRP_TTL)];
  }

  /** Whether the heard address list is ours; the order does not count. */
  agreesWith(addresses: readonly string[]): boolean {
    const ours = new Set(this.advertisedAddresses);
    return addresses.length === ours.size && addresses.every((address) => ours.has(address));
  }

  status(state: InstanceState, isHeld: (address: VirtualAddress) => boolean): InstanceStatus {
    const { configuration, settings } = this;
    const heard = state.state === 'BACKUP' ? state.master : undefined;
    const interval = state.state === 'BACKUP' ? state.masterInterval : settings.advertisementInterval;
    return {
      name: configuration.name,
      interface: configuration.interface,
      virtual_router_id: configuration.virtualRouterId,
      version: configuration.version,
      family: this.family,
      ...(configuration.virtualMac && { virtual_mac: configuration.virtualMac }),
      ...(configuration.unicast && { unicast_peers: configuration.unicast.peers }),
      ...(configuration.authentication && { authentication: configuration.authentication.type === 'hmac' ? this.authenticator.status(configuration.authentication) : { type: 'pass' } }),
      state: state.state,
      since: this.since.toISOString(),
      priority: configuration.priority,
      effective_priority: settings.priority,
      master: heard && heard.priority > 0 ? heard.source : null,
      master_priority: heard && heard.priority > 0 ? heard.priority : null,
      advertisement_interval_ms: toMilliseconds(configuration.advertisementInterval),
      master_down_interval_ms: toMilliseconds(masterDownInterval(settings.version, settings.priority, interval)),
      sync_group: this.group ?? null,
      virtual_addresses: configuration.virtualAddresses.map((address) => ({
        address: `${address.address}/${address.prefixLength}`,
        interface: address.interface,
        held: isHeld(address),
      })),
      address_list_agrees: this.addressListAgrees,
      split_brain: this.conflicts.status.length > 0,
      conflicts: this.conflicts.status,
      trackers: trackerStatuses(this.tracked),
      reason: state.reason,
      yielding: isYielding(state),
      counted_since: this.countedSince.toISOString(),
      counters: this.counted,
    };
  }
}
