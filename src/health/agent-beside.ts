/** A check with an agent beside it, as HAProxy has both: either of them takes the server out, the agent alone tells the weight. Pure. */
import type { AgentStatus } from '../control/status.js';
import { agentAdvice, describeAgent, isAvailable } from './agent-state.js';
import type { HealthState } from './state.js';

/** `agent`: the state of the agent's own check; what it said last holds while it is not heard, and before its first word it says nothing. */
export function withAgent(state: HealthState, agent: HealthState | undefined): HealthState {
  if (agent?.agent === undefined) return state;
  const said = agent.agent;
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
