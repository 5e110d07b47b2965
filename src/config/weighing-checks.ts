/** Checks of type script, file and agent between the file and the configuration: completion, and back into the file's keys. Pure. */
import { valueForm } from './check-form.js';
import { formatDuration } from './duration.js';
import type { FileMapping } from './file-form.js';
import type { CheckKeys } from './inherit-check.js';
import type { HealthCheckBase } from './model.js';
import { weighingDefaults } from './schema/weighing-checks.js';
import type { AgentHealthCheck, FileHealthCheck, ScriptHealthCheck } from './weighing-check-model.js';

/** The checks across the file have seen that what a type needs is there; what stands behind ?? is only what the type asks for. */
export const completeScript = (base: HealthCheckBase, keys: CheckKeys, virtualServer: string, { address, port }: ScriptHealthCheck['realServer']): ScriptHealthCheck => ({
  type: 'script',
  ...base,
  command: (keys.command ?? []).flatMap((part) => part ?? []),
  user: keys.user ?? weighingDefaults.user,
  weightFrom: keys.weight_from,
  virtualServer,
  realServer: { address, port },
});

export const completeFile = (base: HealthCheckBase, keys: CheckKeys): FileHealthCheck => ({ type: 'file', ...base, address: '', port: 0, source: undefined, mark: undefined, file: keys.file ?? '' });

export const completeAgent = (base: HealthCheckBase, keys: CheckKeys): AgentHealthCheck => ({ type: 'agent', ...base, ...(keys.send && { send: keys.send }) });

/** The agent beside a check. `address`: of that check. */
export const completeAgentBeside = (base: HealthCheckBase, address: string, { agent }: CheckKeys): AgentHealthCheck | undefined =>
  agent === undefined || agent === 'none'
    ? undefined
    : {
        type: 'agent',
        ...base,
        address: agent.address ?? address,
        port: agent.port ?? 0,
        interval: agent.interval ?? base.interval,
        timeout: agent.timeout ?? base.timeout,
        // what it says holds at once, and its silence says nothing
        rise: 1,
        fall: 1,
        ...(agent.send && { send: agent.send }),
      };

export const scriptForm = ({ command, user, weightFrom }: ScriptHealthCheck): FileMapping => ({ command, user, weight_from: weightFrom });

export const fileCheckForm = ({ type, interval, timeout, rise, fall, file }: FileHealthCheck): FileMapping => ({ type, interval: formatDuration(interval), timeout: formatDuration(timeout), rise, fall, file });

export const agentForm = ({ send }: AgentHealthCheck): FileMapping => ({ send: valueForm(send) });

export const agentBesideForm = (agent: AgentHealthCheck | undefined): FileMapping =>
  agent ? { agent: { port: agent.port, address: agent.address, send: valueForm(agent.send), interval: formatDuration(agent.interval), timeout: formatDuration(agent.timeout) } } : {};
