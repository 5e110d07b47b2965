/**
 * Keeps the kernel's connection sync running in both roles, for as long as it is configured: a director that takes over sends at
 * once, one that yields hears at once, and nothing is restarted on the way of a failover (a daemon that is stopped drops the
 * records that it has not sent yet). A backup that carries no traffic sends nothing. Which role counts follows an instance.
 */
import type { SyncDaemonConfiguration } from '../config/model.js';
import { Conditions } from '../control/conditions.js';
import { event, type Report } from '../control/event.js';
import type { SyncStatus } from '../control/status.js';
import { type Daemon, daemonsOf, describeDaemonOperation } from '../ipvs/daemon.js';
import { SyncDaemons } from '../ipvs/sync-daemon.js';
import { inWords } from '../control/in-words.js';

/** milliseconds before a change that the kernel refused is tried again: the module may be loaded meanwhile */
const retryMilliseconds = 2_000;
/** milliseconds of refusals before a line is written about them */
const patienceMilliseconds = 3_000;

export class SyncRoleKeeper {
  private configuration: SyncDaemonConfiguration | undefined;
  /** the instance that is followed is MASTER */
  private isMaster = false;
  private wanted: readonly Daemon[] = [];
  /** what the kernel was last seen to run as wanted, as text */
  private established: string | undefined;
  private daemons: SyncDaemons | undefined;
  /** changes wait for each other; only the last one wanted is carried out */
  private running: Promise<void> | undefined;
  private again = false;
  /** milliseconds since the epoch */
  private refusedSince: number | undefined;
  private retry: NodeJS.Timeout | undefined;
  private readonly conditions: Conditions;

  constructor(private readonly report: Report) {
    this.conditions = new Conditions(report);
  }

  get status(): SyncStatus | undefined {
    if (!this.configuration) return undefined;
    const { id, interface: name } = this.configuration;
    const role = this.established === undefined ? 'none' : this.isMaster ? 'master' : 'backup';
    return { role, id, interface: name };
  }

  follow(isMaster: boolean): void {
    this.isMaster = isMaster;
  }

  /** Done when the kernel runs what is configured, or has refused. A stranger's daemons are left alone while none ever was. */
  async configure(configuration: SyncDaemonConfiguration | undefined): Promise<void> {
    if (!configuration && !this.configuration) return;
    this.wanted = configuration ? daemonsOf(configuration) : [];
    this.configuration = configuration ?? this.configuration;
    await this.change();
    this.configuration = configuration;
  }

  /** Compares with the kernel again: someone else may have changed it. */
  audit(): void {
    if (this.configuration) void this.change();
  }

  close(): void {
    clearTimeout(this.retry);
    this.daemons?.close();
    this.daemons = undefined;
  }

  private change(): Promise<void> {
    if (this.running) {
      this.again = true;
      return this.running;
    }
    this.running = this.reconcile().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async reconcile(): Promise<void> {
    do {
      this.again = false;
      clearTimeout(this.retry);
      const { configuration, wanted } = this;
      if (!configuration) return;
      try {
        this.daemons ??= await SyncDaemons.open();
        const done = await this.daemons.reconcile(wanted);
        const target = JSON.stringify(wanted);
        const fields = { sync_id: configuration.id, interface: configuration.interface, changes: done.map(describeDaemonOperation).join(', ') };
        if (done.length > 0 && target === this.established) {
          this.report(event('warn', "connection sync: someone else changed the kernel's sync daemons: put right", fields));
        } else if (done.length > 0) {
          this.report(event('info', wanted.length === 0 ? 'connection sync: stopped' : 'connection sync: sending and listening', fields));
        }
        this.established = target;
        this.refusedSince = undefined;
        this.conditions.end('sync', (count, duration) =>
          event('info', `connection sync works again after ${(duration / 1000).toFixed(1)} s`, { attempts: count }),
        );
      } catch (error) {
        this.failed(error);
      }
    } while (this.again);
  }

  private failed(error: unknown): void {
    this.daemons?.close();
    this.daemons = undefined;
    this.established = undefined;
    if (this.wanted.length === 0) return; // nothing runs where there is no IPVS
    this.retry = setTimeout(() => void this.change(), retryMilliseconds);
    // no news at first: the module is being loaded while a daemon starts
    this.refusedSince ??= Date.now();
    if (Date.now() - this.refusedSince < patienceMilliseconds) return;
    this.conditions.begin('sync', () => event('warn', `connection sync does not run: ${inWords(error)}; it is tried again every ${retryMilliseconds / 1000} s`));
  }
}
