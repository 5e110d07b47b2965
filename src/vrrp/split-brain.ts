/** Finds others who claim what this host's masters hold: listens to advertisements and ARP, asks for every held address now and then. */
import { isIPv4 } from 'node:net';
import { event, type Report } from '../control/event.js';
import type { QuietConditions } from '../control/quiet-conditions.js';
import { type ArpPacket, describeHardwareAddress } from '../network/arp.js';
import { ArpWatch } from '../network/arp-watch.js';
import type { NetworkMonitor } from '../network/monitor.js';
import type { Link } from '../network/rtnetlink.js';
import { monotonicNow } from '../time/clock.js';
import { type Microseconds, Milliseconds } from '../time/microseconds.js';
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

/** What is watched on one interface in this tick. */
interface Watched {
  readonly link: Link;
  readonly held: Map<string, Instance>;
  readonly masters: Map<string, Instance[]>;
}

export class SplitBrain {
  private readonly sockets = new Map<number, ArpWatch>();
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
    for (const index of [...this.sockets.keys()]) this.forget(index);
  }

  private tick(): void {
    const watched = this.watched();
    for (const index of [...this.sockets.keys()]) if (!watched.has(index)) this.forget(index);
    const own = new Set(this.monitor.hardwareAddresses.map(describeHardwareAddress));
    for (const each of watched.values()) this.listen(each, own);
    const now = monotonicNow();
    for (const instance of this.instances.values()) {
      const ended = instance.conflicts.sweep(now);
      for (const conflict of ended) if (conflict.established) this.ended(instance, conflict, describeEnd(conflict));
      // another master's every advertisement was answered by an announcement: its last word alone needs no more
      if (ended.some(({ kind, established }) => established || kind === 'arp')) this.announceAgain(instance);
    }
    this.ask(watched);
  }

  /** By the index of the interface. */
  private watched(): ReadonlyMap<number, Watched> {
    const watched = new Map<number, Watched>();
    const on = (name: string): Watched | undefined => {
      const link = this.monitor.link(name);
      if (!link?.running || !link.arp || link.hardwareAddress.length !== 6) return undefined;
      const known = watched.get(link.index) ?? { link, held: new Map(), masters: new Map() };
      watched.set(link.index, known);
      return known;
    };
    for (const instance of this.instances.values()) {
      if (!instance.holding) continue;
      const { virtualAddresses, interface: name } = instance.configuration;
      for (const { address, interface: carrier } of virtualAddresses) if (isIPv4(address)) on(carrier)?.held.set(address, instance);
      const virtual = new Set(virtualAddresses.map(({ address }) => address));
      for (const address of instance.conflicts.suspects) {
        if (virtual.has(address) || !isIPv4(address)) continue;
        const masters = on(name)?.masters;
        masters?.set(address, [...(masters.get(address) ?? []), instance]);
      }
    }
    return watched;
  }

  private listen({ link, held, masters }: Watched, own: ReadonlySet<string>): void {
    try {
      const socket = this.sockets.get(link.index) ?? new ArpWatch(link);
      this.sockets.set(link.index, socket);
      socket.listen([...held.keys(), ...masters.keys()]);
      for (const packet of socket.heard()) if (!own.has(packet.senderHardwareAddress)) this.heard(packet, link, held.get(packet.senderAddress), masters.get(packet.senderAddress) ?? []);
    } catch (error) {
      this.failed(link, error);
    }
  }

  private heard({ senderAddress, senderHardwareAddress: hardwareAddress, operation }: ArpPacket, link: Link, holder: Instance | undefined, suspicious: readonly Instance[]): void {
    for (const instance of suspicious) instance.conflicts.identify(senderAddress, hardwareAddress);
    if (!holder) return;
    holder.count('foreign_arp_received');
    const detail = operation === 'reply' ? 'it answers' : 'it announces';
    this.note(holder, { key: `arp ${link.name} ${hardwareAddress}`, kind: 'arp', interface: link.name, hardwareAddress, claims: senderAddress, detail, interval: questionInterval });
  }

  private note(instance: Instance, heard: Parameters<Instance['conflicts']['heard']>[0]): void {
    const begun = instance.conflicts.heard(heard, monotonicNow(), Date.now());
    if (!begun) return;
    instance.count('split_brain');
    this.report(instanceEvent('error', instance.configuration, describeBegin(begun), this.fields(begun)));
  }

  private ended(instance: Instance, conflict: Conflict, sentence: string): void {
    const seconds = Math.round((Date.now() - Date.parse(conflict.since)) / 1000);
    this.report(instanceEvent('info', instance.configuration, sentence, { ...this.fields(conflict), count: conflict.count, seconds }));
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
  private ask(watched: ReadonlyMap<number, Watched>): void {
    const suspects: (readonly [Link, string])[] = [];
    const all: (readonly [Link, string])[] = [];
    for (const { link, held, masters } of watched.values()) {
      const suspected = new Set([...held.values()].flatMap((instance) => instance.conflicts.suspects));
      for (const address of held.keys()) (suspected.has(address) ? suspects : all).push([link, address]);
      for (const address of masters.keys()) suspects.push([link, address]);
    }
    this.credit = Math.min(questionsAtMost, all.length, this.credit + all.length / ticksOfRound);
    // never all of them: those not under suspicion have their turn too
    const urgent = rotate(suspects, this.position).slice(0, questionsAtMost / 2);
    const due = Math.min(Math.floor(this.credit), questionsAtMost - urgent.length, all.length);
    const regular = rotate(all, this.position).slice(0, due);
    this.credit -= due;
    this.position = (this.position + Math.max(due, urgent.length)) % 1_000_000;
    for (const [link, address] of [...urgent, ...regular]) {
      try {
        this.sockets.get(link.index)?.ask(link.hardwareAddress, address);
      } catch (error) {
        this.failed(link, error);
      }
    }
  }

  private failed(link: Link, error: unknown): void {
    this.forget(link.index);
    this.conditions.note(
      `arp watch ${link.name}`,
      () => event('warn', `other stations that answer ARP for our addresses cannot be watched for on ${link.name}: ${inWords(error)}`, { interface: link.name }),
      (count, duration) => event('info', `ARP is watched again on ${link.name}`, { interface: link.name, failed: count, seconds: Math.round(duration / 1000) }),
    );
  }

  private forget(index: number): void {
    this.sockets.get(index)?.close();
    this.sockets.delete(index);
  }
}

const rotate = <T>(list: readonly T[], by: number): readonly T[] => (list.length === 0 ? list : [...list.slice(by % list.length), ...list.slice(0, by % list.length)]);
