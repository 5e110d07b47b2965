/** The children's side of the channel to the supervisor, and what both sides share: messages in flight are counted and capped. */

/** Messages that may be on their way in one direction; above it they are dropped and counted. */
export const OUTSTANDING_LIMIT = 10_000;

/** Sent by a child's channel itself once there is room again; taken out by the supervisor's side before anyone sees it. */
export interface MessagesDropped {
  readonly type: 'messages_dropped';
  /** since the child started */
  readonly count: number;
}

/** The part of `process` (in a child) and of `ChildProcess` (in the supervisor) that sends. */
export interface Sender {
  readonly connected: boolean;
  send?(message: object, handle: undefined, options: undefined, callback: (error: Error | null) => void): boolean;
}

/** Sends with a cap on what is in flight; never throws, never waits. */
export class CappedSender {
  dropped = 0;
  #outstanding = 0;

  constructor(
    private readonly sender: Sender,
    private readonly limit = OUTSTANDING_LIMIT,
    private readonly onRoom?: () => void,
  ) {}

  /**
   * @param essential not dropped however many are in flight: there are few of them
   * @returns false when it was dropped: too many in flight, or the other side is gone
   */
  send(message: object, essential = false): boolean {
    if (!this.sender.connected || this.sender.send === undefined || (this.#outstanding >= this.limit && !essential)) {
      this.dropped++;
      return false;
    }
    this.#outstanding++;
    try {
      this.sender.send(message, undefined, undefined, () => this.#sent());
      return true;
    } catch {
      // the channel closed between the look and the call
      this.#outstanding--;
      this.dropped++;
      return false;
    }
  }

  #sent(): void {
    this.#outstanding--;
    if (this.#outstanding === 0) this.onRoom?.();
  }
}

/** What a child has of its supervisor. `In` is what it receives, `Out` what it sends. */
export class ParentChannel<In extends object, Out extends object> {
  readonly #sender: CappedSender;
  readonly #disconnect = new Set<() => void>();
  #room: () => void = () => undefined;
  #droppedReported = 0;
  #gone: boolean;

  constructor(private readonly parent: NodeJS.Process = process) {
    this.#sender = new CappedSender(parent, OUTSTANDING_LIMIT, () => this.#reportDropped());
    this.#gone = !parent.connected;
    parent.on('disconnect', () => this.#disconnected());
  }

  /** Messages to the supervisor that were dropped. */
  get dropped(): number {
    return this.#sender.dropped;
  }

  /** Never throws, also when the supervisor is gone; of too many only events and verdicts are dropped, never an answer. @returns false when it was dropped */
  send(message: Out): boolean {
    return this.#sender.send(message, !('type' in message && (message.type === 'event' || message.type === 'events' || message.type === 'health')));
  }

  onMessage(handler: (message: In) => void): void {
    this.parent.on('message', (message) => handler(message as In));
  }

  /** `handler` is called when messages were dropped and there is room again: what the supervisor must know is to be told anew. */
  onRoom(handler: () => void): void {
    this.#room = handler;
  }

  /** Called once, when the supervisor is gone; at once (but not synchronously) when it is gone already. */
  onDisconnect(handler: () => void): void {
    if (this.#gone) queueMicrotask(handler);
    else this.#disconnect.add(handler);
  }

  #disconnected(): void {
    this.#gone = true;
    for (const handler of this.#disconnect) handler();
    this.#disconnect.clear();
  }

  #reportDropped(): void {
    if (this.dropped === this.#droppedReported) return;
    this.#droppedReported = this.dropped;
    const message: MessagesDropped = { type: 'messages_dropped', count: this.dropped };
    this.#sender.send(message);
    this.#room();
  }
}

/** Time for the last message to leave; nothing else is left to be done. */
const LAST_MESSAGE_MS = 50;

/** How a child stops, once: it releases what it holds, says so, and ends. `remove`: the IPVS table too. */
export const endingWith = <In extends object>(parent: ParentChannel<In, { readonly type: 'stopped' }>, release: (remove: boolean) => Promise<void>): ((remove: boolean) => void) => {
  let stopping = false;
  return (remove) => {
    if (stopping) return;
    stopping = true;
    void release(remove).finally(() => {
      parent.send({ type: 'stopped' });
      setTimeout(() => process.exit(0), LAST_MESSAGE_MS);
    });
  };
};

/** Children obey their supervisor, not the terminal or the service manager, which signal the whole group. */
export const ignoreTerminationSignals = (): void => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
};
