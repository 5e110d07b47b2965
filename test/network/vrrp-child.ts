/** The real vrrp child in a namespace, with the test in the supervisor's place. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { InstanceConfiguration, SyncGroupConfiguration } from '../../src/config/model.js';
import type { StaticConfiguration } from '../../src/config/routing-model.js';
import type { InstanceStatus } from '../../src/control/status.js';
import type { FromVrrp, LogEvent, Masters, RecordingTaken, ToVrrp, VrrpConfigure } from '../../src/supervisor/messages.js';
import type { OperatorReply, OperatorRequest } from '../../src/supervisor/operator.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import type { Host } from './namespaces.js';

export const instance = (changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration => ({
  name: 'web',
  interface: 'e0',
  version: 3,
  virtualRouterId: 51,
  priority: 100,
  advertisementInterval: Milliseconds(100),
  preempt: true,
  preemptDelay: Seconds(0),
  checksum: 'pseudo_header',
  authentication: undefined,
  virtualAddresses: [{ address: '10.77.0.100', prefixLength: 32, interface: changes.interface ?? 'e0', label: undefined, advertise: true }],
  garp: { repeat: 3, delay: Milliseconds(300), refresh: Seconds(60) },
  ...changes,
});

const program = new URL('../../dist/bin/vrrp.js', import.meta.url).pathname;

export class VrrpChild {
  readonly log: LogEvent[] = [];
  readonly recordings: RecordingTaken[] = [];
  /** milliseconds since the epoch */
  readonly forkedAt = Date.now();
  /** what it last told of its masters */
  masters: Masters['instances'] = [];
  /** whether it last said that this host may be cut off */
  isolated = false;
  stopped = false;
  readonly exited: Promise<number | NodeJS.Signals | null>;
  private readonly child: ChildProcess;
  private readonly waiters = new Set<() => void>();
  private generation = 0;
  private ready = false;
  private configured = 0;
  private statuses = new Map<number, readonly InstanceStatus[]>();
  private readonly replies = new Map<number, OperatorReply>();
  private pings = 0;

  constructor(private readonly host: Host) {
    this.child = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.exited = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve(signal ?? code)));
    this.child.on('message', (message) => this.received(message as FromVrrp));
  }

  private received(message: FromVrrp): void {
    if (message.type === 'ready') this.ready = true;
    if (message.type === 'configured') this.configured = message.generation;
    if (message.type === 'event') this.log.push(message.event);
    if (message.type === 'masters') {
      this.masters = message.instances;
      this.isolated = message.isolated;
    }
    if (message.type === 'stopped') this.stopped = true;
    if (message.type === 'status') this.statuses.set(message.id, message.instances);
    if (message.type === 'recording') this.recordings.push(message);
    if (message.type === 'operated') this.replies.set(message.id, message.reply);
    for (const waiter of [...this.waiters]) waiter();
  }

  /** Resolves as soon as `condition` gives something, looked at after every message. */
  private until<T>(condition: () => T | undefined, what: string, timeout = 15_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(check);
        reject(new Error(`${this.host.namespace}: no ${what} within ${timeout} ms; log:\n${this.log.map(({ message }) => message).join('\n')}`));
      }, timeout);
      const check = (): void => {
        const value = condition();
        if (value === undefined) return;
        clearTimeout(timer);
        this.waiters.delete(check);
        resolve(value);
      };
      this.waiters.add(check);
      check();
    });
  }

  send(message: ToVrrp): void {
    this.child.send(message);
  }

  async configure(instances: readonly InstanceConfiguration[], more: { syncGroups?: readonly SyncGroupConfiguration[]; fixed?: StaticConfiguration } & Partial<Pick<VrrpConfigure, 'owned' | 'ownedLinks' | 'ownedRouting' | 'resume' | 'sync' | 'heldUntil' | 'tracked' | 'yielding'>> = {}): Promise<void> {
    await this.until(() => this.ready || undefined, 'ready');
    const generation = ++this.generation;
    const { syncGroups = [], fixed, owned = [], ownedLinks = [], ownedRouting, resume = [], sync, heldUntil, tracked, yielding = [] } = more;
    this.send({ type: 'configure', generation, vrrp: { instances, syncGroups, startupDelay: Seconds(0), static: fixed }, sync, owned, ownedLinks, ...(ownedRouting ? { ownedRouting } : {}), resume, heldUntil, yielding, ...(tracked ? { tracked } : {}) });
    await this.until(() => this.configured >= generation || undefined, 'configured');
  }

  async status(name = 'web'): Promise<InstanceStatus> {
    const id = ++this.pings;
    this.send({ type: 'status', id });
    const instances = await this.until(() => this.statuses.get(id), 'status');
    const found = instances.find((status) => status.name === name);
    if (!found) throw new Error(`no instance ${name}`);
    return found;
  }

  /** The first recording of an instance or sync group. */
  recording(unit: string): Promise<RecordingTaken> {
    return this.until(() => this.recordings.find((recording) => recording.unit === unit), `recording of ${unit}`);
  }

  operate(request: OperatorRequest): Promise<OperatorReply> {
    const id = ++this.pings;
    this.send({ type: 'operate', id, request });
    return this.until(() => this.replies.get(id), `answer to ${request.kind}`);
  }

  /** The first line from `from` on that matches. */
  line(pattern: RegExp, from = 0, timeout?: number): Promise<LogEvent> {
    return this.until(() => this.log.slice(from).find(({ message }) => pattern.test(message)), `line ${String(pattern)}`, timeout);
  }

  becomes(state: 'MASTER' | 'BACKUP' | 'FAULT', name = 'web', from = 0, timeout?: number): Promise<LogEvent> {
    return this.line(new RegExp(`^${name}: \\w+ -> ${state}`), from, timeout);
  }

  /** Resolves when its status is as wanted. It is asked again and again, as the supervisor does. */
  async statusThat(condition: (status: InstanceStatus) => boolean, what: string, name = 'web'): Promise<InstanceStatus> {
    const end = Date.now() + 10_000;
    for (;;) {
      const status = await this.status(name);
      if (condition(status)) return status;
      if (Date.now() > end) throw new Error(`${this.host.namespace}: not ${what}: ${JSON.stringify(status)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Lines of the log, from `from` on, that match. */
  lines(pattern: RegExp, from = 0): readonly string[] {
    return this.log.slice(from).flatMap(({ message }) => (pattern.test(message) ? [message] : []));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Marks a place in the log, to look only at what follows. */
  get mark(): number {
    return this.log.length;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  disconnect(): void {
    this.child.disconnect();
  }

  async stop(): Promise<void> {
    // one that was killed a moment ago may seem connected still: it ends all the same
    if (this.child.connected) this.child.send({ type: 'stop', onStop: 'keep' } satisfies ToVrrp, () => undefined);
    await this.exited;
  }

  /** Ends it, whatever a failed test left it in. */
  async clear(): Promise<void> {
    this.kill('SIGCONT');
    const timer = setTimeout(() => this.kill('SIGKILL'), 5_000);
    await this.stop();
    clearTimeout(timer);
  }
}
