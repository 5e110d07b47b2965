/** Asks the supervisor to run the scripts of health checks: the lvs process runs nothing itself. */
import type { ScriptHealthCheck } from '../config/model.js';
import type { RunScript, ScriptEnding } from '../health/script.js';
import type { EndScript, RunScriptRequest } from '../supervisor/messages.js';

/** what a full queue refused is told again after this */
const retryMilliseconds = 1_000;

export class ScriptRequests {
  readonly #pending = new Map<number, (ending: ScriptEnding) => void>();
  #last = 0;

  /** @param send false: too much is queued, or the supervisor is gone */
  constructor(private readonly send: (message: RunScriptRequest | EndScript) => boolean) {}

  readonly run: RunScript = (check, stop) =>
    new Promise((resolve) => {
      const id = ++this.#last;
      const onStop = (): void => {
        clearTimeout(retry);
        if (retry === undefined) this.send({ type: 'end_script', id });
        settle({ type: 'not_run', why: 'the check was stopped' });
      };
      const settle = (ending: ScriptEnding): void => {
        this.#pending.delete(id);
        stop.removeEventListener('abort', onStop);
        resolve(ending);
      };
      let retry: NodeJS.Timeout | undefined;
      const ask = (): void => {
        retry = this.#ask(id, check) ? undefined : setTimeout(ask, retryMilliseconds);
      };
      this.#pending.set(id, settle);
      stop.addEventListener('abort', onStop, { once: true });
      ask();
    });

  ended(id: number, ending: ScriptEnding): void {
    this.#pending.get(id)?.(ending);
  }

  #ask(id: number, check: ScriptHealthCheck): boolean {
    return this.send({ type: 'run_script', id, check });
  }
}
