/** All that is told of transitions: the event stream, the FIFO, e-mail, and the commands. */
import type { Configuration } from '../config/model.js';
import type { Report } from '../control/event.js';
import { currentLine, EventStream } from '../control/event-stream.js';
import type { EmailStatus } from '../control/status.js';
import type { Reply, Request } from '../control/server.js';
import { Streamed } from '../control/stream-writer.js';
import type { HealthChange, InstanceTransition, SplitBrainChange } from '../supervisor/messages.js';
import { FifoKeeper } from './fifo-keeper.js';
import { happeningKey, type Happening, type HealthNotice } from './happening.js';
import { HealthStates, SplitBrainStates } from './health-states.js';
import { Mailer } from './mailer.js';
import { Notices } from './notice.js';
import { Notifier } from './notifier.js';
import { ToldRecord } from './told-record.js';

/** For the commands of a stop, once everything is released. */
const STOP_LIMIT_MS = 10_000;
/** For the e-mail of a stop. */
const MAIL_LIMIT_MS = 5_000;

export class Notification {
  readonly #notices = new Notices();
  readonly #health = new HealthStates();
  readonly #splitBrain = new SplitBrainStates();
  readonly #stream = new EventStream();
  readonly #fifo: FifoKeeper;
  readonly #notifier: Notifier;
  readonly #mailer: Mailer;
  readonly #told: ToldRecord;

  constructor(runtimeDirectory: string, report: Report) {
    this.#told = new ToldRecord(runtimeDirectory, report);
    this.#fifo = new FifoKeeper(() => this.#current, report);
    this.#notifier = new Notifier(report);
    this.#mailer = new Mailer(report);
  }

  /** What an earlier daemon told. Never rejects. */
  load(): Promise<void> {
    return this.#told.load();
  }

  /** To be called before the children get it. Tells nothing. */
  configure(configuration: Pick<Configuration, 'routerId' | 'vrrp' | 'virtualServers' | 'email'>): void {
    const { instances, syncGroups, notifyFifo } = configuration.vrrp;
    this.#notices.configure(syncGroups, new Set(instances.map(({ name }) => name)));
    this.#notifier.configure(configuration);
    this.#told.retain((subject) => this.#notifier.has(subject));
    this.#fifo.configure(notifyFifo);
    this.#mailer.configure(configuration);
  }

  transitions(transitions: readonly InstanceTransition[]): void {
    const notices = this.#notices.take(transitions);
    this.#notifier.notify(notices);
    this.#tell(notices);
  }

  /** The vrrp child has a configuration in force. @param current it is the running one */
  configured(current: boolean): void {
    if (!current) return;
    const notices = this.#notices.settle(Date.now());
    this.#notifier.notify(notices);
    this.#tell(notices);
  }

  splitBrain(changes: readonly SplitBrainChange[]): void {
    this.#tell(this.#splitBrain.take(changes));
  }

  health(changes: readonly HealthChange[], complete: boolean): void {
    const notices = this.#health.take(changes, complete, Date.now());
    this.#command(notices);
    this.#tell(notices);
  }

  /** Its successor says what is so then. */
  vrrpDied(): void {
    this.#tell(this.#splitBrain.endAll(Date.now(), 'the vrrp process ended: nobody watches'));
  }

  /** The control command `events`. */
  events({ follow }: Request): Reply | Streamed {
    const reply = { ok: true, sequence: this.#stream.sequence, current: this.#current.map(currentLine) } as const;
    return follow === true ? new Streamed(reply, this.#stream.reader()) : { ...reply, events: this.#stream.events };
  }

  get email(): EmailStatus | undefined {
    return this.#mailer.status;
  }

  /** Tells of what the vrrp child did not say that it stopped, and waits for the commands. @param isGone what is said of these virtual servers, by their names: nothing is balanced any more, quorums and real servers go down */
  async stop(isGone: (virtualServer: string) => boolean): Promise<void> {
    this.#command(this.#health.current.filter(({ virtualServer }) => isGone(virtualServer)).map((last) => ({ ...last, time: Date.now(), from: last.to === 'DOWN' ? 'DOWN' : 'UP', to: 'REMOVED', reason: 'removed from the IPVS table at the stop' })));
    const notices = this.#notices.stopAll(Date.now(), 'stopped');
    this.#notifier.notify(notices);
    this.#tell(notices);
    await Promise.all([this.#notifier.finish(STOP_LIMIT_MS), this.#mailer.finish(MAIL_LIMIT_MS), this.#told.settled()]);
    this.#fifo.configure(undefined);
  }

  get #current(): readonly Happening[] {
    return [...this.#notices.current, ...this.#splitBrain.current, ...this.#health.current];
  }

  #command(notices: readonly HealthNotice[]): void {
    this.#notifier.notify(this.#told.news(notices.filter((notice) => this.#notifier.has(happeningKey(notice)))));
  }

  #tell(happenings: readonly Happening[]): void {
    for (const happening of happenings) this.#stream.add(happening);
    this.#fifo.write(happenings);
    this.#mailer.tell(happenings);
  }
}
