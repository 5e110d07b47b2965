/** Runs the scripts of health checks for the lvs child: few at once, each within its time, and none that it no longer wants. */
import type { ScriptHealthCheck } from '../config/model.js';
import type { ScriptEnding } from '../health/script.js';
import { checkKey } from '../health/check-key.js';
import { toMilliseconds } from '../time/microseconds.js';
import { Command, type Ending } from './command.js';

/** the others wait for their turn */
const mostAtOnce = 16;
/** what a full queue refused is told again after this */
const retryMilliseconds = 1_000;
/** after SIGTERM, and SIGKILL two seconds later, a process has ended, unless the kernel holds it */
const stubbornMilliseconds = 5_000;

/** Nothing of the daemon's own environment: a script must not depend on how the daemon was started. */
const environmentFor = ({ address, port, virtualServer, realServer }: ScriptHealthCheck): Readonly<Record<string, string>> => ({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TANDEM_ADDRESS: address,
  TANDEM_PORT: String(port),
  TANDEM_VIRTUAL_SERVER: virtualServer,
  TANDEM_REAL_SERVER: realServer.address,
  TANDEM_REAL_PORT: String(realServer.port),
});

const endingOf = (ending: Ending, output: string | undefined): ScriptEnding => {
  switch (ending.type) {
    case 'exit':
      return { type: 'exit', status: ending.status, output };
    case 'signal':
      return { type: 'signal', signal: ending.signal };
    case 'not_run':
      return ending;
    case 'not_trusted':
      return { type: 'not_run', why: ending.why };
  }
};

interface Wanted {
  readonly id: number;
  readonly check: ScriptHealthCheck;
  command: Command | undefined;
}

export class CheckScripts {
  /** those that wait and those that run, in the order in which they came */
  readonly #wanted = new Map<number, Wanted>();
  #waiting: Wanted[] = [];
  /** processes, wanted or not, but for those that no signal ends */
  #running = 0;
  /** checks whose last run has had its time and not ended yet, by their key: no other begins meanwhile */
  readonly #stuck = new Set<string>();
  readonly #retries = new Map<number, NodeJS.Timeout>();
  #closed = false;

  /** @param onEnded not called for what was given up; false: it could not be told, and is tried again */
  constructor(private readonly onEnded: (id: number, ending: ScriptEnding) => boolean) {}

  run(id: number, check: ScriptHealthCheck): void {
    if (this.#closed) return;
    const wanted: Wanted = { id, check, command: undefined };
    this.#wanted.set(id, wanted);
    if (this.#stuck.has(checkKey(check))) return this.#ended(id, { type: 'not_run', why: 'an earlier run has not ended yet' });
    this.#waiting.push(wanted);
    this.#proceed();
  }

  /** Ends it, or lets it not begin. */
  end(id: number): void {
    clearTimeout(this.#retries.get(id));
    this.#retries.delete(id);
    const wanted = this.#wanted.get(id);
    this.#wanted.delete(id);
    this.#waiting = this.#waiting.filter((other) => other !== wanted);
    wanted?.command?.end();
  }

  /** The child that asked is gone. */
  endAll(): void {
    for (const id of [...this.#wanted.keys(), ...this.#retries.keys()]) this.end(id);
  }

  close(): void {
    this.#closed = true;
    this.endAll();
  }

  #proceed(): void {
    while (this.#running < mostAtOnce) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      void this.#start(next);
    }
  }

  async #start(wanted: Wanted): Promise<void> {
    const { id, check } = wanted;
    let output: string | undefined;
    const onLine = (line: string): void => void (output ??= line);
    this.#running++;
    const command = new Command({
      command: check.command,
      user: check.user,
      timeout: toMilliseconds(check.timeout),
      environment: ({ home }) => ({ ...environmentFor(check), HOME: home, USER: check.user, LOGNAME: check.user }),
      trustedOnly: true,
      ...(check.weightFrom === 'output' ? { output: { onLine, onSuppressed: () => undefined } } : {}),
    });
    wanted.command = command;
    const key = checkKey(check);
    let isCounted = true;
    const leave = (): void => {
      if (!isCounted) return;
      isCounted = false;
      this.#running--;
      this.#proceed();
    };
    let patience: NodeJS.Timeout | undefined;
    void command.overdue.then(() => {
      this.#stuck.add(key);
      // one that the kernel does not let go must not keep the others waiting for ever
      patience = setTimeout(leave, stubbornMilliseconds);
      this.#ended(id, { type: 'overdue' });
    });
    const ending = await command.ended;
    clearTimeout(patience);
    this.#stuck.delete(key);
    this.#ended(id, endingOf(ending, output));
    leave();
  }

  #ended(id: number, ending: ScriptEnding): void {
    if (this.#wanted.delete(id)) this.#tell(id, ending);
  }

  #tell(id: number, ending: ScriptEnding): void {
    this.#retries.delete(id);
    if (!this.onEnded(id, ending)) this.#retries.set(id, setTimeout(() => this.#tell(id, ending), retryMilliseconds));
  }
}
