/** The environment that children and commands get: ours without what is the supervisor's alone: what the service manager said to it, and how Node is run. */
import { nodeEnvironment } from './node-options.js';

const ours = [...Object.keys(nodeEnvironment), 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'];

export const childEnvironment = (environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.includes(name)));
