/** Keywords that virtual servers hand down to real servers, and those to checkers. */
import type { ProbeDraft } from '../drafts.js';
import type { Keyword } from '../keyword.js';
import { flag, integer, seconds } from '../values.js';

export const probeKeywords = <Draft extends ProbeDraft>(key = 'health_check'): readonly Keyword<Draft>[] => [
  {
    names: ['delay_loop'],
    becomes: `${key}.interval`,
    most: 1,
    read: (statement, draft, findings) => {
      const value = seconds(statement, { from: 0.001, to: 86_400 }, findings);
      if (value !== undefined) draft.delayLoop = value;
    },
  },
  {
    names: ['connect_timeout'],
    becomes: `${key}.timeout`,
    most: 1,
    read: (statement, draft, findings) => {
      const value = seconds(statement, { from: 0.001, to: 86_400 }, findings);
      if (value !== undefined) draft.connectTimeout = value;
    },
  },
  {
    names: ['retry', 'nb_get_retry'],
    becomes: `${key}.fall (one more)`,
    most: 1,
    read: (statement, draft, findings) => {
      const value = integer(statement, { from: 0, to: 2_147_483_646 }, findings);
      if (value !== undefined) draft.retry = value;
    },
  },
  {
    names: ['delay_before_retry'],
    becomes: `${key}.fast_interval`,
    most: 1,
    read: (statement, draft, findings) => {
      const value = seconds(statement, { from: 0, to: 86_400 }, findings);
      if (value !== undefined) draft.delayBeforeRetry = value;
    },
  },
  {
    names: ['alpha'],
    becomes: 'initial: down (without it initial: up)',
    most: 1,
    read: (statement, draft, findings) => {
      const value = flag(statement, findings);
      if (value !== undefined) draft.alpha = value;
    },
  },
  { names: ['warmup'], becomes: 'nothing: first probes are spread over the interval', read: () => undefined },
];
