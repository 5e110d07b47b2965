/** The lvs child's engine: checks health, and keeps the kernel's IPVS table equal to what configuration and health ask for. */
import { existsSync } from 'node:fs';
import { Conditions } from '../control/conditions.js';
import { QuietConditions } from '../control/quiet-conditions.js';
import { counted, event, type Report } from '../control/event.js';
import type { VirtualServerStatus } from '../control/status.js';
import { newsOf } from '../health/news.js';
import { probeWith } from '../health/probe.js';
import { ProbeSurroundings } from '../health/probe-surroundings.js';
import { probeThroughServers } from '../health/through-server.js';
import { describePolicyNotice } from '../health/policy-wording.js';
import { HealthRunner } from '../health/runner.js';
import type { RunScript } from '../health/script.js';
import type { HealthState } from '../health/state.js';
import type { HealthChange, LvsConfigure, OwnedService } from '../supervisor/messages.js';
import { atStop, type AtStop } from '../config/on-stop.js';
import { monotonicNow } from '../time/clock.js';
import { Audits } from './audits.js';
import { IpvsClient, IpvsUnavailableError } from './client.js';
import { healthOf, verdictOf } from './health-report.js';
import { ProbeServices } from './probe-services.js';
import { KernelSettings } from './kernel-settings.js';
import { describe, type OperationFailure } from './operation.js';
import { type DesiredService, reconcile, type TableEntry, withoutConnections } from './reconcile.js';
import { missingSchedulerModules } from './scheduler.js';
import { serviceKey } from './service.js';
import { configuredServers, serversByCheck } from './configured-servers.js';
import { selectorOf } from './table.js';
import { type Cause, TableTelling } from './table-telling.js';
import { VirtualServer } from './virtual-server.js';
import { WakeUps } from './wake-ups.js';
import { inWords } from '../control/in-words.js';

/** before what failed is tried again */
const retryMilliseconds = 5_000;
/** audits until everything of every service was asked for */
const turns = 10;
/** tables up to so many services are read anew for a status */
const freshStatusServices = 200;

export interface LvsEngineOptions {
  readonly report: Report;
  /** what changed, or all of it */
  readonly onHealth: (changes: readonly HealthChange[], complete: boolean) => void;
  /** has the supervisor run the script of a health check */
  readonly runScript: RunScript;
  /** runs the command for each module; resolves with what failed, in words */
  readonly loadModules: (command: readonly string[], modules: readonly string[]) => Promise<string | undefined>;
}

export class LvsEngine {
  private configuration: Pick<LvsConfigure, 'ipvs'> | undefined;
  private servers: readonly VirtualServer[] = [];
  private probes = new ProbeServices([]);
  private checked: ReadonlyMap<string, readonly VirtualServer[]> = new Map();
  private owned: readonly OwnedService[] = [];
  private client: IpvsClient | undefined;
  private readonly settings: KernelSettings;
  private readonly conditions: Conditions;
  private readonly shortages: QuietConditions;
  private readonly telling: TableTelling;
  private readonly runner: HealthRunner;
  /** everything that reads or writes the kernel's table waits its turn */
  private work: Promise<void> = Promise.resolve();
  /** virtual servers whose verdicts changed since the table was last written, or where time has come for something */
  private readonly dirty = new Map<VirtualServer, 'health' | 'time'>();
  private readonly wakeUps = new WakeUps<VirtualServer>((server) => this.changed(server, 'time'));
  private readonly audits = new Audits(() => this.audit());
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;
  /** of reading everything of a part of the services */
  private turn = 0;

  constructor(private readonly options: LvsEngineOptions) {
    this.conditions = new Conditions(options.report);
    this.settings = new KernelSettings(options.report, this.conditions);
    this.telling = new TableTelling(options);
    const probe = probeThroughServers(probeWith(options.runScript), new ProbeSurroundings(() => this.probes.virtual));
    this.runner = new HealthRunner({ probe, onResult: (key, state, previous) => this.verdictChanged(key, state, previous), onVoid: (reason) => this.probeVoid(reason) });
    this.shortages = new QuietConditions(options.report);
  }

  /** Puts a configuration in force; done when the kernel's table was compared with it. Never rejects: what fails is tried again. */
  configure(configuration: LvsConfigure): Promise<void> {
    return this.enqueue(async () => {
      const cause = this.configuration ? 'reload' : 'start';
      this.configuration = { ipvs: configuration.ipvs };
      this.settings.open(configuration.settingsRecord);
      const { servers, given } = configuredServers(configuration, this.servers);
      this.servers = servers;
      this.owned = [...configuration.owned, ...this.selectors];
      this.checked = serversByCheck(this.servers);
      this.dirty.clear();
      this.wakeUps.clear();
      this.probes = new ProbeServices(this.servers.map((server) => server.configuration), this.probes);
      await this.openProbes(cause);
      this.runChecks();
      await this.reconcileAll(cause, given.filter(({ isKnown }) => isKnown));
      this.tellHealth();
      this.audits.begin();
    });
  }

  /** The same configuration once more: the kernel's table is compared with it. Never rejects. */
  configureAgain(): Promise<void> {
    return this.enqueue(() => this.reconcileAll('reload'));
  }

  /** All of it, for a supervisor that may have missed some. */
  tellHealth(): void {
    this.options.onHealth(healthOf(this.servers, (key) => this.runner.stateOf(key), Date.now()), true);
  }

  /**
   * While this host may be cut off, a probe that fails says nothing of its real server. To delete them all would lose every
   * connection and template of theirs in this kernel (expire_nodest_conn), and leave nothing to serve with at fail-back.
   */
  setIsolated(isolated: boolean): void {
    this.runner.setIsolated(isolated);
    this.options.report(event('info', isolated ? 'health checks that fail do not count: this host may be cut off, an instance is in FAULT' : 'health checks that fail count again'));
  }

  private get selectors(): readonly OwnedService[] {
    return this.servers.flatMap(({ services }) => services.map(({ service }) => service));
  }

  async status(): Promise<readonly VirtualServerStatus[]> {
    if (this.client && this.servers.length <= freshStatusServices) {
      await this.enqueue(async () => { if (this.client) this.see(this.servers, (await this.readTable(this.client, true)).map(withoutConnections)); }).catch(() => undefined);
    }
    return this.servers.map((server) => server.status((key) => this.runner.stateOf(key), monotonicNow()));
  }

  count(): { readonly servers: number; readonly healthy: number } {
    const stateOf = (key: string): HealthState | undefined => this.runner.stateOf(key);
    return {
      servers: this.servers.reduce((sum, { configuration }) => sum + configuration.realServers.length, 0),
      healthy: this.servers.reduce((sum, server) => sum + server.healthyServers(stateOf), 0),
    };
  }

  /** @param orderly with it goes what `on_stop` says; when the supervisor is gone all of the table stays, since traffic must not stop */
  async stop(orderly: boolean): Promise<void> {
    this.stopped = true;
    this.audits.stop();
    clearTimeout(this.retry);
    this.runner.stop();
    await this.work;
    this.wakeUps.clear();
    await this.closeProbes();
    if (orderly && this.configuration) await this.remove(atStop({ ipvs: this.configuration.ipvs, virtualServers: this.servers.map(({ configuration }) => configuration) }));
    this.client?.close();
  }

  // --- health -------------------------------------------------------------------------------------------------

  private verdictChanged(key: string, state: HealthState, previous: HealthState): void {
    for (const server of this.checked.get(key) ?? []) {
      for (const index of server.serversOf(key)) {
        const realServer = server.configuration.realServers[index];
        if (!realServer) continue;
        const fields = { virtual_server: server.name, real_server: `${realServer.address}:${realServer.port}`, from: previous.verdict, to: state.verdict };
        const subject = { server: realServer, virtualServer: server.name, isBeside: server.isAgentBeside(key, index) };
        for (const { level, message } of newsOf(subject, previous, state)) this.options.report(event(level, message, fields));
        this.options.onHealth(verdictOf(server, index, server.stateAt(index, (each) => this.runner.stateOf(each))), false);
        this.changed(server, 'health');
      }
      if (server.isOfSorryServer(key)) this.sorryVerdictChanged(server, state, previous);
    }
  }

  /** What lacks is this host's, and says nothing of the servers. */
  private probeVoid(reason: string): void {
    this.shortages.note(
      'probes',
      () => event('error', `health checks cannot be made: ${reason}; they count neither as failures nor as successes until they can`),
      (count, duration) => event('info', `health checks are made again: ${count} could not be, within ${(duration / 1000).toFixed(1)} s`),
    );
  }

  private sorryVerdictChanged(server: VirtualServer, state: HealthState, previous: HealthState): void {
    const { sorryServer: sorry } = server.configuration;
    if (!sorry) return;
    for (const { level, message } of newsOf({ server: sorry, virtualServer: server.name, called: 'sorry server', isBeside: false }, previous, state)) this.options.report(event(level, message, { virtual_server: server.name }));
    this.changed(server, 'health');
  }

  private changed(server: VirtualServer, cause: 'health' | 'time'): void {
    server.changed();
    // with what else comes in this turn of the event loop
    if (this.dirty.size === 0) setImmediate(() => void this.enqueue(() => this.reconcileDirty()));
    if (cause === 'health' || !this.dirty.has(server)) this.dirty.set(server, cause);
  }

  private async reconcileDirty(): Promise<void> {
    const servers = [...this.dirty.keys()].filter((server) => this.servers.includes(server));
    const cause = [...this.dirty.values()].includes('health') ? 'health' : 'time';
    this.dirty.clear();
    if (servers.length === 0 || this.stopped) return;
    await this.guarded(async (client) => {
      // what leaves goes by its connections of now; if someone has changed meanwhile what was written, that is refused, or found by the next audit
      const [written, read] = [servers.filter(({ isSettled }) => isSettled), servers.filter(({ isSettled }) => !isSettled)];
      const table = [...written.flatMap(({ knownTable }) => knownTable), ...(await client.readDestinations(read.flatMap(({ services }) => services.map(({ service }) => ({ service, known: undefined })))))];
      const refused = await this.applyDifference(client, servers, table, [], cause);
      // the table was not what it was a moment ago: someone else is at work
      if (refused.length > 0) await this.compareAll(client, 'drift');
    });
  }

  // --- probes of virtual addresses ----------------------------------------------------------------------------

  private runChecks(): void {
    this.runner.configure(this.servers.flatMap(({ checks }) => checks).filter(({ through }) => through === undefined || this.probes.inPlace));
  }

  private async openProbes(cause: Cause): Promise<void> {
    if (!this.probes.inPlace) await this.guarded(async (client) => this.settle(client, [], await this.probes.read(client), [], cause));
  }

  private async closeProbes(): Promise<void> {
    try {
      if (this.client) await this.probes.remove(this.client);
      this.owned = this.owned.filter((selector) => !this.probes.has(selector));
    } catch (error) {
      this.options.report(event('warn', `the services of probes could not be removed from the IPVS table: ${inWords(error)}`));
    }
  }

  // --- table --------------------------------------------------------------------------------------------------

  private enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.work.then(task);
    this.work = done.catch((error: unknown) => this.options.report(event('error', `IPVS: ${inWords(error)}`)));
    return done;
  }

  private audit(): Promise<void> {
    this.shortages.sweep();
    void this.enqueue(() => this.reconcileAll('drift'));
    return this.work;
  }

  /** @param first what a reload changed where the table is known: that does not wait until all of it is compared */
  private async reconcileAll(cause: Cause, first: readonly VirtualServer[] = []): Promise<void> {
    const { configuration } = this;
    if (!configuration || this.stopped) return;
    await this.guarded(async (client) => {
      const isApplied = this.settings.isApplied(configuration.ipvs);
      if (!isApplied) await this.applySettings(client, configuration);
      if (first.length > 0) await this.applyDifference(client, first, first.flatMap(({ knownTable }) => knownTable), [], cause);
      if (isApplied) await this.applySettings(client, configuration);
      await this.compareAll(client, cause);
    });
  }

  /** Runs with a client; whatever fails is told once, and tried again until it works. */
  private async guarded(task: (client: IpvsClient) => Promise<void>): Promise<void> {
    clearTimeout(this.retry);
    try {
      // a host that only moves addresses needs no IPVS
      if (this.servers.length === 0 && this.owned.length === 0) return;
      this.client ??= await this.open();
      // without IPVS in the kernel nothing of ours can be left in it
      if (this.client) await task(this.client);
      this.conditions.end('ipvs', (count, duration) =>
        event('info', `the IPVS table can be kept true again after ${(duration / 1000).toFixed(1)} s`, { attempts: count }),
      );
    } catch (error) {
      this.client?.close();
      this.client = undefined;
      this.conditions.begin('ipvs', () =>
        event('error', `the IPVS table cannot be kept true: ${inWords(error)}; it is tried again every ${retryMilliseconds / 1000} s`),
      );
      this.retry = setTimeout(() => void this.enqueue(() => this.reconcileAll('start')), retryMilliseconds);
    }
  }

  /** @returns undefined when the kernel has no IPVS and none is needed */
  private async open(): Promise<IpvsClient | undefined> {
    try {
      return await IpvsClient.open();
    } catch (error) {
      if (!(error instanceof IpvsUnavailableError)) throw error;
      if (this.servers.length === 0) return undefined;
      await this.load([error.module]);
      return IpvsClient.open();
    }
  }

  /** @throws Error with what the command said */
  private async load(modules: readonly string[]): Promise<void> {
    const command = this.configuration?.ipvs.modprobe ?? [];
    const failed = await this.options.loadModules(command, modules);
    if (failed !== undefined) throw new Error(`the kernel module ${modules.join(', ')} is missing and could not be loaded: ${failed}`);
    this.options.report(event('info', `loaded the kernel module ${modules.join(', ')}`));
  }

  /** What services need beside their schedulers, e.g. ip_vs_ftp: without it they work, but not wholly. */
  private async loadHelpers(): Promise<void> {
    const modules = new Set(this.servers.flatMap(({ configuration }) => configuration.modules).filter((module) => !existsSync(`/sys/module/${module}`)));
    try {
      if (modules.size > 0) await this.load([...modules]);
      this.conditions.end('helpers', () => event('info', 'the kernel has the modules that services need'));
    } catch (error) {
      this.conditions.begin('helpers', () => event('error', inWords(error)));
    }
  }

  private async applySettings(client: IpvsClient, { ipvs }: Pick<LvsConfigure, 'ipvs'>): Promise<void> {
    await this.loadHelpers();
    await this.settings.apply(client, ipvs);
  }

  private async compareAll(client: IpvsClient, cause: Cause): Promise<void> {
    if (cause !== 'drift') this.dirty.clear(); // this looks at all of them
    const wereClosed = !this.probes.inPlace;
    await this.settle(client, this.servers, await this.readTable(client, cause === 'drift'), this.owned, cause);
    this.owned = [...this.selectors, ...this.probes.selectors];
    if (wereClosed) this.runChecks();
  }

  /** The services of these, and those of the probes. @throws Error */
  private async settle(client: IpvsClient, servers: readonly VirtualServer[], table: readonly TableEntry[], owned: readonly OwnedService[], cause: Cause): Promise<void> {
    let refused = await this.applyDifference(client, servers, table, owned, cause, this.probes.desired);
    const modules = missingSchedulerModules(refused);
    if (modules.length > 0) await this.load(modules);
    if (refused.length > 0) refused = await this.applyDifference(client, servers, await client.getTable(), owned, cause, this.probes.desired);
    if (refused.length > 0) throw new Error(refused.slice(0, 3).map(({ operation, code }) => `${describe(operation)}: ${code}`).join('; '));
    this.probes.inPlace = true;
  }

  /**
   * All services, ours with their destinations. What /proc/net/ip_vs does not show of them (thresholds and tunnels that someone
   * else gave) is asked for in turn, a tenth of them in each audit.
   */
  private async readTable(client: IpvsClient, isAudit: boolean): Promise<readonly TableEntry[]> {
    const services = await client.getServices();
    if (isAudit) this.turn = (this.turn + 1) % turns;
    const ours = new Map([...this.servers.flatMap((server) => server.services.map((service) => [service.key, service] as const)), ...this.probes.known]);
    const wanted = services.flatMap((service, index) => {
      const own = ours.get(serviceKey(service));
      return own ? [{ service, known: isAudit && index % turns === this.turn ? undefined : own.known }] : [];
    });
    const others = services.filter((service) => !ours.has(serviceKey(service)));
    return [...(await client.readDestinations(wanted)), ...others.map((service) => ({ service, destinations: [] }))];
  }

  private async applyDifference(
    client: IpvsClient,
    servers: readonly VirtualServer[],
    table: readonly TableEntry[],
    owned: readonly OwnedService[],
    cause: Cause,
    probes: readonly DesiredService[] = [],
  ): Promise<readonly OperationFailure[]> {
    this.see(servers, table);
    // what is put right after others is what was decided before: what changed meanwhile has its turn
    const now = cause === 'drift' ? undefined : monotonicNow();
    const decisions = servers.map((server) => ({ server, decision: server.decide((key) => this.runner.stateOf(key), now) }));
    const operations = reconcile([...probes, ...decisions.flatMap(({ decision }) => decision.desired)], table, owned);
    const refused = operations.length > 0 ? await client.apply(operations) : [];
    const news = decisions.filter(({ server, decision }) => !server.isStanding(decision));
    for (const { server, decision } of news) {
      this.wakeUps.set(server, server.nextChange);
      for (const notice of decision.notices) {
        const { level, sentence } = describePolicyNotice(server.configuration, notice);
        this.options.report(event(level, sentence, { virtual_server: server.name }));
      }
      if (refused.length === 0) server.applied(decision);
    }
    this.telling.quorums(news, operations.length > 0);
    const failed = new Set(refused.map(({ operation }) => operation));
    this.telling.operations(operations.filter((operation) => !failed.has(operation)), cause, (operation) => this.probes.purposeOf(operation));
    return refused;
  }

  private see(servers: readonly VirtualServer[], table: readonly TableEntry[]): void {
    const entries = new Map(table.map((entry) => [serviceKey(entry.service), entry]));
    for (const server of servers) server.observe(entries);
  }

  private async remove({ staying, table }: AtStop): Promise<void> {
    try {
      const kept = new Set(staying.flatMap(({ targets, protocol }) => targets.map((target) => serviceKey(selectorOf(target, protocol)))));
      const going = this.owned.filter((selector) => !kept.has(serviceKey(selector)));
      if (table === 'keep' && going.length === 0) return;
      const client = this.client ?? (await IpvsClient.open());
      const operations = reconcile([], await client.getTable(), going);
      await client.apply(operations);
      if (table === 'remove') await this.settings.restore();
      this.options.report(event('info', `removed ${counted(operations.length, 'service')} from the IPVS table`));
    } catch (error) {
      this.options.report(event('error', `the IPVS table could not be removed: ${inWords(error)}`));
    }
  }
}
