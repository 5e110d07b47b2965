/** The vrrp child's engine: feeds packets, link events and timers to the machine, and carries out what it decides. */
import { counted, event, type Report } from '../control/event.js';
import { QuietConditions } from '../control/quiet-conditions.js';
import type { StaticConfiguration } from '../config/routing-model.js';
import type { InstanceStatus, StaticStatus, SyncStatus } from '../control/status.js';
import { Announcer } from '../network/announcer.js';
import type { Family } from '../network/ip-address.js';
import { type NetworkChange, NetworkMonitor } from '../network/monitor.js';
import type { InstanceTransition, OwnedAddress, SplitBrainChange, VrrpConfigure } from '../supervisor/messages.js';
import type { OperatorReply, OperatorRequest } from '../supervisor/operator.js';
import { monotonicNow } from '../time/clock.js';
import { earliest, type Microseconds } from '../time/microseconds.js';
import { AddressHolder, describeAddress, missingAddresses } from './address-holder.js';
import { Effects } from './effects.js';
import { FlightRecorder, type FlightRecorderEvents } from './flight-recorder.js';
import { Handovers } from './handovers.js';
import { Holdings } from './holdings.js';
import { Instance } from './instance.js';
import { Interfaces } from './interfaces.js';
import { instanceEvent } from './log.js';
import { deadline } from './machine.js';
import { Operator } from './operator.js';
import { PatientTimer } from './patient-timer.js';
import { Ports } from './ports.js';
import { Reception } from './reception.js';
import { type RouterEvent, type RouterState, stepRouter } from './router.js';
import { Routing } from './routing.js';
import { StaticAddresses } from './static-addresses.js';
import { SplitBrain } from './split-brain.js';
import { type StalledMaster, stalledMasters, stallEvent } from './stall.js';
import { waiting } from './startup-delay.js';
import { SyncRoleKeeper } from './sync-role.js';
import { Telling } from './telling.js';
import { Tracking } from './tracking.js';
import { splitBrainOf, transitionsOf } from './transitions.js';
import { Transmission } from './transmission.js';
import { VirtualMacs } from './virtual-macs.js';
import { inWords } from '../control/in-words.js';

const auditMilliseconds = 30_000;
/** the sockets send what is queued when they are next writable */
const lingerMilliseconds = 20;

export interface EngineEvents {
  readonly report: Report;
  readonly onRecording: FlightRecorderEvents['onRecording'];
  /** after every transition */
  readonly onTransitions: (transitions: readonly InstanceTransition[]) => void;
  /** the operator's handovers that hold, when they change */
  readonly onYielding: (instances: readonly string[]) => void;
  readonly onSplitBrain: (changes: readonly SplitBrainChange[]) => void;
  readonly onMasters: (masters: readonly { readonly instance: string; readonly masterDownInterval: Microseconds }[], isolated: boolean) => void;
}

export class Engine {
  private router: RouterState = new Map();
  private readonly instances = new Map<string, Instance>();
  private readonly monitor = new NetworkMonitor((change) => this.networkChanged(change));
  private readonly announcer = new Announcer();
  private readonly addresses = new AddressHolder(this.monitor, this.announcer);
  private readonly holdings: Holdings;
  private readonly routing: Routing;
  private readonly staticAddresses: StaticAddresses;
  private fixed: StaticConfiguration | undefined;
  private readonly ports = new Ports({
    onPacket: (name, family, packet) => this.packet(name, family, packet),
    onError: (name, error) => this.interfaces.portFailed(name, error),
  });
  private readonly tracking = new Tracking({
    link: (name) => this.monitor.link(name),
    route: (key) => this.routing.result(key),
    instances: () => this.instances.values(),
    faultsOf: (name) => this.router.get(name)?.faults,
    dispatch: (routerEvent) => this.dispatch(routerEvent),
    report: (logEvent) => this.events.report(logEvent),
  });
  private readonly timer = new PatientTimer<readonly StalledMaster[]>({
    onLate: () => stalledMasters(this.router, (name) => this.instances.get(name)?.advertisedAt, monotonicNow()),
    onDry: (late, stalled) => this.reportStall(late, stalled),
    onDue: () => this.expire(),
  });
  private readonly conditions: QuietConditions;
  private readonly sync: SyncRoleKeeper;
  private readonly operator: Operator;
  private readonly recorder: FlightRecorder;
  private readonly handovers: Handovers;
  private readonly splitBrain: SplitBrain;
  private readonly reception: Reception;
  private readonly transmission: Transmission;
  private readonly virtualMacs: VirtualMacs;
  private readonly interfaces: Interfaces;
  private readonly effects: Effects;
  private readonly telling: Telling;
  private readonly audit: NodeJS.Timeout;
  private syncInstance: string | undefined;
  /** of all instances: none of them is an address to send from */
  private virtualAddresses: ReadonlySet<string> = new Set();
  /** nothing takes part before this: startup_delay */
  private heldUntil: Microseconds | undefined;
  /** transitions that the supervisor is still to be told of */
  private started = false;
  private stopping = false;

  constructor(private readonly events: EngineEvents) {
    this.conditions = new QuietConditions(events.report);
    this.holdings = new Holdings(this.addresses, this.conditions, events.report, () => this.arm());
    this.routing = new Routing({ link: (name) => this.monitor.link(name), conditions: this.conditions, report: events.report, onTracked: () => this.started && !this.stopping && this.tracking.routesChanged() });
    this.staticAddresses = new StaticAddresses(this.addresses, this.conditions, events.report);
    this.sync = new SyncRoleKeeper(events.report);
    this.handovers = new Handovers(events.onYielding);
    this.recorder = new FlightRecorder(events);
    this.operator = new Operator({
      router: () => this.router,
      instance: (name) => this.instances.get(name),
      status: (name) => this.status.instances.find((status) => status.name === name),
      dispatch: (order) => this.dispatch(order),
      report: events.report,
    });
    this.splitBrain = new SplitBrain(
      this.instances,
      this.monitor,
      this.conditions,
      events.report,
      (instance) => this.holdings.announceAgain(instance),
      (instance, sentence) => events.onSplitBrain([splitBrainOf(instance, Date.now(), sentence)]),
    );
    this.reception = new Reception(this.conditions, this.splitBrain, events.report);
    this.transmission = new Transmission(this.ports, this.conditions);
    this.virtualMacs = new VirtualMacs(this.monitor, events.report, (name) => this.interfaces.virtualMacChanged(name));
    const { instances, monitor, ports, announcer, holdings, routing, tracking, virtualMacs, splitBrain, transmission } = this;
    const shared = { instances, router: () => this.router, holdings, tracking, virtualMacs, report: events.report };
    const dispatch = (routerEvent: RouterEvent): void => this.dispatch(routerEvent);
    this.interfaces = new Interfaces({ ...shared, virtualAddresses: () => this.virtualAddresses, monitor, ports, announcer, dispatch });
    this.effects = new Effects({ ...shared, stopping: () => this.stopping, routing, splitBrain, transmission });
    this.telling = new Telling(events, () => this.router, this.instances, this.tracking);
    this.audit = setInterval(() => this.runAudit(), auditMilliseconds);
  }

  get status(): { readonly instances: readonly InstanceStatus[]; readonly sync: SyncStatus | undefined; readonly static?: StaticStatus } {
    const instances = [...this.instances.values()].flatMap((instance) => {
      const state = this.router.get(instance.name)?.state ?? (this.heldUntil === undefined ? undefined : waiting(this.heldUntil, monotonicNow()));
      return state ? [{ ...instance.status(state, (address) => this.addresses.isHeld(address)), ...this.routing.status(instance) }] : [];
    });
    return { instances, sync: this.sync.status, ...(this.fixed && { static: { addresses: this.staticAddresses.status(), ...this.routing.staticStatus(this.fixed) } }) };
  }

  /** Carries out what the operator wants; resolves when it is done, never rejects. */
  operate(request: OperatorRequest): Promise<OperatorReply> {
    return this.operator.operate(request);
  }

  // --- configuration ------------------------------------------------------------------------------------------

  /**
   * Puts a configuration in force: only what differs is touched. Done when the kernel agrees.
   * @returns the virtual addresses that are not ours to remove
   */
  async configure({ vrrp, sync, owned, ownedLinks, ownedRouting = { routes: [], rules: [] }, resume, heldUntil, tracked, yielding = [] }: VrrpConfigure): Promise<readonly OwnedAddress[]> {
    if (!this.started) await this.monitor.refresh();
    if (!this.started && heldUntil !== undefined && monotonicNow() < heldUntil) this.holdBack(heldUntil);
    this.handovers.configure(yielding);
    this.fixed = vrrp.static;
    await this.staticAddresses.configure(vrrp.static?.addresses ?? [], owned);
    await this.routing.begin(vrrp, ownedRouting);
    await this.virtualMacs.prepare(vrrp.instances, ownedLinks ?? []);
    this.tracking.configure(vrrp, tracked);
    const groupOf = new Map(vrrp.syncGroups.flatMap(({ name, instances }) => instances.map((instance) => [instance, name] as const)));
    this.virtualAddresses = new Set(vrrp.instances.flatMap(({ virtualAddresses }) => virtualAddresses.map(({ address }) => address)));
    const wanted = new Map(vrrp.instances.map((configuration) => [configuration.name, configuration]));

    for (const instance of [...this.instances.values()]) {
      const next = wanted.get(instance.name);
      if (next && Instance.identity(next) === Instance.identity(instance.configuration)) continue;
      this.dispatch({ type: 'remove', instance: instance.name });
      this.instances.delete(instance.name);
    }
    for (const configuration of vrrp.instances) {
      const group = groupOf.get(configuration.name);
      const known = this.instances.get(configuration.name);
      if (known) this.reconfigure(known, configuration, group);
      else this.addInstance(new Instance(configuration, group), owned);
      const instance = this.instances.get(configuration.name);
      if (instance) this.tracking.apply(instance, !known);
    }
    this.routing.sweep(vrrp, ownedRouting);
    const isWanted = new Set([...(vrrp.static?.addresses ?? []), ...vrrp.instances.flatMap(({ virtualAddresses }) => virtualAddresses)].map(describeAddress));
    const stale = owned.filter((address) => !isWanted.has(describeAddress(address)) && this.addresses.isHeld(address));
    if (stale.length > 0) {
      void this.addresses.remove(stale);
      this.events.report(event('info', `removed ${counted(stale.length, 'address', 'addresses')} of an earlier configuration: ${stale.map(describeAddress).join(', ')}`));
    }
    // later: what resigned above is still to be sent
    setTimeout(() => {
      const inUse = [...this.instances.values()];
      this.ports.retain(inUse.map(({ configuration, family }) => ({ interface: configuration.interface, family })));
      if (!this.stopping) void this.virtualMacs.retain(inUse.map(({ configuration }) => configuration));
    }, lingerMilliseconds);
    const now = monotonicNow();
    this.started = true;
    // what an earlier run left would be held beside the master
    if (this.heldUntil !== undefined) for (const instance of this.instances.values()) this.effects.release(instance);
    this.dispatch({ type: 'start', resume: new Set(resume.filter(({ until }) => now < until).map(({ instance }) => instance)) });
    this.syncInstance = sync?.instance;
    this.followSyncRole();
    void this.sync.configure(sync);
    await this.holdings.settled();
    await this.routing.settled();
    const foreign = [...this.instances.values()].flatMap((instance) => instance.configuration.virtualAddresses.filter((address) => instance.foreign.has(describeAddress(address))));
    return [...foreign, ...this.staticAddresses.notOurs];
  }

  private addInstance(instance: Instance, owned: readonly OwnedAddress[]): void {
    this.instances.set(instance.name, instance);
    instance.source = this.interfaces.primaryAddress(instance);
    const recorded = new Set(owned.map(describeAddress));
    for (const address of instance.configuration.virtualAddresses) {
      if (!this.addresses.isHeld(address) || recorded.has(describeAddress(address))) continue;
      instance.foreign.add(describeAddress(address));
      if (instance.configuration.priority === 255) continue; // the owner's own
      const sentence = `${describeAddress(address)} is there already and was not put there by tandem: it stays while this host is BACKUP, and two hosts may answer for it; remove it from the host's own network configuration`;
      this.events.report(instanceEvent('warn', instance.configuration, sentence));
    }
    this.enter(instance);
  }

  private enter(instance: Instance): void {
    this.dispatch({ type: 'add', instance: instance.name, settings: instance.settings, group: instance.group, ...(this.heldUntil === undefined && this.handovers.take(instance.name) ? { yielding: true } : {}) });
    this.interfaces.check(instance);
  }

  private holdBack(until: Microseconds): void {
    this.heldUntil = until;
    this.events.report(event('info', `${waiting(until, monotonicNow()).reason}: nothing is sent, what arrives is ignored`));
  }

  private endHoldBack(): void {
    this.heldUntil = undefined;
    for (const instance of this.instances.values()) {
      this.enter(instance);
      this.tracking.apply(instance, true);
    }
    this.dispatch({ type: 'start', resume: new Set() });
  }

  private reconfigure(instance: Instance, configuration: Instance['configuration'], group: string | undefined): void {
    const before = instance.configuration;
    const changed = JSON.stringify([before, instance.group]) !== JSON.stringify([configuration, group]);
    if (!changed) return;
    instance.configuration = configuration;
    instance.group = group;
    instance.source = this.interfaces.primaryAddress(instance);
    if (instance.holding) {
      const [was, is] = [before.virtualAddresses, configuration.virtualAddresses];
      this.virtualMacs.raise(instance);
      this.holdings.exchange(instance, missingAddresses(was, is), missingAddresses(is, was));
      this.routing.exchange(instance);
    }
    this.dispatch({ type: 'configure', instance: instance.name, settings: instance.settings, group });
    this.interfaces.check(instance);
    this.effects.prepare(instance);
  }

  /** The supervisor's scripts, files and processes. */
  track(tracked: NonNullable<VrrpConfigure['tracked']>): void {
    if (!this.stopping) this.tracking.found(tracked);
  }

  /** The supervisor may have missed some of it. */
  tellAgain(): void {
    this.handovers.tell(this.router);
    this.telling.again();
  }

  /**
   * Resigns, releases and ends.
   * @param endSync stops the sync daemons too: with the IPVS table; otherwise what they have not sent yet would be lost
   */
  async stop(endSync: boolean): Promise<void> {
    this.stopping = true;
    clearInterval(this.audit);
    this.recorder.close();
    this.tracking.close();
    for (const name of [...this.instances.keys()]) this.dispatch({ type: 'remove', instance: name });
    this.timer.set(undefined);
    this.routing.end();
    await this.routing.settled();
    await this.holdings.settled();
    await this.staticAddresses.end();
    if (endSync) await this.sync.configure(undefined);
    await new Promise((resolve) => setTimeout(resolve, lingerMilliseconds));
    this.sync.close();
    this.splitBrain.close();
    await this.virtualMacs.close();
    this.transmission.close();
    this.ports.retain([]);
    this.announcer.close();
    this.addresses.close();
    this.routing.close();
    this.monitor.close();
  }

  // --- what comes in ------------------------------------------------------------------------------------------

  private packet(interfaceName: string, family: Family, packet: Buffer): void {
    const arrival = monotonicNow();
    this.timer.packetArrived();
    if (this.heldUntil !== undefined) return;
    this.timer.noticeStall();
    const here = [...this.instances.values()].filter((instance) => instance.configuration.interface === interfaceName && instance.family === family);
    const accepted = this.reception.accept(interfaceName, here, packet);
    if (!accepted) return;
    const { instance, advertisement, source } = accepted;
    const { priority, interval } = advertisement;
    this.operator.heard(instance.name, source, priority);
    this.dispatch({ type: 'instance', instance: instance.name, event: { type: 'advertisement', advertisement: { source, priority, interval } } }, arrival);
    if (priority > 0 && this.router.get(instance.name)?.state.state === 'MASTER') this.reception.lowerPriority(instance, source, priority, interval);
  }

  private networkChanged(change: NetworkChange): void {
    if (!this.started || this.stopping) return;
    this.timer.noticeStall();
    this.routing.networkChanged(change);
    if (change.type !== 'address_added') this.staticAddresses.repair();
    this.interfaces.changed(change);
  }

  // --- timers -------------------------------------------------------------------------------------------------

  private reportStall(late: Microseconds, stalled: readonly StalledMaster[]): void {
    for (const { instance: name, silence } of stalled) {
      const instance = this.instances.get(name);
      if (!instance) continue;
      const stillMaster = this.router.get(name)?.state.state === 'MASTER';
      instance.count('stalls');
      this.events.report(stallEvent(instance, late, silence, stillMaster));
      if (stillMaster) this.dispatch({ type: 'instance', instance: name, event: { type: 'stalled', length: late } });
    }
  }

  private expire(): void {
    const now = monotonicNow();
    if (this.heldUntil !== undefined && now >= this.heldUntil) this.endHoldBack();
    for (const [name, { state }] of this.router) {
      const due = deadline(state);
      if (due !== undefined && now >= due) this.decide({ type: 'instance', instance: name, event: { type: 'timer' } });
    }
    for (const instance of this.instances.values()) this.holdings.announceDue(instance, now);
    this.arm();
  }

  private arm(): void {
    if (this.timer.draining || this.stopping) return;
    const deadlines = [...this.router.values()].map(({ state }) => deadline(state));
    const announcements = [...this.instances.values()].map((instance) => this.holdings.nextAnnouncement(instance));
    this.timer.set(earliest([this.heldUntil, ...deadlines, ...announcements]));
  }

  private runAudit(): void {
    this.monitor.refresh().catch((error: unknown) => this.events.report(event('warn', `links and addresses could not be read: ${inWords(error)}`)));
    this.sync.audit();
    this.conditions.sweep();
    this.virtualMacs.audit();
    for (const instance of this.instances.values()) {
      if (instance.configuration.virtualMac) this.interfaces.check(instance);
      this.holdings.repair(instance);
    }
    this.routing.audit();
    this.staticAddresses.repair();
  }

  // --- what goes out ------------------------------------------------------------------------------------------

  private dispatch(routerEvent: RouterEvent, now = monotonicNow()): void {
    this.decide(routerEvent, now);
    this.arm();
  }

  /** The timer is for the caller to arm. */
  private decide(routerEvent: RouterEvent, now = monotonicNow()): void {
    if (this.heldUntil !== undefined) return;
    const step = stepRouter(this.router, routerEvent, now);
    const { state, effects } = step;
    const before = this.router;
    this.router = state;
    if (!this.stopping) this.handovers.look(state, routerEvent);
    // first of all what the other routers wait for; to record and to tell takes as long as a takeover otherwise
    for (const urgent of [true, false]) {
      for (const { instance: name, effect } of effects) {
        const instance = this.instances.get(name);
        if (instance && (effect.type === 'advertise') === urgent) this.effects.perform(instance, effect);
      }
      if (urgent) this.recorder.record(before, routerEvent, step, now);
    }
    if (effects.some(({ effect }) => effect.type === 'transition')) {
      const transitions = transitionsOf(effects, this.instances);
      if (effects.some(({ effect }) => effect.type === 'hold')) this.telling.afterwards(transitions);
      else this.telling.now(transitions);
      this.followSyncRole();
      this.operator.look();
    }
  }

  private followSyncRole(): void {
    this.sync.follow(this.syncInstance !== undefined && this.router.get(this.syncInstance)?.state.state === 'MASTER');
  }
}
