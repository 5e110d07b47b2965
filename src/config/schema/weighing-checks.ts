/** The keys of health checks that can tell a weight: script, file and agent. */
import { Milliseconds, Seconds } from '../../time/microseconds.js';
import { send } from './exchange.js';
import { list, mapping, textual, union } from './kinds.js';
import { duration, ipAddress, oneOf, port, someText } from './values.js';

export const weighingDefaults = { user: 'nobody' } as const;

const absolutePath = (expected: string) => textual(expected, (text, fail) => (/^\/[^\0]*$/.test(text) ? text : fail()));

const agentBeside = mapping({
  port: port().describe('Port of the agent'),
  address: ipAddress().optional().describe("Address of the agent; the check's by default"),
  send: send().optional().describe('What the agent is told once it is connected to, such as "web-http\\\\n"'),
  interval: duration({ from: Milliseconds(1), to: Seconds(86_400) }).optional().describe("Time between two questions; the check's interval by default"),
  timeout: duration({ from: Milliseconds(1), to: Seconds(86_400) }).optional().describe("An agent that has not answered by then is not heard; the check's timeout by default"),
});

const noneOrAgent = 'none, or a mapping such as { port: 9999 }';

export const weighingKeys = {
  command: list(someText('a text'), 'a list: the absolute path of a program, then its arguments')
    .min(1, { error: 'at least the absolute path of a program' })
    .optional()
    .describe('script: absolute path of the program, and its arguments; no shell is involved. Exit status 0 is success'),
  user: someText('the name of a user').optional().describe('script: user that it runs as').meta({ lastDefault: weighingDefaults.user }),
  weight_from: oneOf(['exit_status', 'output']).optional().describe('script: where it tells a weight: exit_status (2..255: the weight is that minus 2) or output (the first line, such as 10, 50% or drain)'),
  file: absolutePath('an absolute path such as /run/web-1.weight').optional().describe('file: the file whose first word is up, down, drain, a weight such as 10, or a percentage of the configured weight such as 50%'),
  agent: union([textual(noneOrAgent, (text, fail): 'none' => (text === 'none' ? text : fail()), { const: 'none' }), agentBeside], { error: noneOrAgent })
    .optional()
    .describe("An agent (HAProxy's agent-check) beside this check: it sets the weight, drains, or takes the server out; while it is not heard, what it said last holds. none: not that of the service"),
};
