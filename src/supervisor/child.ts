/** One child process: forked, watched, started again when it dies, killed when it hangs, ended in order. */
import { fork, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { monotonicNow } from '../time/clock.js';
import { toMilliseconds } from '../time/microseconds.js';
import { CappedSender, type MessagesDropped } from './channel.js';
import type { LogEvent } from './messages.js';
import { nodeEnvironment, nodeOptions } from './node-options.js';
import { readLines } from './output-lines.js';
import { PING_LIMIT, PingLedger, restartDelay, SOUND_AFTER_MS, TOLD_DEATHS } from './restart-policy.js';
import { childEnvironment } from './environment.js';
import { inWords } from '../control/in-words.js';

const PING_INTERVAL_MS = 1_000;
const STATUS_LIMIT_MS = 500;
/** How long after its exit the last messages of a child may still be read. */
const LAST_WORDS_MS = 100;

export interface ChildOptions<In> {
  readonly name: 'vrrp' | 'lvs';
  /** path of the entry file */
  readonly entry: string;
  readonly report: (event: LogEvent) => void;
  /** every message but pongs, which are only counted, and statuses, which `status` gives */
  readonly onMessage: (message: In) => void;
  /** it died, all its messages were handed over; it will be started again unless it was stopped */
  readonly onExit: () => void;
  readonly pingIntervalMs?: number;
}

type StatusOf<In> = Extract<In, { readonly type: 'status' }> & { readonly id: number };

interface Running {
  readonly process: ChildProcess;
  readonly sender: CappedSender;
  readonly ledger: PingLedger;
  readonly startedAt: number;
  readonly told: boolean;
  ready: boolean;
  pinger: NodeJS.Timeout | undefined;
  sound: NodeJS.Timeout | undefined;
}

/** `Out` is what is sent to the child, `In` what comes from it. */
export class Child<Out extends { readonly type: string }, In extends { readonly type: string }> {
  restarts = 0;
  /** of the running process and of those before it, both directions */
  #dropped = 0;
  #droppedByChild = 0;
  #running: Running | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  /** deaths in a row, each within a minute of its start */
  #deaths = 0;
  #lastDeath = '';
  #stopping = false;
  #hasRun = false;
  #released = false;
  #pingId = 0;
  #lastStatus: StatusOf<In> | undefined;
  readonly #statusWaiters = new Map<number, (status: StatusOf<In>) => void>();
  readonly #exitWaiters = new Set<() => void>();

  constructor(private readonly options: ChildOptions<In>) {}

  get name(): 'vrrp' | 'lvs' {
    return this.options.name;
  }

  get pid(): number | undefined {
    return this.#running?.process.pid;
  }

  /** it may hold something */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** it said `ready` and still lives */
  get ready(): boolean {
    return this.#running?.ready === true;
  }

  /** Runs and answered one of its last few pings. */
  get responding(): boolean {
    return this.#running !== undefined && this.#running.ledger.responding;
  }

  /** False while it runs but does not answer; a child that is being started again is looked after. */
  get lookedAfter(): boolean {
    return this.#running === undefined || this.#running.ledger.responding;
  }

  get droppedMessages(): number {
    return this.#dropped + (this.#running?.sender.dropped ?? 0) + this.#droppedByChild;
  }

  /** The last one that it gave, however old. */
  get lastStatus(): StatusOf<In> | undefined {
    return this.#lastStatus;
  }

  start(): void {
    this.#restartTimer = undefined;
    if (this.#stopping || this.#running !== undefined) return;
    const { name, entry } = this.options;
    try {
      accessSync(entry, constants.R_OK);
      this.#adopt(
        fork(entry, [], {
          execArgv: [`--title=tandemd: ${name}`, ...nodeOptions[name]],
          env: { ...childEnvironment(), ...nodeEnvironment },
          serialization: 'advanced',
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        }),
      );
    } catch (error) {
      this.#died(`cannot be started: ${inWords(error)}`, undefined);
    }
  }

  /** @returns false when it was dropped: the child is not there, or too much is queued for it */
  send(message: Out): boolean {
    if (this.#running !== undefined) return this.#running.sender.send(message);
    this.#dropped++;
    return false;
  }

  /** The status of now, or undefined when it does not answer within `milliseconds`. */
  status(milliseconds = STATUS_LIMIT_MS): Promise<StatusOf<In> | undefined> {
    const id = ++this.#pingId;
    if (this.#running === undefined || !this.#running.sender.send({ type: 'status', id })) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#statusWaiters.delete(id);
        resolve(undefined);
      }, milliseconds);
      this.#statusWaiters.set(id, (status) => {
        clearTimeout(timer);
        resolve(status);
      });
    });
  }

  /** Tells it to release what it holds and to end; after `milliseconds` it is killed. @returns true when it said `stopped` */
  async stop(milliseconds: number, onStop: 'keep' | 'remove'): Promise<boolean> {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    const running = this.#running;
    if (running === undefined) return this.#released;
    running.sender.send({ type: 'stop', onStop });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#report('error', `${this.name} did not stop within ${milliseconds / 1_000} s and was killed`, { pid: running.process.pid ?? 0 });
        running.process.kill('SIGKILL');
      }, milliseconds);
      this.#exitWaiters.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return this.#released;
  }

  /** Ends it without a word, when it was never given anything to hold. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    this.#running?.process.kill('SIGKILL');
  }

  #adopt(process: ChildProcess): void {
    const running: Running = {
      process,
      sender: new CappedSender(process),
      ledger: new PingLedger(),
      startedAt: monotonicNow(),
      told: this.#deaths < TOLD_DEATHS,
      ready: false,
      pinger: undefined,
      sound: undefined,
    };
    this.#running = running;
    this.#hasRun = true;
    running.pinger = setInterval(() => this.#ping(running), this.options.pingIntervalMs ?? PING_INTERVAL_MS);
    running.sound = setTimeout(() => this.#isSound(), SOUND_AFTER_MS);
    process.on('message', (message) => this.#receive(running, message as In | MessagesDropped));

    let ended = false;
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      const handOver = (): void => {
        clearTimeout(timer);
        process.off('disconnect', handOver);
        this.#died(reason, running);
      };
      const timer = setTimeout(handOver, process.connected ? LAST_WORDS_MS : 0);
      process.once('disconnect', handOver);
    };
    process.on('exit', (code, signal) => end(signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`));
    process.on('error', (error) => {
      if (process.pid === undefined) end(`cannot be started: ${error.message}`);
      else this.#report('warn', `${this.name}: ${error.message}`);
    });
    for (const [kind, stream] of [['stdout', process.stdout], ['stderr', process.stderr]] as const) {
      if (stream === null) continue;
      readLines(
        stream,
        (line) => running.told && this.#report('error', `${this.name} printed: ${line}`, { stream: kind }),
        (count) => running.told && this.#report('error', `${this.name} printed ${count} lines more`, { stream: kind }),
      );
    }
  }

  #receive(running: Running, message: In | MessagesDropped): void {
    switch (message.type) {
      case 'messages_dropped':
        this.#droppedByChild = (message as MessagesDropped).count;
        return;
      case 'pong':
        running.ledger.answered();
        return;
      case 'status': {
        const status = message as StatusOf<In>;
        this.#lastStatus = status;
        this.#statusWaiters.get(status.id)?.(status);
        this.#statusWaiters.delete(status.id);
        return;
      }
      case 'ready':
        running.ready = true;
        break;
      case 'stopped':
        this.#released = true;
        break;
    }
    this.options.onMessage(message as In);
  }

  #ping(running: Running): void {
    if (running.ledger.hung) {
      clearInterval(running.pinger);
      this.#report('error', `${this.name} does not answer: ${PING_LIMIT} pings in a row are unanswered, it is killed`, { pid: running.process.pid ?? 0 });
      running.process.kill('SIGKILL');
      return;
    }
    running.ledger.sent();
    running.sender.send({ type: 'ping', id: ++this.#pingId });
  }

  #isSound(): void {
    if (this.#deaths >= TOLD_DEATHS) this.#report('info', `${this.name} runs steadily again after ${this.#deaths} deaths in a row`, { restarts: this.restarts });
    this.#deaths = 0;
    this.#lastDeath = '';
  }

  #died(reason: string, running: Running | undefined): void {
    if (running !== undefined) {
      clearInterval(running.pinger);
      clearTimeout(running.sound);
      this.#dropped += running.sender.dropped + this.#droppedByChild;
      this.#droppedByChild = 0;
    }
    this.#running = undefined;
    this.options.onExit();
    for (const resolve of this.#exitWaiters) resolve();
    this.#exitWaiters.clear();
    if (this.#stopping) return;
    this.#startAgain(reason, running);
  }

  #startAgain(reason: string, running: Running | undefined): void {
    this.#deaths++;
    const delay = restartDelay(this.#deaths);
    const neverRan = running?.ready !== true;
    // a start that fails again and again for one reason is told once, other deaths a few times
    if (!(neverRan && reason === this.#lastDeath) && this.#deaths <= TOLD_DEATHS) {
      const next = delay === 0 ? 'at once' : `in ${delay / 1_000} s`;
      const last = this.#deaths === TOLD_DEATHS ? '; further deaths are only counted' : '';
      this.#report('error', `${this.name} ${reason}; it is started again ${next}${last}`, {
        pid: running?.process.pid ?? 0,
        lived_s: running === undefined ? 0 : Math.round(toMilliseconds(monotonicNow()) / 1_000 - running.startedAt / 1_000_000),
        restarts: this.restarts,
      });
    }
    this.#lastDeath = neverRan ? reason : '';
    this.#restartTimer = setTimeout(() => {
      this.restarts++;
      this.start();
    }, delay);
  }

  #report(level: LogEvent['level'], message: string, fields: LogEvent['fields'] = {}): void {
    this.options.report({ time: Date.now(), level, message, fields: { process: this.name, ...fields } });
  }
}
