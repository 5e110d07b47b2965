/** Finds others who claim what this host's masters hold: listens to advertisements, ARP and Neighbour Advertisements, asks for every held address now and then. */
import { event, type Report } from '../control/event.js';
import type { QuietConditions } from '../control/quiet-conditions.js';
import { describeHardwareAddress } from '../network/arp.js';
import { type Family, familyOf } from '../network/ip-address.js';
import type { NetworkMonitor } from '../network/monitor.js';
import type { Link } from '../network/rtnetlink.js';
import { monotonicNow } from '../time/clock.js';
import { type Microseconds, Milliseconds } from '../time/microseconds.js';
import { type Claim, type Claims, openClaims } from './claims.js';
import { type Conflict, describeBegin, describeEnd } from './conflicts.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import type { AuthenticationReason } from './authentication.js';
import type { RejectReason } from './packet.js';
import { inWords } from '../control/in-words.js';

/** milliseconds between two looks; nothing of this runs on the way of a takeover, and nothing while no instance is MASTER */
const tickMilliseconds = 500;
/** every address is asked for once in so many ticks */
const ticksOfRound = 10;
/** questions in one tick, on all interfaces together: 100 a second */
const questionsAtMost = 50;
const questionInterval = Milliseconds(tickMilliseconds);

/** What makes two routers of one virtual router deaf to each other: both are master then. A forger from afar is not among them (ttl). */
const deafening: ReadonlySet<RejectReason | AuthenticationReason> = new Set<RejectReason | AuthenticationReason>([
  'version', 'authentication_type', 'authentication_failure', 'advertisement_interval', 'authentication_missing', 'authentication_unknown_key', 'authentication_stale',
]);

/** What is watched on one interface in this tick, of one family. */
interface Watched {
  readonly link: Link;
  readonly family: Family;
  readonly held: Map<string, Instance>;
  readonly masters: Map<string, Instance[]>;
}

export class SplitBrain {
  /** by the interface's index and the family, as `watched` */
  private readonly sockets = new Map<string, Claims>();
  private timer: NodeJS.Timeout | undefined;
  /** how many questions of the round are due */
  private credit = 0;
  /** where the round goes on */
  private position = 0;

  constructor(
    private readonly instances: ReadonlyMap<string, Instance>,
    private readonly monitor: NetworkMonitor,
    private readonly conditions: QuietConditions,
    private readonly report: Report,
    /** hosts may have learnt another station's hardware address */
    private readonly announceAgain: (instance: Instance) => void,
    private readonly onChange: (instance: Instance, sentence: string) => void,
  ) {}

  /** An instance begins to hold: watched from the next tick on. */
  begin(): void {
    this.credit = questionsAtMost;
    this.timer ??= setInterval(() => this.tick(), tickMilliseconds);
  }

  /** The instance holds nothing any more. */
  end(instance: Instance): void {
    for (const conflict of instance.conflicts.clear()) this.ended(instance, conflict, 'split brain: we hold the addresses no more');
    if (![...this.instances.values()].some(({ holding }) => holding)) this.close();
  }

  /** A MASTER hears another one. `interval` of its advertisements. */
  heardMaster(instance: Instance, source: string, interval: Microseconds, detail: string): void {
    const { interface: name } = instance.configuration;
    this.note(instance, { key: `master ${source}`, kind: 'master', interface: name, address: source, detail, interval });
  }

  /** A MASTER rejects a packet: for some reasons the sender may be master as well. */
  rejected(instance: Instance, source: string, reason: RejectReason | AuthenticationReason, inWords: string): void {
    if (deafening.has(reason)) this.heardMaster(instance, source, instance.configuration.advertisementInterval, `its packets are rejected: ${inWords}`);
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    for (const key of [...this.sockets.keys()]) this.forget(key);
  }

  private tick(): void {
    const watched = this.watched();
    for (const key of [...this.sockets.keys()]) if (!watched.has(key)) this.forget(key);
    const own = new Set(this.monitor.hardwareAddresses.map(describeHardwareAddress));
    for (const [key, each] of watched) this.listen(key, each, own);
    const now = monotonicNow();
    for (const instance of this.instances.values()) {
      const ended = instance.conflicts.sweep(now);
      for (const conflict of ended) if (conflict.established) this.ended(instance, conflict, describeEnd(conflict));
      // another master's every advertisement was answered by an announcement: its last word alone needs no more
      if (ended.some(({ kind, established }) => established || kind !== 'master')) this.announceAgain(instance);
    }
    this.ask(watched);
  }

  private watched(): ReadonlyMap<string, Watched> {
    const watched = new Map<string, Watched>();
    const on = (name: string, address: string): Watched | undefined => {
      const link = this.monitor.link(name);
      if (!link?.running || !link.arp || link.hardwareAddress.length !== 6) return undefined;
      const family = familyOf(address);
      const key = `${link.index} ${family}`;
      const known = watched.get(key) ?? { link, family, held: new Map(), masters: new Map() };
      watched.set(key, known);
      return known;
    };
    for (const instance of this.instances.values()) {
      if (!instance.holding) continue;
      const { virtualAddresses, interface: name } = instance.configuration;
      for (const { address, interface: carrier } of virtualAddresses) on(carrier, address)?.held.set(address, instance);
      const virtual = new Set(virtualAddresses.map(({ address }) => address));
      for (const address of instance.conflicts.suspects) {
        if (virtual.has(address)) continue;
        const masters = on(name, address)?.masters;
        masters?.set(address, [...(masters.get(address) ?? []), instance]);
      }
    }
    return watched;
  }

  private listen(key: string, { link, family, held, masters }: Watched, own: ReadonlySet<string>): void {
    try {
      const socket = this.sockets.get(key) ?? openClaims(family, link, this.monitor);
      this.sockets.set(key, socket);
      socket.listen([...held.keys(), ...masters.keys()]);
      for (const claim of socket.heard()) if (!own.has(claim.hardwareAddress)) this.heard(claim, link, held.get(claim.address), masters.get(claim.address) ?? []);
    } catch (error) {
      this.failed(key, link, family, error);
    }
  }

  private heard({ address, hardwareAddress, answers }: Claim, link: Link, holder: Instance | undefined, suspicious: readonly Instance[]): void {
    for (const instance of suspicious) instance.conflicts.identify(address, hardwareAddress);
    if (!holder) return;
    const kind = familyOf(address) === 'ipv4' ? 'arp' : 'ndp';
    holder.count(kind === 'arp' ? 'foreign_arp_received' : 'foreign_neighbour_advertisements_received');
    const detail = answers ? 'it answers' : 'it announces';
    this.note(holder, { key: `${kind} ${link.name} ${hardwareAddress}`, kind, interface: link.name, hardwareAddress, claims: address, detail, interval: questionInterval });
  }

  private note(instance: Instance, heard: Parameters<Instance['conflicts']['heard']>[0]): void {
    const begun = instance.conflicts.heard(heard, monotonicNow(), Date.now());
    if (!begun) return;
    instance.count('split_brain');
    this.report(instanceEvent('error', instance.configuration, describeBegin(begun), this.fields(begun)));
    this.onChange(instance, describeBegin(begun));
  }

  private ended(instance: Instance, conflict: Conflict, sentence: string): void {
    const seconds = Math.round((Date.now() - Date.parse(conflict.since)) / 1000);
    this.report(instanceEvent('info', instance.configuration, sentence, { ...this.fields(conflict), count: conflict.count, seconds }));
    this.onChange(instance, sentence);
  }

  private fields({ kind, interface: name, address, hardwareAddress, claimed }: Conflict): Readonly<Record<string, string | number>> {
    return {
      conflict: kind,
      interface: name,
      ...(address === undefined ? {} : { source: address }),
      ...(hardwareAddress === undefined ? {} : { hardware_address: hardwareAddress }),
      ...(claimed.size === 0 ? {} : { addresses: claimed.size }),
    };
  }

  /** Those under suspicion first, then the round over all held addresses goes on. */
  private ask(watched: ReadonlyMap<string, Watched>): void {
    const suspects: (readonly [string, Watched, string])[] = [];
    const all: (readonly [string, Watched, string])[] = [];
    for (const [key, each] of watched) {
      const { held, masters } = each;
      const suspected = new Set([...held.values()].flatMap((instance) => instance.conflicts.suspects));
      for (const address of held.keys()) (suspected.has(address) ? suspects : all).push([key, each, address]);
      for (const address of masters.keys()) suspects.push([key, each, address]);
    }
    this.credit = Math.min(questionsAtMost, all.length, this.credit + all.length / ticksOfRound);
    // never all of them: those not under suspicion have their turn too
    const urgent = rotate(suspects, this.position).slice(0, questionsAtMost / 2);
    const due = Math.min(Math.floor(this.credit), questionsAtMost - urgent.length, all.length);
    const regular = rotate(all, this.position).slice(0, due);
    this.credit -= due;
    this.position = (this.position + Math.max(due, urgent.length)) % 1_000_000;
    for (const [key, { link, family }, address] of [...urgent, ...regular]) {
      try {
        this.sockets.get(key)?.ask(link.hardwareAddress, address);
      } catch (error) {
        this.failed(key, link, family, error);
      }
    }
  }

  private failed(key: string, link: Link, family: Family, error: unknown): void {
    this.forget(key);
    const protocol = family === 'ipv4' ? 'ARP' : 'Neighbour Discovery';
    this.conditions.note(
      `claims ${link.name} ${family}`,
      () => event('warn', `other stations that answer ${protocol} for our addresses cannot be watched for on ${link.name}: ${inWords(error)}`, { interface: link.name }),
      (count, duration) => event('info', `${protocol} is watched again on ${link.name}`, { interface: link.name, failed: count, seconds: Math.round(duration / 1000) }),
    );
  }

  private forget(key: string): void {
    this.sockets.get(key)?.close();
    this.sockets.delete(key);
  }
}

const rotate = <T>(list: readonly T[], by: number): readonly T[] => (list.length === 0 ? list : [...list.slice(by % list.length), ...list.slice(0, by % list.length)]);
