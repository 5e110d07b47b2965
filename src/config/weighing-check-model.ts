/** The health checks that can tell a weight: `script`, `file` and `agent`, as model.ts composes them. */
import type { Octets } from './check-model.js';
import type { HealthCheckBase } from './health-check-model.js';

/** Run by the supervisor. It is told who it is asked about, so services share it only where they share a name. */
export interface ScriptHealthCheck extends HealthCheckBase {
  readonly type: 'script';
  /** the program's absolute path, and its arguments; no shell */
  readonly command: readonly string[];
  /** name of the user that it runs as */
  readonly user: string;
  /** where it says a weight: its exit status (2..255: the weight is that minus 2), the first line of its output; undefined = nowhere */
  readonly weightFrom: 'exit_status' | 'output' | undefined;
  readonly virtualServer: string;
  /** address and port of the real server */
  readonly realServer: { readonly address: string; readonly port: number };
}

/** Of a file that says up, down, drain, or a weight. `address` and `port` mean nothing: they are empty and 0. */
export interface FileHealthCheck extends HealthCheckBase {
  readonly type: 'file';
  readonly file: string;
}

/** HAProxy's agent-check. Beside another check it says nothing by silence; alone, one that is not heard is a failure. */
export interface AgentHealthCheck extends HealthCheckBase {
  readonly type: 'agent';
  /** sent as it is once connected; undefined = nothing */
  readonly send?: Octets | undefined;
}
