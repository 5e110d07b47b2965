/** What the log says of held servers, panic and slow start. Pure. */
import type { LogLevel, VirtualServerConfiguration } from '../config/model.js';
import { SLOW_START_STEPS } from './slow-start.js';
import type { PolicyNotice } from './policies.js';
import { describeDuration, describeEndpoint } from './wording.js';

export interface PolicySentence {
  readonly level: LogLevel;
  readonly sentence: string;
}

export const describePolicyNotice = ({ name, realServers, damping, panic }: VirtualServerConfiguration, notice: PolicyNotice): PolicySentence => {
  if ('failed' in notice) {
    const share = `${notice.failed} of ${notice.servers} real servers`;
    return notice.type === 'panic'
      ? { level: 'warn', sentence: `${name}: panic: ${share} failed within ${panic ? describeDuration(panic.within) : 'a moment'}, more than ${panic?.threshold ?? 0} %: they stay in the table` }
      : { level: 'warn', sentence: `${name}: the panic is over: ${notice.failed === 0 ? 'none' : notice.failed} of ${notice.servers} real servers ${notice.failed === 1 ? 'is' : 'are'} down still; verdicts count again` };
  }
  const server = realServers[notice.index];
  const subject = `real server ${server ? describeEndpoint(server) : notice.index} of ${name}`;
  switch (notice.type) {
    case 'held':
      return { level: 'warn', sentence: `${subject} is held down${damping ? ` for ${describeDuration(damping.hold)}: its verdict changed more than ${damping.changes} times within ${describeDuration(damping.period)}` : ''}` };
    case 'released':
      return { level: 'info', sentence: `${subject} is held down no more: its verdict counts again` };
    case 'slow_start':
      return { level: 'info', sentence: `${subject} is back: its weight rises to ${server?.weight ?? 0} in ${SLOW_START_STEPS} steps${server?.slowStart === undefined ? '' : ` within ${describeDuration(server.slowStart)}`}` };
    case 'slow_start_over':
      return { level: 'info', sentence: `${subject} has its whole weight again` };
  }
};
