/** The supervisor: two children, one configuration, the control socket, the log, and the order in which they come and go. */
import { join } from 'node:path';
import type { LogFormat, LogLevel } from '../config/model.js';
import type { Status } from '../control/status.js';
import { controlPath } from '../control/client.js';
import { counted } from '../control/event.js';
import { ControlServer, isAnswering, type CommandHandler } from '../control/server.js';
import { Notification } from '../notify/notification.js';
import { withoutNotify } from '../notify/notifier.js';
import { monotonicNow } from '../time/clock.js';
import { plus, type Microseconds } from '../time/microseconds.js';
import { CheckScripts } from './check-scripts.js';
import { Child } from './child.js';
import { composeStatus } from './compose-status.js';
import { diagnosticLine, logSettings, type Loaded } from './loaded.js';
import { atStop } from '../config/on-stop.js';
import type { RejectedConfiguration } from '../config/load-result.js';
import type { ConfigurationReader } from '../config/reader.js';
import { EventLog } from './event-log.js';
import { HandoverRecord } from './handovers.js';
import { HostPreparation } from './host-preparation.js';
import { InForce, type ChildName } from './in-force.js';
import { inParts } from './in-parts.js';
import type { FromLvs, FromVrrp, LogEvent, ToLvs, ToVrrp } from './messages.js';
import { loadModules } from './modules.js';
import { collectGarbage } from './node-options.js';
import { newServices } from './new-services.js';
import { operatorCommands, OperatorRequests } from './operator-requests.js';
import { Recordings } from './recordings.js';
import { leftServices, ownedBy, OwnedRecord, servicesOf, without, type Owned } from './owned.js';
import { Sequence, type ReloadOutcome } from './reload.js';
import { ResumeList } from './resume.js';
import { SummaryLine } from './summary-line.js';
import { TrackSources } from '../track/sources.js';
import { connectServiceManager, noServiceManager, type ServiceManager } from './systemd.js';
import { inWords } from '../control/in-words.js';

const CONFIGURED_LIMIT_MS = 10_000;
const TABLE_LIMIT_MS = 5_000;
const STOP_LIMIT_MS = 5_000;
/** what a child's full queue refused is told again after this */
const RETRY_MS = 1_000;
const SUMMARY_INTERVAL_MS = 10_000;

export interface SupervisorOptions {
  readonly configPath: string;
  readonly runtimeDirectory: string;
  readonly version: string;
  /** of the command line: they win over the file's */
  readonly logLevel: LogLevel | undefined;
  readonly logFormat: LogFormat | undefined;
  /** the children's entry files */
  readonly entries: { readonly vrrp: string; readonly lvs: string };
}

/** The daemon cannot start: what to print, and the exit code (1 failure at run time, 3 configuration rejected). */
export class StartError extends Error {
  readonly code = 'START';
  constructor(
    message: string,
    readonly exitCode: 1 | 3,
  ) {
    super(message);
    this.name = 'StartError';
  }
}

/** Loaded after the start, not at the first reload: that need not find the program's files as they were. */
const reloadDifference = () => import('../config/reload-difference.js');

/** For people; what it takes is not loaded for a file with nothing wrong. */
const shown = async ({ diagnostics, text }: RejectedConfiguration): Promise<string> => (await import('../config/format-diagnostics.js')).formatDiagnostics(diagnostics, text);

export class Supervisor {
  readonly #events = new EventLog();
  readonly #vrrp: Child<ToVrrp, FromVrrp>;
  readonly #lvs: Child<ToLvs, FromLvs>;
  readonly #startedAt = Date.now();
  readonly #startedMonotonic = monotonicNow();
  /** of the configuration that the daemon started with: a reload does not begin it again */
  #heldUntil: Microseconds | undefined;
  readonly #resume = new ResumeList();
  readonly #inForce = new InForce();
  readonly #reloads = new Sequence();
  readonly #recordings: Recordings;
  readonly #handovers: HandoverRecord;
  readonly #operator = new OperatorRequests((id, request) => this.#vrrp.ready && this.#vrrp.send({ type: 'operate', id, request }));
  readonly #checkScripts = new CheckScripts((id, ending) => this.#lvs.send({ type: 'script_ended', id, ending }));
  readonly #tracking = new TrackSources(() => this.#tellTracked());
  readonly #host: HostPreparation;
  readonly #notification: Notification;
  #reader: ConfigurationReader | undefined;
  #loaded: Loaded | undefined;
  /** the services that the lvs child was given */
  #given: Loaded['configuration'] | undefined;
  #record: OwnedRecord | undefined;
  /** the record as it was before the running configuration, until the child answered `configured` to it */
  #before: Partial<Owned> = {};
  #control: ControlServer | undefined;
  #manager: ServiceManager = noServiceManager;
  #timers: NodeJS.Timeout[] = [];
  #summary: SummaryLine | undefined;
  #isolated = false;
  #reloadWanted = false;
  #stopping: Promise<boolean> | undefined;

  constructor(private readonly options: SupervisorOptions) {
    this.#host = new HostPreparation(options.runtimeDirectory, this.#events.write);
    this.#recordings = new Recordings(options.runtimeDirectory, this.#events.write);
    this.#notification = new Notification(options.runtimeDirectory, this.#events.write);
    this.#handovers = new HandoverRecord(options.runtimeDirectory, this.#events.write);
    this.#vrrp = new Child<ToVrrp, FromVrrp>({
      name: 'vrrp',
      entry: options.entries.vrrp,
      report: this.#events.write,
      onMessage: (message) => this.#fromVrrp(message),
      onExit: () => {
        this.#resume.died(monotonicNow());
        this.#inForce.died('vrrp');
        this.#operator.died();
        this.#notification.vrrpDied();
        this.#before = { ...this.#before, addresses: undefined, links: undefined, routes: undefined, rules: undefined };
      },
    });
    this.#lvs = new Child<ToLvs, FromLvs>({
      name: 'lvs',
      entry: options.entries.lvs,
      report: this.#events.write,
      onMessage: (message) => this.#fromLvs(message),
      onExit: () => {
        this.#inForce.died('lvs');
        this.#checkScripts.endAll();
        this.#given = undefined;
        this.#before = { ...this.#before, services: undefined };
      },
    });
  }

  /** Returns when the configuration is in force in both children. @throws StartError */
  async start(): Promise<void> {
    // first of all, beside what is slow: a child takes a few hundred milliseconds to load
    this.#lvs.start();
    try {
      await this.#begin();
    } catch (error) {
      if (this.#stopping !== undefined) return;
      this.#vrrp.kill();
      this.#lvs.kill();
      for (const timer of this.#timers) clearInterval(timer);
      await this.#control?.close();
      await this.#events.flush(1_000);
      throw error instanceof StartError ? error : new StartError(inWords(error), 1);
    }
  }

  async #begin(): Promise<void> {
    const { configPath, runtimeDirectory, version } = this.options;
    const path = controlPath(runtimeDirectory);
    if (await isAnswering(path)) throw new StartError(`another tandemd runs already: it answers at ${path}`, 1);
    // the schema and the parser are slow to load: after the fork, and beside it
    const { ConfigurationReader } = await import('../config/reader.js');
    this.#reader = new ConfigurationReader(configPath);
    const result = await this.#reader.load();
    if (!result.ok) throw new StartError(await shown(result), 3);
    const { configuration, sha256 } = result;
    await this.#events.configure(logSettings(configuration, { level: this.options.logLevel, format: this.options.logFormat }));
    this.#manager = await connectServiceManager((error) => this.#events.say('warn', `the service manager cannot be told: ${error.message}`));
    if (this.#stopping !== undefined) return;

    this.#control = await ControlServer.listen({ path, group: configuration.control.group, commands: this.#commands(), report: this.#events.write });
    this.#record = await OwnedRecord.load(runtimeDirectory, this.#events.write);
    await Promise.all([this.#handovers.load(), this.#notification.load()]);
    const before = this.#record.current;
    await this.#record.widen(ownedBy(configuration));
    if (this.#stopping !== undefined) return;

    this.#events.say('info', `tandemd ${version} starts as ${configuration.routerId}`, { pid: process.pid, config: configPath, sha256: sha256.slice(0, 12) });
    for (const warning of result.warnings) this.#events.say('warn', diagnosticLine(warning));
    await this.#prepareHost(configuration);
    if (this.#stopped()) return;
    this.#watch();
    this.#apply({ configuration, sha256, loadedAt: Date.now(), generation: 1 }, before);
    void this.#takePart(configuration);
    const pending = await this.#inForce.wait(1, CONFIGURED_LIMIT_MS);
    if (pending.length > 0) {
      this.#events.say('warn', `not ready yet: after ${CONFIGURED_LIMIT_MS / 1_000} s the configuration is not in force in: ${pending.join(', ')}`);
      await this.#inForce.wait(1);
    }
    if (this.#stopped()) return;
    this.#manager.ready();
    this.#events.say('info', 'ready', {
      instances: configuration.vrrp.instances.length,
      virtual_servers: configuration.virtualServers.length,
      took_ms: Date.now() - this.#startedAt,
    });
    if (this.#reloadWanted) this.reloadBySignal();
    void this.#rehearse(configuration);
  }

  /** An address is taken when there is a table behind it; a table that does not come holds it back for a while only. */
  async #takePart({ virtualServers }: Loaded['configuration']): Promise<void> {
    const pending = virtualServers.length === 0 ? [] : await this.#inForce.wait(1, TABLE_LIMIT_MS, ['lvs']);
    if (this.#stopped()) return;
    if (pending.length > 0) this.#events.say('warn', `the election begins, although the IPVS table is not in place after ${TABLE_LIMIT_MS / 1_000} s`);
    this.#vrrp.start();
  }

  /** What the start has left goes, what a reload takes is loaded and has run once: the first one is as quick as the next. */
  async #rehearse(configuration: Loaded['configuration']): Promise<void> {
    collectGarbage();
    try {
      const { differences } = await reloadDifference();
      const result = await this.#reader?.rehearse();
      if (result?.ok) {
        differences(configuration, result.configuration);
        ownedBy(result.configuration);
      }
    } catch {
      // a reload that needs what is missing says so
    }
  }

  // --- the children ---------------------------------------------------------------------------------------------

  #fromVrrp(message: FromVrrp): void {
    switch (message.type) {
      case 'ready':
        return this.#configureVrrp();
      case 'configured':
        this.#notification.configured(message.generation === this.#loaded?.generation);
        return this.#configured('vrrp', message.generation, message.foreign);
      case 'event':
        return this.#events.write(message.event);
      case 'masters':
        this.#setIsolated(message.isolated);
        this.#adopted(message.instances.map(({ instance }) => instance));
        return this.#resume.masters(message.instances);
      case 'recording':
        return void this.#recordings.write(message);
      case 'operated':
        return this.#operator.answered(message.id, message.reply);
      case 'transitions':
        return this.#notification.transitions(message.transitions);
      case 'yielding':
        return this.#handovers.change(message.instances);
      case 'split_brain':
        return this.#notification.splitBrain(message.changes);
      case 'stopped':
      case 'pong':
      case 'status':
        return;
    }
  }

  #fromLvs(message: FromLvs): void {
    switch (message.type) {
      case 'ready':
        return this.#configureLvs();
      case 'configured':
        return this.#configured('lvs', message.generation);
      case 'events':
        return message.events.forEach(this.#events.write);
      case 'health':
        return this.#notification.health(message.changes, message.complete);
      case 'counted':
        return this.#summary?.counted(message);
      case 'run_script':
        return this.#checkScripts.run(message.id, message.check);
      case 'end_script':
        return this.#checkScripts.end(message.id);
      case 'load_modules': {
        const { id, command, modules } = message;
        this.#events.say('info', `loading the kernel modules ${modules.join(', ')}`, { command: command.join(' ') });
        void loadModules(command, modules).then((error) => this.#lvs.send({ type: 'modules_loaded', id, error }));
        return;
      }
      case 'stopped':
      case 'pong':
      case 'status':
        return;
    }
  }

  #apply(loaded: Loaded, before: Owned): void {
    this.#loaded = loaded;
    this.#before = before;
    this.#tracking.configure(loaded.configuration);
    this.#notification.configure(loaded.configuration);
    this.#configureVrrp();
    this.#configureLvs();
  }

  /** Gives it the running configuration, when there is one and it is there; `ready` of a new child leads here too. */
  #configureVrrp(): void {
    if (this.#loaded === undefined || this.#record === undefined || !this.#vrrp.ready) return;
    const { generation, configuration } = this.#loaded;
    this.#heldUntil ??= plus(this.#startedMonotonic, configuration.vrrp.startupDelay);
    this.#vrrp.send({
      type: 'configure',
      generation,
      vrrp: withoutNotify(configuration.vrrp),
      sync: configuration.ipvs.sync,
      owned: this.#before.addresses ?? this.#record.current.addresses,
      ownedLinks: this.#before.links ?? this.#record.current.links,
      ownedRouting: { routes: this.#before.routes ?? this.#record.current.routes, rules: this.#before.rules ?? this.#record.current.rules },
      resume: this.#resume.at(monotonicNow()),
      heldUntil: this.#heldUntil,
      tracked: this.#tracking.results,
      yielding: this.#handovers.instances,
    });
  }

  #configureLvs(): void {
    if (this.#loaded === undefined || this.#record === undefined || !this.#lvs.ready) return;
    const { generation, configuration } = this.#loaded;
    if (this.#isolated) this.#lvs.send({ type: 'isolated', isolated: true });
    // nothing has changed: megabytes need not be sent, nor every check be compared
    if (this.#given === configuration && this.#lvs.send({ type: 'configure_again', generation })) return;
    const messages = inParts({
      type: 'configure',
      generation,
      ipvs: configuration.ipvs,
      ...newServices(this.#given, configuration),
      owned: leftServices(this.#before.services ?? this.#record.current.services, configuration),
      settingsRecord: join(this.options.runtimeDirectory, 'ipvs-settings.json'),
    });
    let sent = true;
    for (const message of messages) sent &&= this.#lvs.send(message);
    this.#given = sent ? configuration : undefined;
  }

  #setIsolated(isolated: boolean): void {
    if (isolated === this.#isolated) return;
    this.#isolated = isolated;
    this.#lvs.send({ type: 'isolated', isolated });
  }

  /** A new child learns it with its configuration. */
  #tellTracked(): void {
    if (this.#stopped() || !this.#vrrp.ready || this.#vrrp.send({ type: 'track', tracked: this.#tracking.results })) return;
    setTimeout(() => this.#tellTracked(), RETRY_MS);
  }

  #configured(name: ChildName, generation: number, foreign: Owned['addresses'] = []): void {
    this.#inForce.configured(name, generation);
    if (this.#loaded?.generation !== generation) return;
    const { configuration } = this.#loaded;
    const { addresses, services, links, routes, rules } = ownedBy(configuration);
    void this.#narrow(name === 'vrrp' ? { addresses: without(addresses, foreign), links, routes, rules } : { services });
  }

  /** A master takes over addresses that were there before it: they go with it from now on (an owner, priority 255, keeps its own). */
  #adopted(masters: readonly string[]): void {
    const { configuration } = this.#loaded ?? {};
    if (configuration === undefined) return;
    const instances = configuration.vrrp.instances.filter(({ name, priority }) => masters.includes(name) && priority < 255);
    const { addresses } = ownedBy({ vrrp: { ...configuration.vrrp, instances, static: undefined }, virtualServers: [], system: configuration.system });
    if (addresses.length > 0) this.#record?.widen({ addresses }).catch((error: unknown) => this.#events.say('warn', inWords(error)));
  }

  /** Before an address is held: what is not to be accepted never is. The record has been widened. */
  async #prepareHost(configuration: Loaded['configuration']): Promise<void> {
    const owned = this.#record?.current.chains ?? [];
    const left = await this.#host.configure(configuration, owned);
    if (left.length !== owned.length) await this.#narrow({ chains: left });
  }

  #narrow(parts: Partial<Owned>): Promise<void> {
    this.#before = { ...this.#before, ...Object.fromEntries(Object.keys(parts).map((key) => [key, undefined])) };
    return (this.#record?.narrow(parts) ?? Promise.resolve()).catch((error: unknown) =>
      this.#events.say('warn', `${inWords(error)}: it still names what is gone, which does no harm`),
    );
  }

  // --- reload ---------------------------------------------------------------------------------------------------

  /** Puts the file in force, or with `dryRun` only says what would change. Reloads follow one another. */
  reload(dryRun: boolean): Promise<ReloadOutcome> {
    return this.#reloads.run(() => this.#reload(dryRun));
  }

  /** For SIGHUP: a burst of them is one reload. */
  reloadBySignal(): void {
    // during the start it may be that the file was read before it was changed
    this.#reloadWanted = this.#loaded === undefined;
    if (!this.#reloadWanted) this.#reloads.runOnce(() => this.#reload(false));
  }

  async #reload(dryRun: boolean): Promise<ReloadOutcome> {
    if (this.#stopping !== undefined) return { ok: false, error: 'tandemd is stopping', diagnostics: '' };
    const { configPath } = this.options;
    const { differences } = await reloadDifference();
    const result = await this.#reader?.load();
    const running = this.#loaded;
    if (result === undefined || running === undefined || this.#record === undefined) return { ok: false, error: 'tandemd is still starting', diagnostics: '' };
    if (!result.ok) {
      const error = `${configPath} is refused, the running configuration stays: ${counted(result.diagnostics.length, 'error')}`;
      if (!dryRun) {
        this.#events.say('error', error);
        for (const diagnostic of result.diagnostics) this.#events.say('error', diagnosticLine(diagnostic));
      }
      return { ok: false, error, diagnostics: await shown(result) };
    }
    const { configuration, sha256 } = result;
    const changes = configuration === running.configuration ? [] : differences(running.configuration, configuration);
    const warnings = result.warnings.map(diagnosticLine);
    if (dryRun) return { ok: true, dry_run: true, changes, warnings, pending: [] };

    const before = this.#record.current;
    try {
      await this.#record.widen(ownedBy(configuration));
    } catch (error) {
      const message = `${inWords(error)}: the reload is refused, the running configuration stays`;
      this.#events.say('error', message);
      return { ok: false, error: message, diagnostics: '' };
    }
    if (this.#stopped()) return { ok: false, error: 'tandemd is stopping', diagnostics: '' };
    this.#manager.reloading();
    await this.#events.configure(logSettings(configuration, { level: this.options.logLevel, format: this.options.logFormat }));
    if (configuration.control.group !== running.configuration.control.group) this.#control?.setGroup(configuration.control.group);
    for (const warning of warnings) this.#events.say('warn', warning);
    for (const change of changes) this.#events.say('info', `reload: ${change}`);
    await this.#prepareHost(configuration);
    if (this.#stopped()) return { ok: false, error: 'tandemd is stopping', diagnostics: '' };
    const generation = running.generation + 1;
    this.#apply({ configuration, sha256, loadedAt: Date.now(), generation }, before);
    const pending = await this.#inForce.wait(generation, CONFIGURED_LIMIT_MS);
    this.#manager.ready();
    const fields = { changes: changes.length, sha256: sha256.slice(0, 12) };
    if (pending.length === 0) this.#events.say('info', 'configuration reloaded', fields);
    else this.#events.say('warn', `configuration reloaded, but not in force after ${CONFIGURED_LIMIT_MS / 1_000} s in: ${pending.join(', ')}`, fields);
    return { ok: true, dry_run: false, changes, warnings, pending };
  }

  #stopped(): boolean {
    return this.#stopping !== undefined;
  }

  // --- status, service manager ------------------------------------------------------------------------------------

  /** Undefined until a configuration is loaded. */
  async status(): Promise<Status | undefined> {
    const [vrrp, lvs] = await Promise.all([this.#vrrp.status(), this.#lvs.status()]);
    if (this.#loaded === undefined) return undefined;
    const { configuration, sha256, loadedAt } = this.#loaded;
    const child = ({ name, pid, restarts, droppedMessages }: Child<ToVrrp, FromVrrp> | Child<ToLvs, FromLvs>, responding: boolean): Status['processes'][number] => ({
      name,
      pid: pid ?? null,
      restarts,
      responding,
      dropped_messages: droppedMessages,
    });
    return composeStatus({
      routerId: configuration.routerId,
      version: this.options.version,
      pid: process.pid,
      startedAt: this.#startedAt,
      config: { path: this.options.configPath, sha256, loadedAt },
      vrrp: vrrp ?? this.#vrrp.lastStatus,
      lvs: lvs ?? this.#lvs.lastStatus,
      children: [child(this.#vrrp, vrrp !== undefined), child(this.#lvs, lvs !== undefined)],
      email: this.#notification.email,
    });
  }

  #commands(): Readonly<Record<string, CommandHandler>> {
    return {
      version: () => ({ ok: true, version: this.options.version }),
      status: async () => {
        const status = await this.status();
        return status === undefined ? { ok: false, error: 'tandemd is still starting' } : { ok: true, status };
      },
      ...operatorCommands(this.#operator),
      events: (request) => this.#notification.events(request),
      reload: async ({ dry_run: dryRun }) => ({ ...(await this.reload(dryRun === true)) }),
    };
  }

  #watch(): void {
    const manager = this.#manager;
    if (manager === noServiceManager) return;
    const children = [this.#vrrp, this.#lvs];
    if (manager.watchdogInterval !== undefined) {
      // told truly: not while a child hangs. One that is being started again is in hand, a restart of all would help nobody
      const tell = (): void => (children.every((child) => child.lookedAfter) ? manager.watchdog() : undefined);
      this.#timers.push(setInterval(tell, manager.watchdogInterval));
    }
    const summary = (this.#summary = new SummaryLine(this.#vrrp, this.#lvs, (line) => manager.status(line)));
    this.#timers.push(setInterval(() => void summary.refresh(), SUMMARY_INTERVAL_MS));
  }

  // --- stop -----------------------------------------------------------------------------------------------------

  /** An orderly stop; asked for again it is the same stop. @returns false when the log could not be written out */
  stop(reason: string): Promise<boolean> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: string): Promise<boolean> {
    // first of all: the other director waits for the priority 0
    const stop = this.#loaded && atStop(this.#loaded.configuration);
    const released = stop && this.#vrrp.stop(STOP_LIMIT_MS, stop.table);
    this.#events.say('info', `stopping: ${reason}`);
    this.#manager.stopping();
    this.#tracking.close();
    this.#checkScripts.close();
    if (stop === undefined) {
      this.#vrrp.kill();
      this.#lvs.kill();
    } else {
      // the table goes only when the addresses are gone: until then a client's packet that finds no connection in it is answered with a reset
      if (stop.table === 'remove' || stop.going.length > 0) await released;
      const [addressesReleased, servicesReleased] = await Promise.all([released, this.#lvs.stop(STOP_LIMIT_MS, stop.table)]);
      if (addressesReleased) await this.#narrow({ addresses: [], links: [], routes: [], rules: [] });
      else if (this.#vrrp.hasRun) this.#events.say('warn', 'virtual addresses may have stayed: the vrrp process did not say that it released them');
      const chains = await this.#host.stop(this.#record?.current.chains ?? []);
      await this.#narrow({ chains });
      if (servicesReleased && (stop.table === 'remove' || stop.going.length > 0)) await this.#narrow({ services: servicesOf(stop.staying) });
      const gone = new Set(servicesReleased ? stop.going.map(({ name }) => name) : []);
      await this.#notification.stop((virtualServer) => gone.has(virtualServer));
    }
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([this.#control?.close(), this.#recordings.settled(), this.#handovers.settled()]);
    this.#events.say('info', 'stopped');
    return this.#events.flush(1_000);
  }

  /** What was said before the log was open, for a start that failed. */
  takeEarlyEvents(): readonly LogEvent[] {
    return this.#events.takeEarly();
  }
}
