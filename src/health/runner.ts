/** Runs the wanted checks in their rhythm, a bounded number at once, and tells each change of a verdict. */
import { monotonicNow } from '../time/clock.js';
import { Microseconds, Milliseconds, minus, plus, toMilliseconds } from '../time/microseconds.js';
import type { Probe } from './attempt.js';
import { checkKey, type ActiveCheck } from './check-key.js';
import { Heap } from './heap.js';
import { probe as realProbe } from './probe.js';
import { firstStarts, intervalNow, nextStart } from './schedule.js';
import { applyResult, initialHealthState, saysAnother, type HealthState, type ProbeResult } from './state.js';

export interface HealthRunnerOptions {
  /** on the first verdict and on every change of it, of the weight that is told, of a warning; `key`: see `checkKey` */
  readonly onResult: (key: string, state: HealthState, previous: HealthState) => void;
  /** a probe could not be made for want of something of this host's, and counts for nothing; `reason` in words */
  readonly onVoid?: (reason: string) => void;
  /** probes at once; what is due beyond waits for one to end */
  readonly concurrency?: number;
  readonly probe?: Probe;
  /** of the monotonic clock */
  readonly now?: () => Microseconds;
  /** 0 to below 1, for jitter */
  readonly random?: () => number;
  /** milliseconds since the epoch */
  readonly wallClock?: () => number;
  /** calls back once after `delay`, unless cancelled by what it returns */
  readonly setTimer?: (callback: () => void, delay: Microseconds) => () => void;
}

interface Entry {
  readonly key: string;
  readonly check: ActiveCheck;
  /** ends what is in flight when the check is no longer wanted */
  readonly stop: AbortController;
  /** by its rhythm */
  due: Microseconds;
  /** with its jitter */
  start: Microseconds;
  state: HealthState;
}

/** setTimeout takes no more; the runner, called early, waits again. */
const longestTimeout = 2 ** 31 - 1;

/** Between two starts: what is due meanwhile starts together, as each time that the process wakes up costs about as much as a probe. A twentieth of the shortest interval, within these limits. */
const waits = { shortest: Milliseconds(10), longest: Milliseconds(50) } as const;
const waitFor = (checks: Iterable<ActiveCheck>): Microseconds => {
  let wait = waits.longest;
  for (const { interval, fastInterval = interval } of checks) wait = Microseconds(Math.min(wait, interval / 20, fastInterval / 20));
  return Microseconds(Math.max(wait, waits.shortest));
};

function nodeTimer(callback: () => void, delay: Microseconds): () => void {
  const timer = setTimeout(callback, Math.min(Math.ceil(toMilliseconds(delay)), longestTimeout));
  return () => clearTimeout(timer);
}

export class HealthRunner {
  readonly #options: Required<HealthRunnerOptions>;
  readonly #entries = new Map<string, Entry>();
  /** those that are not in flight, by their next start */
  readonly #waiting = new Heap<Entry>((a, b) => a.start < b.start);
  #shortestWait: Microseconds = waits.longest;
  #inFlight = 0;
  #isolated = false;
  /** of the one timer; undefined = none is set, as nothing waits or there is no room */
  #wakesAt: Microseconds | undefined;
  #cancelTimer: () => void = () => undefined;

  constructor(options: HealthRunnerOptions) {
    this.#options = { onVoid: () => undefined, concurrency: 512, probe: realProbe, now: monotonicNow, wallClock: Date.now, setTimer: nodeTimer, random: Math.random, ...options };
  }

  /** From now on these checks and no others; identical ones are made once. What runs already keeps its state and rhythm. */
  configure(checks: Iterable<ActiveCheck>): void {
    const wanted = new Map<string, ActiveCheck>();
    for (const check of checks) wanted.set(checkKey(check), check);
    this.#shortestWait = waitFor(wanted.values());
    for (const [key, entry] of this.#entries) {
      if (wanted.has(key)) continue;
      this.#entries.delete(key);
      entry.stop.abort();
    }
    this.#waiting.retain((entry) => !entry.stop.signal.aborted);
    const added = [...wanted].filter(([key]) => !this.#entries.has(key));
    const since = this.#options.wallClock();
    const starts = firstStarts(added.map(([, check]) => check), this.#options.now());
    for (const [index, [key, check]] of added.entries()) {
      const due = starts[index] ?? this.#options.now();
      const entry: Entry = { key, check, stop: new AbortController(), due, start: due, state: initialHealthState(since) };
      this.#entries.set(key, entry);
      this.#waiting.push(entry);
    }
    this.#proceed();
  }

  /** While it is so, failures of servers that are up do not count; nor do those of probes that began then. */
  setIsolated(isolated: boolean): void {
    this.#isolated = isolated;
  }

  /** undefined: not among the wanted checks. */
  stateOf(key: string): HealthState | undefined {
    return this.#entries.get(key)?.state;
  }

  /** The state of every wanted check, by its key. */
  snapshot(): ReadonlyMap<string, HealthState> {
    return new Map([...this.#entries].map(([key, { state }]) => [key, state]));
  }

  /** Ends every probe and the timer. */
  stop(): void {
    this.configure([]);
  }

  /** Starts what is due and has room, and sets the one timer for the next. */
  #proceed(): void {
    this.#cancelTimer();
    this.#wakesAt = undefined;
    const now = this.#options.now();
    for (;;) {
      const next = this.#waiting.peek();
      if (next === undefined || this.#inFlight >= this.#options.concurrency) return;
      if (next.start > now) return this.#wake(now, Microseconds(Math.max(minus(next.start, now), this.#shortestWait)));
      this.#waiting.pop();
      // after a stall one probe, not as many as were missed
      if (minus(now, next.due) >= next.check.interval) next.due = now;
      void this.#run(next, now);
    }
  }

  #wake(now: Microseconds, delay: Microseconds): void {
    this.#wakesAt = plus(now, delay);
    this.#cancelTimer = this.#options.setTimer(() => this.#proceed(), delay);
  }

  async #run(entry: Entry, startedAt: Microseconds): Promise<void> {
    // a script waits for the supervisor's turn, and holds nothing of ours meanwhile
    const room = entry.check.type === 'script' ? 0 : 1;
    this.#inFlight += room;
    const isolated = this.#isolated;
    const result = await this.#options.probe(entry.check, entry.stop.signal);
    this.#inFlight -= room;
    if (!entry.stop.signal.aborted) {
      if (!result.ok && result.isVoid) this.#options.onVoid(result.reason);
      else if (result.ok || entry.state.verdict !== 'up' || !(isolated || this.#isolated)) this.#apply(entry, result);
      const { check, state } = entry;
      const interval = intervalNow(check, state);
      // to read the clock costs more than all else here: not where the probe has ended before the next one is due in any case. A script may have waited for its turn
      const endedBefore = plus(startedAt, check.timeout);
      entry.due = nextStart(entry.due, interval, check.type !== 'script' && endedBefore <= plus(entry.due, interval) ? endedBefore : this.#options.now());
      entry.start = check.jitter ? plus(entry.due, Microseconds(this.#options.random() * check.jitter)) : entry.due;
      // what was told may have ended it
      if (!entry.stop.signal.aborted) this.#waiting.push(entry);
    }
    // it gave room, or is to start before all that waits
    if (this.#wakesAt === undefined || entry.start < this.#wakesAt) this.#proceed();
  }

  #apply(entry: Entry, result: ProbeResult): void {
    const previous = entry.state;
    const same = applyResult(previous, result, entry.check, previous.since);
    entry.state = same.verdict === previous.verdict ? same : applyResult(previous, result, entry.check, this.#options.wallClock());
    if (saysAnother(previous, entry.state)) this.#options.onResult(entry.key, entry.state, previous);
  }
}
