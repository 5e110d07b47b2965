/** The verdict on a tracked script: counts consecutive results until `rise` or `fall` of them agree. Pure. */
import type { ScriptConfiguration } from '../config/model.js';

export type Verdict = 'unknown' | 'up' | 'down';

/** What one run found; `detail` in words, such as `exit status 1`. */
export interface ScriptResult {
  readonly ok: boolean;
  readonly detail: string;
}

export interface ScriptState {
  readonly verdict: Verdict;
  /** false: there was no result yet, the verdict is an assumption */
  readonly decided: boolean;
  /** consecutive, up to now; one of the two is always 0 */
  readonly successes: number;
  readonly failures: number;
  /** of the verdict, in words */
  readonly detail: string;
}

export type ScriptThresholds = Pick<ScriptConfiguration, 'rise' | 'fall' | 'init'>;

/** @param before of the same script in another definition: what it said holds until the first result of the new one */
export const initialScriptState = ({ init }: ScriptThresholds, before?: ScriptState): ScriptState =>
  before && before.verdict !== 'unknown'
    ? { verdict: before.verdict, decided: false, successes: 0, failures: 0, detail: before.detail }
    : init === 'wait'
      ? { verdict: 'unknown', decided: false, successes: 0, failures: 0, detail: 'has not ended a run yet' }
      : { verdict: init, decided: false, successes: 0, failures: 0, detail: `is taken for ${init} until its first result` };

/** The first result decides, but for one that was assumed to be up, which takes `fall` failures; then it takes `rise` successes or `fall` failures in a row. */
export const applyScriptResult = (state: ScriptState, { ok, detail }: ScriptResult, { rise, fall, init }: ScriptThresholds): ScriptState => {
  const successes = ok ? state.successes + 1 : 0;
  const failures = ok ? 0 : state.failures + 1;
  const first = !state.decided;
  const verdict = ok && (first || successes >= rise) ? 'up' : !ok && ((first && init !== 'up') || failures >= fall) ? 'down' : state.verdict;
  const said = !ok ? `failed: ${detail} (${failures} ${failures === 1 ? 'failure' : 'failures'})` : `succeeded (${successes} ${successes === 1 ? 'success' : 'successes'})`;
  return { verdict, decided: true, successes, failures, detail: verdict === state.verdict && !first ? state.detail : said };
};
