/** The kernel's connection sync daemons made to be the ones that are wanted. */
import * as ipvs from './constants.js';
import { type Daemon, type DaemonOperation, decodeDaemon, decodeRunningDaemon, describeDaemonOperation, encodeDaemon, encodeDaemonRole, reconcileDaemons, type RunningDaemon } from './daemon.js';
import { IpvsFamily } from './family.js';
import { encodeRequest, required } from './message.js';

/** The kernel refused to start or stop a sync daemon; `code` is errno's name, e.g. ENODEV for an interface that is not there. */
export class SyncDaemonError extends Error {
  constructor(
    readonly code: string,
    readonly operation: DaemonOperation,
  ) {
    super(`the kernel refused to ${describeDaemonOperation(operation)}: ${code}`);
    this.name = 'SyncDaemonError';
  }
}

const encodeOperation = ({ type, daemon }: DaemonOperation): Buffer => encodeRequest({
  command: type === 'start' ? ipvs.IPVS_CMD_NEW_DAEMON : ipvs.IPVS_CMD_DEL_DAEMON,
  attributes: [{ type: ipvs.IPVS_CMD_ATTR_DAEMON, value: type === 'start' ? encodeDaemon(daemon) : encodeDaemonRole(daemon.role) }],
});

/** Started by someone else meanwhile, or ended by itself. */
const tolerated: Readonly<Record<DaemonOperation['type'], string>> = { start: 'EEXIST', stop: 'ESRCH' };

export class SyncDaemons {
  private constructor(private readonly family: IpvsFamily) {}

  /** @throws IpvsUnavailableError */
  static async open(): Promise<SyncDaemons> {
    return new SyncDaemons(await IpvsFamily.open());
  }

  /** @throws NetlinkError, IpvsMessageError */
  async running(): Promise<readonly Daemon[]> {
    return (await this.contents()).map(decodeDaemon);
  }

  /** As `running`, with all that the kernel tells. @throws NetlinkError, IpvsMessageError */
  async runningInFull(): Promise<readonly RunningDaemon[]> {
    return (await this.contents()).map(decodeRunningDaemon);
  }

  /** Reads what runs, changes what differs, and answers the changes. @throws SyncDaemonError, NetlinkError */
  async reconcile(wanted: readonly Daemon[]): Promise<readonly DaemonOperation[]> {
    const operations = reconcileDaemons(wanted, await this.running());
    if (operations.length === 0) return operations;
    const failures = await this.family.batch(operations, encodeOperation);
    for (const { index, code } of failures) {
      const operation = operations[index];
      if (operation && code !== tolerated[operation.type]) throw new SyncDaemonError(code, operation);
    }
    return operations;
  }

  private async contents(): Promise<readonly Buffer[]> {
    const entries = await this.family.dump({ command: ipvs.IPVS_CMD_GET_DAEMON, attributes: [] });
    return entries.map((entry) => required(entry, ipvs.IPVS_CMD_ATTR_DAEMON, 'the daemon', 0));
  }

  close(): void {
    this.family.close();
  }
}
