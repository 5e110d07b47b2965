/** A check with an agent beside it, as HAProxy has both: either of them takes the server out, the agent alone tells the weight. Pure. */
import type { AgentStatus } from '../control/status.js';
import { agentAdvice, describeAgent, isAvailable } from './agent-state.js';
import type { HealthState } from './state.js';

/**
 * `agent`: the state of the agent's own check; what it said last holds while it is not heard, and one that was never heard says nothing. Until it was asked once a server
 * waits: else one that it drains would be brought in whole for a moment, after every restart.
 */
export function withAgent(state: HealthState, agent: HealthState | undefined): HealthState {
  if (agent === undefined || agent.verdict === 'unknown') return state.verdict === 'up' ? { ...state, verdict: 'unknown', reason: `${state.reason}; its agent was not asked yet` } : state;
  const said = agent.agent;
  if (said === undefined) return state;
  const words = `agent: ${describeAgent(said)}`;
  if (!isAvailable(said)) return { ...state, verdict: 'down', since: state.verdict === 'down' ? Math.min(state.since, agent.since) : agent.since, reason: state.verdict === 'down' ? `${state.reason}; ${words}` : words };
  return { ...state, reason: words === 'agent: up' ? state.reason : `${state.reason}; ${words}`, weight: agentAdvice(said) };
}

export const agentStatus = (state: HealthState | undefined): AgentStatus => ({
  heard: state?.agent?.heard ?? false,
  operational: state?.agent?.operational ?? null,
  administrative: state?.agent?.administrative ?? null,
  weight_percent: state?.agent ? Math.round(state.agent.factor * 100) : null,
  reason: state?.agent?.reason ?? null,
});
