/** The `script` check: the exit status of a program, which the supervisor runs, and a weight where it tells one. */
import type { ScriptHealthCheck } from '../config/model.js';
import type { ProbeResult } from './state.js';
import { weightWord } from './weight-word.js';
import { describeDuration } from './wording.js';

/** How a run ended. */
export type ScriptEnding =
  /** `output`: its first line, where it was asked for */
  | { readonly type: 'exit'; readonly status: number; readonly output?: string | undefined }
  | { readonly type: 'signal'; readonly signal: string }
  /** its time was over */
  | { readonly type: 'overdue' }
  /** it did not run; why, in words. `shortage`: of this host */
  | { readonly type: 'not_run'; readonly why: string; readonly shortage?: boolean };

/** Has it run; ends with the run, or when `stop` says so. Never rejects. */
export type RunScript = (check: ScriptHealthCheck, stop: AbortSignal) => Promise<ScriptEnding>;

export const probeScript = async (check: ScriptHealthCheck, stop: AbortSignal, run: RunScript): Promise<ProbeResult> => {
  if (stop.aborted) return { ok: false, reason: 'the check was stopped' };
  return scriptResult(check, await run(check, stop));
};

/** Pure. With `exit_status` it is keepalived's misc_dynamic: 0 = up with the configured weight, 1 = down, 2..255 = up with that minus 2 as weight. */
export function scriptResult({ weightFrom, timeout }: Pick<ScriptHealthCheck, 'weightFrom' | 'timeout'>, ending: ScriptEnding): ProbeResult {
  switch (ending.type) {
    case 'exit': {
      const detail = `exit status ${ending.status}`;
      if (weightFrom === 'exit_status' && ending.status >= 2) return { ok: true, detail, weight: { weight: ending.status - 2 } };
      if (ending.status !== 0) return { ok: false, reason: `script: ${detail}` };
      if (weightFrom !== 'output') return { ok: true, detail };
      const said = weightWord(ending.output ?? '');
      return said === undefined ? { ok: false, reason: `script: its output ${JSON.stringify((ending.output ?? '').slice(0, 60))} is no weight` } : result('script', said);
    }
    case 'signal':
      return { ok: false, reason: `script: killed by ${ending.signal}` };
    case 'overdue':
      return { ok: false, reason: `script: no end within ${describeDuration(timeout)}` };
    case 'not_run':
      return { ok: false, reason: `script: ${ending.why}`, ...(ending.shortage ? { isVoid: true } : {}) };
  }
}

const result = (subject: string, { ok, words, weight }: NonNullable<ReturnType<typeof weightWord>>): ProbeResult => (ok ? { ok, detail: `${subject} says ${words}`, weight } : { ok, reason: `${subject} says ${words}` });
