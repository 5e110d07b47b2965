/**
 * Who else claims what an instance holds while it is MASTER: other masters of its virtual router, other stations that answer ARP or
 * Neighbour Discovery for its addresses. What is heard once is a suspicion, what lasts is a conflict, and it ends when nothing is heard any more. Pure.
 */
import type { ConflictStatus } from '../control/status.js';
import { minus, type Microseconds, Milliseconds, plus, Seconds } from '../time/microseconds.js';

/** a peer that yields is silent after one or two advertisements, and a burst of announcements is over sooner */
const suspicionLasts = Seconds(1);
const advertisementsAtLeast = 3;
/** silence that ends it; asked stations answer at once */
const quietAtLeast = Seconds(3);
/** one more address takes so much longer until each was asked again */
const quietPerAddress = Milliseconds(20);
/** conflicts of one instance: whoever forges senders must not fill the memory */
const conflictsAtMost = 64;

export interface Conflict {
  readonly kind: ConflictStatus['kind'];
  readonly interface: string;
  /** of another master */
  readonly address: string | undefined;
  /** `02:00:00:00:00:01` */
  readonly hardwareAddress: string | undefined;
  /** of ours, that it claims -> when it last did */
  readonly claimed: ReadonlyMap<string, Microseconds>;
  /** what it says, in words: `priority 100` */
  readonly detail: string;
  readonly firstAt: Microseconds;
  readonly lastAt: Microseconds;
  /** wall clock, ISO 8601 */
  readonly since: string;
  readonly count: number;
  /** silence after which it has ended */
  readonly quiet: Microseconds;
  /** it lasts: no suspicion any more */
  readonly established: boolean;
}

export interface Heard {
  /** tells conflicts of one instance apart */
  readonly key: string;
  readonly kind: ConflictStatus['kind'];
  readonly interface: string;
  readonly address?: string | undefined;
  readonly hardwareAddress?: string | undefined;
  readonly claims?: string | undefined;
  readonly detail: string;
  /** how often it is to be expected again, at least */
  readonly interval: Microseconds;
}

export class Conflicts {
  private readonly conflicts = new Map<string, Conflict>();

  /**
   * @param wallClock milliseconds since the epoch
   * @returns the conflict when it has just become certain
   */
  heard({ key, claims, interval, hardwareAddress, ...what }: Heard, now: Microseconds, wallClock: number): Conflict | undefined {
    const known = this.conflicts.get(key);
    if (!known && this.conflicts.size >= conflictsAtMost) return undefined;
    const claimed = new Map(known?.claimed);
    if (claims !== undefined) claimed.set(claims, now);
    const count = (known?.count ?? 0) + 1;
    const firstAt = known?.firstAt ?? now;
    const lasts = minus(now, firstAt) >= suspicionLasts && (what.kind !== 'master' || count >= advertisementsAtLeast);
    const conflict: Conflict = {
      ...what,
      address: what.address,
      hardwareAddress: hardwareAddress ?? known?.hardwareAddress,
      claimed,
      firstAt,
      lastAt: now,
      since: known?.since ?? new Date(wallClock).toISOString(),
      count,
      quiet: Math.max(quietAtLeast, 4 * interval, quietAtLeast + claimed.size * quietPerAddress) as Microseconds,
      established: known?.established === true || lasts,
    };
    this.conflicts.set(key, conflict);
    return conflict.established && known?.established !== true ? conflict : undefined;
  }

  /** The station with this address has this hardware address. */
  identify(address: string, hardwareAddress: string): void {
    for (const [key, conflict] of this.conflicts) if (conflict.address === address) this.conflicts.set(key, { ...conflict, hardwareAddress });
  }

  /** Forgets what has been silent. @returns it, mere suspicions too */
  sweep(now: Microseconds): readonly Conflict[] {
    const ended: Conflict[] = [];
    for (const [key, conflict] of this.conflicts) {
      if (now < plus(conflict.lastAt, conflict.quiet)) {
        const claimed = new Map([...conflict.claimed].filter(([, at]) => now < plus(at, conflict.quiet)));
        this.conflicts.set(key, { ...conflict, claimed });
        continue;
      }
      this.conflicts.delete(key);
      ended.push(conflict);
    }
    return ended;
  }

  /** All at once: the addresses are not held any more. @returns those that were certain */
  clear(): readonly Conflict[] {
    const ended = [...this.conflicts.values()].filter(({ established }) => established);
    this.conflicts.clear();
    return ended;
  }

  /** Addresses whose stations should be asked sooner than the others: ours that are claimed, and those of other masters. */
  get suspects(): readonly string[] {
    return [...new Set([...this.conflicts.values()].flatMap(({ address, claimed }) => [...(address === undefined ? [] : [address]), ...claimed.keys()]))];
  }

  get status(): readonly ConflictStatus[] {
    return [...this.conflicts.values()]
      .filter(({ established }) => established)
      .map(({ kind, interface: name, address, hardwareAddress, claimed, since, count }) => ({
        kind,
        interface: name,
        address: address ?? null,
        hardware_address: hardwareAddress ?? null,
        virtual_addresses: [...claimed.keys()],
        since,
        count,
      }));
  }
}

/** `10.77.0.2 (02:00:00:00:00:01)` */
const station = ({ address, hardwareAddress }: Conflict): string => (address === undefined ? (hardwareAddress ?? 'a station') : hardwareAddress === undefined ? address : `${address} (${hardwareAddress})`);

const addressesOf = ({ claimed }: Conflict): string => {
  const [first = 'none', ...more] = claimed.keys();
  return more.length === 0 ? first : `${first} and ${more.length} more`;
};

/** A sentence about a conflict that has become certain. */
export const describeBegin = (conflict: Conflict): string =>
  conflict.kind === 'master'
    ? `split brain: ${station(conflict)} is master too and does not yield, ${conflict.detail}`
    : conflict.kind === 'arp'
      ? `split brain: ${station(conflict)} on ${conflict.interface} answers ARP for ${addressesOf(conflict)}, which we hold: another master, or a real server that has the address without ARP suppression (arp_ignore=1, arp_announce=2)`
      : `split brain: ${station(conflict)} on ${conflict.interface} sends Neighbour Advertisements for ${addressesOf(conflict)}, which we hold: another master, or a real server that has the address on that interface instead of lo`;

export const describeEnd = (conflict: Conflict): string =>
  conflict.kind === 'master' ? `split brain ended: ${station(conflict)} does not advertise any more` : `split brain ended: ${station(conflict)} ${conflict.kind === 'arp' ? 'does not answer ARP' : 'sends no Neighbour Advertisements'} for ${addressesOf(conflict)} any more`;
