/** Lets the kernel's connection sync follow an instance: master role while it is MASTER, backup role otherwise. */
import type { SyncDaemonConfiguration } from '../config/model.js';
import { Conditions } from '../control/conditions.js';
import { event, inWords, type Report } from '../control/event.js';
import type { SyncStatus } from '../control/status.js';
import { daemonsOf, describeDaemonOperation, type SyncRole } from '../ipvs/daemon.js';
import { SyncDaemons } from '../ipvs/sync-daemon.js';

/** milliseconds before a change that the kernel refused is tried again: the module may be loaded meanwhile */
const retryMilliseconds = 2_000;
/** milliseconds of refusals before a line is written about them */
const patienceMilliseconds = 3_000;

export class SyncRoleKeeper {
  private configuration: SyncDaemonConfiguration | undefined;
  private wanted: SyncRole = 'none';
  private actual: SyncRole = 'none';
  /** the daemons that the kernel was last seen to run as wanted */
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
    return this.configuration && { role: this.actual, id: this.configuration.id, interface: this.configuration.interface };
  }

  /** @param role what is wanted of the daemon now; `none` also when it is not configured any more */
  set(configuration: SyncDaemonConfiguration | undefined, role: SyncRole): Promise<void> {
    // daemons are only ever touched once they were configured: a stranger's are left alone
    if (!configuration && !this.configuration) return Promise.resolve();
    if (configuration) this.configuration = configuration;
    this.wanted = configuration ? role : 'none';
    return this.change().then(() => {
      if (!configuration) this.configuration = undefined;
    });
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
        const daemons = daemonsOf(wanted, configuration);
        const done = await this.daemons.reconcile(daemons);
        const target = JSON.stringify(daemons);
        const fields = { sync_id: configuration.id, interface: configuration.interface, changes: done.map(describeDaemonOperation).join(', ') || 'none' };
        if (done.length > 0 && target === this.established) {
          this.report(event('warn', `connection sync: someone else changed the kernel's sync daemon: ${wanted} role taken again`, fields));
        } else if (wanted !== this.actual || done.length > 0) {
          this.report(event('info', wanted === 'none' ? 'connection sync: stopped' : `connection sync: ${wanted} role`, fields));
        }
        this.established = target;
        this.actual = wanted;
        this.refusedSince = undefined;
        this.conditions.end('sync', (count, duration) =>
          event('info', `connection sync works again after ${(duration / 1000).toFixed(1)} s`, { attempts: count }),
        );
      } catch (error) {
        this.failed(error, wanted);
      }
    } while (this.again);
  }

  private failed(error: unknown, wanted: SyncRole): void {
    this.daemons?.close();
    this.daemons = undefined;
    this.actual = 'none';
    this.established = undefined;
    const reason = inWords(error);
    if (wanted === 'none') return; // nothing runs where there is no IPVS
    this.retry = setTimeout(() => void this.change(), retryMilliseconds);
    // no news at first: the module is being loaded while a daemon starts
    this.refusedSince ??= Date.now();
    if (Date.now() - this.refusedSince < patienceMilliseconds) return;
    this.conditions.begin('sync', () => event('warn', `connection sync: ${wanted} role cannot be taken: ${reason}; it is tried again every ${retryMilliseconds / 1000} s`));
  }
}
