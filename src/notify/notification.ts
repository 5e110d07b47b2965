/** All that is told of transitions: the event stream, the FIFO, and the commands. */
import type { Configuration } from '../config/model.js';
import type { Report } from '../control/event.js';
import { currentLine, EventStream } from '../control/event-stream.js';
import type { Reply, Request } from '../control/server.js';
import { Streamed } from '../control/stream-writer.js';
import type { InstanceTransition } from '../supervisor/messages.js';
import { FifoKeeper } from './fifo-keeper.js';
import { Notices, type Notice } from './notice.js';
import { Notifier } from './notifier.js';

/** For the commands of a stop, once everything is released. */
const STOP_LIMIT_MS = 10_000;

export class Notification {
  readonly #notices = new Notices();
  readonly #stream = new EventStream();
  readonly #fifo: FifoKeeper;
  readonly #notifier: Notifier;

  constructor(report: Report) {
    this.#fifo = new FifoKeeper(() => this.#notices.current, report);
    this.#notifier = new Notifier(report);
  }

  /** To be called before the vrrp child gets it. Tells nothing. */
  configure(configuration: Pick<Configuration, 'routerId' | 'vrrp'>): void {
    const { instances, syncGroups, notifyFifo } = configuration.vrrp;
    this.#notices.configure(syncGroups, new Set(instances.map(({ name }) => name)));
    this.#notifier.configure(configuration);
    this.#fifo.configure(notifyFifo);
  }

  transitions(transitions: readonly InstanceTransition[]): void {
    this.#tell(this.#notices.take(transitions));
  }

  /** The control command `events`. */
  events({ follow }: Request): Reply | Streamed {
    const reply = { ok: true, sequence: this.#stream.sequence, current: this.#notices.current.map(currentLine) } as const;
    return follow === true ? new Streamed(reply, this.#stream.reader()) : { ...reply, events: this.#stream.events };
  }

  /** Tells of what the vrrp child did not say that it stopped, and waits for the commands. */
  async stop(): Promise<void> {
    this.#tell(this.#notices.stopAll(Date.now(), 'stopped'));
    await this.#notifier.finish(STOP_LIMIT_MS);
    this.#fifo.configure(undefined);
  }

  #tell(notices: readonly Notice[]): void {
    for (const notice of notices) this.#stream.add(notice);
    this.#notifier.notify(notices);
    this.#fifo.write(notices);
  }
}
