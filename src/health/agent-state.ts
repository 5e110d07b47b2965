/** What an agent has said so far (HAProxy's agent-check), and what follows from it. Pure. */
import type { WeightAdvice } from './weight.js';

/** What one line says; what it does not mention stays as it was. */
export interface AgentReport {
  readonly operational?: 'up' | 'down' | undefined;
  readonly administrative?: 'ready' | 'drain' | 'maint' | undefined;
  /** 0..2.56 */
  readonly factor?: number | undefined;
  /** what stands behind `#` */
  readonly reason?: string | undefined;
}

export interface AgentState {
  /** false: not the last time that it was asked */
  readonly heard: boolean;
  readonly operational: 'up' | 'down';
  readonly administrative: 'ready' | 'drain' | 'maint';
  readonly factor: number;
  readonly reason: string | undefined;
}

const initialAgentState: AgentState = { heard: true, operational: 'up', administrative: 'ready', factor: 1, reason: undefined };

/** Words and their meaning: HAProxy's configuration manual, `agent-check`. `failed` is there for older agents. */
const words: Readonly<Record<string, Pick<AgentReport, 'operational' | 'administrative'>>> = {
  up: { operational: 'up' },
  down: { operational: 'down' },
  fail: { operational: 'down' },
  failed: { operational: 'down' },
  stopped: { operational: 'down' },
  ready: { administrative: 'ready' },
  drain: { administrative: 'drain' },
  maint: { administrative: 'maint' },
};

/** Words in any order between spaces, tabs and commas, then `#` and a reason; undefined when no word is known. `maxconn:N` is passed over: IPVS has thresholds. */
export const parseAgentLine = (line: string): AgentReport | undefined => {
  const [said = '', ...rest] = line.split('#');
  let report: AgentReport | undefined;
  for (const word of said.toLowerCase().split(/[\s,]+/).filter((each) => each !== '')) {
    const percent = /^(\d{1,3})%$/.exec(word)?.[1];
    const meaning = percent !== undefined && Number(percent) <= 256 ? { factor: Number(percent) / 100 } : Object.hasOwn(words, word) ? words[word] : /^maxconn:\d+$/.test(word) ? {} : undefined;
    // the operational word that comes first counts, as with HAProxy
    if (meaning !== undefined) report = { ...meaning, ...report };
  }
  const reason = rest.join('#').trim();
  return report && { ...report, ...(reason === '' ? {} : { reason }) };
};

export const foldReport = (state: AgentState = initialAgentState, { operational, administrative, factor, reason }: AgentReport): AgentState => ({
  heard: true,
  operational: operational ?? state.operational,
  administrative: administrative ?? state.administrative,
  factor: factor ?? state.factor,
  reason,
});

/** It may get connections, or finish those that it has. */
export const isAvailable = ({ operational, administrative }: AgentState): boolean => operational === 'up' && administrative !== 'maint';

export const agentAdvice = ({ administrative, factor }: AgentState): WeightAdvice => ({ factor: administrative === 'ready' ? factor : 0 });

/** `drain, 50%, backup runs` */
export const describeAgent = ({ operational, administrative, factor, reason }: AgentState): string =>
  [...(administrative === 'ready' ? [operational] : operational === 'down' ? [operational, administrative] : [administrative]), ...(factor === 1 ? [] : [`${Math.round(factor * 100)}%`]), ...(reason === undefined ? [] : [reason])].join(', ');
