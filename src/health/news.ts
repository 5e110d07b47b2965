/** What a change of a check's state says to the log. Pure. */
import type { LogLevel } from '../config/model.js';
import { type AgentState, describeAgent, isAvailable } from './agent-state.js';
import type { HealthState } from './state.js';
import { describeAdvice } from './weight.js';
import { describeEndpoint, describeVerdict } from './wording.js';

export interface News {
  readonly level: LogLevel;
  readonly message: string;
}

interface Subject {
  readonly server: { readonly address: string; readonly port: number };
  /** its name */
  readonly virtualServer: string;
  /** what the server is to it; absent: a real server */
  readonly called?: 'sorry server' | undefined;
  /** the check is the agent beside another one */
  readonly isBeside: boolean;
}

/** One line for each thing that is another than before. A weight that moves all the time is only for `debug`: the table's own lines say what came of it. */
export function newsOf({ server, virtualServer, called, isBeside }: Subject, previous: HealthState, state: HealthState): readonly News[] {
  const subject = `${called ?? 'real server'} ${describeEndpoint(server)} of ${virtualServer}`;
  const news: News[] = [];
  const tell = (level: LogLevel, message: string): void => void news.push({ level, message });
  const verdictChanged = state.verdict !== previous.verdict;
  if (verdictChanged && !isBeside) tell(state.verdict === 'down' ? 'warn' : 'info', describeVerdict(server, virtualServer, state, called));
  if (state.warning !== previous.warning) {
    if (state.warning !== undefined) tell('warn', `${subject}: ${state.warning}`);
    else tell('info', `${subject}: no longer: ${previous.warning ?? ''}`);
  }
  if (isBeside) tellHeard(subject, previous, state, tell);
  if (state.agent && (isBeside || !verdictChanged)) tellAgent(subject, previous.agent, state.agent, tell);
  else if (!verdictChanged && JSON.stringify(state.weight) !== JSON.stringify(previous.weight)) {
    tell('debug', `${subject}: ${state.weight ? describeAdvice(state.weight) : 'its configured weight'}, by its check`);
  }
  return news;
}

const tellHeard = (subject: string, previous: HealthState, state: HealthState, tell: (level: LogLevel, message: string) => void): void => {
  const wasHeard = previous.agent?.heard ?? previous.verdict === 'unknown';
  const isHeard = state.agent?.heard ?? false;
  if (wasHeard && !isHeard) tell('warn', `${subject}: its agent is not heard: ${state.agent && !isAvailable(state.agent) ? 'no answer' : state.reason}; ${state.agent ? `what it said holds: ${describeAgent(state.agent)}` : 'it has said nothing yet'}`);
  else if (!wasHeard && isHeard) tell('info', `${subject}: its agent is heard`);
};

const tellAgent = (subject: string, before: AgentState | undefined, after: AgentState, tell: (level: LogLevel, message: string) => void): void => {
  const words = describeAgent(after);
  if (before !== undefined && describeAgent(before) === words) return;
  const wasAvailable = before === undefined || isAvailable(before);
  const isFree = (state: AgentState | undefined): boolean => state === undefined || state.administrative === 'ready';
  const level = wasAvailable && !isAvailable(after) ? 'warn' : !wasAvailable !== !isAvailable(after) || isFree(before) !== isFree(after) ? 'info' : 'debug';
  tell(level, `${subject}: its agent says ${words}`);
};
