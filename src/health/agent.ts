/** The `agent` check: HAProxy's agent-check. Connects, says `send` where it is given, and reads one line. */
import type { AgentHealthCheck } from '../config/model.js';
import { parseAgentLine } from './agent-state.js';
import { attempt, type Probe } from './attempt.js';
import { connectTcp } from './connect.js';
import { excerpt, octetsOf } from './octets.js';

/** Of a line; a longer one is none. */
const longestLine = 1_024;

/** The line may end with CR or LF, or with the connection. */
export const probeAgent: Probe<AgentHealthCheck> = (check, stop) =>
  attempt(check, stop, (self) =>
    connectTcp(check, self, (socket) => {
      self.stage = 'waiting for the agent to speak';
      let heard = Buffer.alloc(0);
      const judge = (line: Buffer): void => {
        const report = parseAgentLine(line.toString('utf8'));
        if (report === undefined) self.fail(line.length === 0 ? 'the agent closed the connection without a word' : `the agent says ${excerpt(line)}, which has no word of the protocol`);
        else self.succeed('agent', { report });
      };
      socket.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]).subarray(0, longestLine);
        self.stage = 'in the line of the agent';
        const end = heard.findIndex((octet) => octet === 0x0a || octet === 0x0d);
        if (end !== -1) judge(heard.subarray(0, end));
        else if (heard.length >= longestLine) self.fail(`the agent says more than ${longestLine} octets in one line`);
      });
      socket.once('end', () => judge(heard));
      if (check.send !== undefined) socket.write(octetsOf(check.send));
    }),
  );
