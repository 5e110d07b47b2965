/** The verdict on one health check: counts consecutive results until `rise` or `fall` of them agree. */

import { agentAdvice, type AgentReport, type AgentState, describeAgent, foldReport, isAvailable } from './agent-state.js';
import { describeAdvice, type WeightAdvice } from './weight.js';

export type Verdict = 'unknown' | 'up' | 'down';

/** What one probe found; `detail` and `reason` in words. `decisive`: an order rather than an observation, which no further one need confirm. `isVoid`: this host could not make the probe, which says nothing of the server. */
export type ProbeResult = ProbeSuccess | { readonly ok: false; readonly reason: string; readonly decisive?: boolean | undefined; readonly isVoid?: boolean | undefined };

export interface ProbeSuccess {
  readonly ok: true;
  readonly detail: string;
  readonly decisive?: boolean | undefined;
  /** what is to be told although all is well, the same words as long as it is the same */
  readonly warning?: string | undefined;
  /** absent = the configured weight */
  readonly weight?: WeightAdvice | undefined;
  /** what an agent said: it, and not `ok`, says whether the server is up */
  readonly report?: AgentReport | undefined;
}

export interface HealthState {
  readonly verdict: Verdict;
  /** consecutive, up to now; one of the two is always 0 */
  readonly successes: number;
  readonly failures: number;
  /** milliseconds since the epoch, of the verdict; for display, nothing is decided by it */
  readonly since: number;
  /** in words: the last result that agrees with the verdict; while there is none, the last result */
  readonly reason: string;
  /** of the last success */
  readonly warning?: string | undefined;
  readonly weight?: WeightAdvice | undefined;
  /** all that an agent has said so far; absent = nothing yet */
  readonly agent?: AgentState | undefined;
}

export interface Thresholds {
  /** consecutive successes before up, 1.. */
  readonly rise: number;
  /** consecutive failures before down, 1.. */
  readonly fall: number;
}

export const initialHealthState = (now: number): HealthState => ({ verdict: 'unknown', successes: 0, failures: 0, since: now, reason: 'not checked yet' });

/** The verdict of a server whose check is `none`. */
export const uncheckedHealthState = (now: number): HealthState => ({ verdict: 'up', successes: 0, failures: 0, since: now, reason: 'not checked' });

/** The first verdict takes one success or `fall` failures; afterwards `rise` successes or `fall` failures in a row. `now`: milliseconds since the epoch. */
export function applyResult(state: HealthState, found: ProbeResult, thresholds: Thresholds, now: number): HealthState {
  const agent = found.ok && found.report ? foldReport(state.agent, found.report) : state.agent && { ...state.agent, heard: found.ok };
  const result = found.ok && found.report && agent ? agentResult(agent, state.agent) : found;
  const { rise, fall } = result.decisive ? { rise: 1, fall: 1 } : thresholds;
  const successes = result.ok ? state.successes + 1 : 0;
  const failures = result.ok ? 0 : state.failures + 1;
  const verdict = nextVerdict(state.verdict, successes, failures, { rise, fall });
  const changed = verdict !== state.verdict;
  const agrees = verdict === 'unknown' || (verdict === 'up') === result.ok;
  return {
    verdict,
    successes,
    failures,
    since: changed ? now : state.since,
    reason: agrees ? (result.ok ? describeSuccess(result) : result.reason) : state.reason,
    warning: result.ok ? result.warning : state.warning,
    weight: result.ok ? result.weight : state.weight,
    agent,
  };
}

/** What an agent says holds at once; that it says the same again counts like any other result. */
function agentResult(agent: AgentState, before: AgentState | undefined): ProbeResult {
  const decisive = before === undefined || isAvailable(before) !== isAvailable(agent);
  const words = `agent: ${describeAgent(agent)}`;
  return isAvailable(agent) ? { ok: true, detail: words, decisive, weight: agentAdvice(agent) } : { ok: false, reason: words, decisive };
}

const describeSuccess = ({ detail, weight, warning }: ProbeSuccess): string => `${detail}${weight && !detail.startsWith('agent: ') ? `: ${describeAdvice(weight)}` : ''}${warning === undefined ? '' : `; ${warning}`}`;

/** Whether one state says anything to the outside that another does not: but for the words of the reason, and counts. */
export const saysAnother = (before: HealthState, after: HealthState): boolean =>
  before.verdict !== after.verdict || before.warning !== after.warning || JSON.stringify([before.weight, before.agent]) !== JSON.stringify([after.weight, after.agent]);

function nextVerdict(verdict: Verdict, successes: number, failures: number, { rise, fall }: Thresholds): Verdict {
  if (failures >= fall) return 'down';
  if (successes >= (verdict === 'unknown' ? 1 : rise)) return 'up';
  return verdict;
}
