/** Runs tracked scripts: each one run at a time, at its interval, few at once, and gives their verdicts. */
import type { ScriptConfiguration } from '../config/model.js';
import { monotonicNow } from '../time/clock.js';
import { minus, type Microseconds, plus, toMilliseconds } from '../time/microseconds.js';
import { runCommand, type Run } from './command.js';
import { type TrackResult, trackKey } from './trackers.js';
import { applyScriptResult, initialScriptState, type ScriptResult, type ScriptState } from './verdict.js';

/** after SIGKILL a process ends at once, unless the kernel holds it */
const stubbornMilliseconds = 3_000;
/** the others wait for their turn */
const mostAtOnce = 16;

interface Watched {
  readonly script: ScriptConfiguration;
  state: ScriptState;
  timer: NodeJS.Timeout | undefined;
  run: Run | undefined;
}

export class ScriptRunner {
  #scripts = new Map<string, Watched>();
  #queue: Watched[] = [];
  #running = 0;
  #closed = false;

  /** @param onChange a verdict is another than before, or was given for the first time */
  constructor(private readonly onChange: () => void) {}

  get results(): readonly TrackResult[] {
    return [...this.#scripts.values()].map(({ script, state }) => ({ key: trackKey('script', script.name), verdict: state.verdict, detail: state.detail }));
  }

  /** Those that are the same as before go on with their progress; the runs of those that go are ended. */
  configure(scripts: readonly ScriptConfiguration[]): void {
    const before = this.#scripts;
    this.#scripts = new Map();
    for (const script of scripts) {
      const known = before.get(script.name);
      if (known && JSON.stringify(known.script) === JSON.stringify(script)) {
        this.#scripts.set(script.name, known);
        before.delete(script.name);
        continue;
      }
      const watched: Watched = { script, state: initialScriptState(script, known?.state), timer: undefined, run: undefined };
      this.#scripts.set(script.name, watched);
      this.#due(watched);
    }
    for (const watched of before.values()) this.#forget(watched);
  }

  close(): void {
    this.#closed = true;
    this.configure([]);
  }

  #forget(watched: Watched): void {
    clearTimeout(watched.timer);
    this.#queue = this.#queue.filter((other) => other !== watched);
    watched.run?.end();
  }

  #isCurrent(watched: Watched): boolean {
    return !this.#closed && this.#scripts.get(watched.script.name) === watched;
  }

  #due(watched: Watched): void {
    if (this.#running >= mostAtOnce) this.#queue.push(watched);
    else void this.#start(watched);
  }

  async #start(watched: Watched): Promise<void> {
    const { command, user, timeout, interval } = watched.script;
    const startedAt = monotonicNow();
    this.#running++;
    const run = runCommand(command, user, toMilliseconds(timeout));
    watched.run = run;
    const result = await run.result;
    this.#running--;
    const next = this.#queue.shift();
    if (next) void this.#start(next);
    if (this.#isCurrent(watched)) this.#apply(watched, result);
    // the next run begins when this one has ended; one that no signal ends fails again and again
    while (!(await endsWithin(run, toMilliseconds(timeout) + stubbornMilliseconds))) {
      if (this.#isCurrent(watched)) this.#apply(watched, { ok: false, detail: 'an earlier run cannot be ended' });
    }
    watched.run = undefined;
    if (this.#isCurrent(watched)) watched.timer = setTimeout(() => this.#due(watched), delayUntil(plus(startedAt, interval)));
  }

  #apply(watched: Watched, result: ScriptResult): void {
    const before = watched.state;
    watched.state = applyScriptResult(before, result, watched.script);
    if (watched.state.verdict !== before.verdict || !before.decided) this.onChange();
  }
}

const endsWithin = (run: Run, milliseconds: number): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    void run.gone.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });

const delayUntil = (instant: Microseconds): number => Math.max(0, Math.ceil(toMilliseconds(minus(instant, monotonicNow()))));
