/** Tells what was done to the kernel's table, and of quorums that are reached and lost: each for itself, or many in one line. */
import { counted, event, type Report } from '../control/event.js';
import { describeEndpoint, describeQuorumChange } from '../health/wording.js';
import type { HealthChange } from '../supervisor/messages.js';
import { quorumOf } from './health-report.js';
import { describe, type Operation } from './operation.js';
import type { VirtualServer, VirtualServerDecision } from './virtual-server.js';

/** more changes than this are summed up in one line; each of them is told at level debug */
const linesAtMost = 20;
/** more than so many are not even told at level debug: the supervisor would have nothing else to read for seconds */
const detailAtMost = 1_000;

/** Why the table is written. */
export type Cause = 'start' | 'reload' | 'health' | 'time' | 'drift';

interface Decided {
  readonly server: VirtualServer;
  readonly decision: VirtualServerDecision;
}

export class TableTelling {
  constructor(private readonly to: { readonly report: Report; readonly onHealth: (changes: readonly HealthChange[], complete: boolean) => void }) {}

  /** @param changed whether anything was written to the table */
  quorums(decisions: readonly Decided[], changed: boolean): void {
    const quorums: ReturnType<typeof quorumOf>[] = [];
    const events = decisions.flatMap(({ server, decision: { pool } }) => {
      const change = pool.quorumChange;
      if (change === undefined || change.to === 'undecided') return [];
      const sorry = server.configuration.sorryServer;
      const replacement = change.to === 'down' && sorry ? `, the sorry server ${describeEndpoint(sorry)} ${pool.sorryActive ? 'takes over' : 'is down too'}` : '';
      const sentence = `${describeQuorumChange(server.name, change)}${replacement}`;
      quorums.push(quorumOf(server, change.to, Date.now(), sentence.slice(`${server.name}: `.length)));
      // after a restart of this process that changes nothing, a quorum that holds is no news
      if (change.to === 'up' && change.from !== 'down' && !changed) return [];
      return [event(change.to === 'down' ? 'warn' : 'info', sentence, { virtual_server: server.name })];
    });
    if (quorums.length > 0) this.to.onHealth(quorums, false);
    const reached = events.filter(({ level }) => level === 'info').length;
    // quorums that are lost are told one by one
    const many = reached > linesAtMost;
    if (many) this.to.report(event('info', `quorum reached by ${counted(reached, 'virtual server')}`));
    for (const told of events) if (!many || told.level !== 'info') this.to.report(told);
  }

  /** @param purposeOf what stands before the words of an operation */
  operations(operations: readonly Operation[], cause: Cause, purposeOf: (operation: Operation) => string): void {
    if (operations.length === 0) return;
    if (cause === 'drift') {
      this.to.report(event('warn', `someone else changed the IPVS table: ${counted(operations.length, 'change')} made to put it right`));
    }
    const many = operations.length > linesAtMost;
    if (many) this.to.report(event('info', `IPVS: ${counted(operations.length, 'change')} made`, { cause }));
    for (const operation of operations.slice(0, detailAtMost)) this.to.report(event(many || (cause === 'time' && operation.type === 'edit_destination') ? 'debug' : 'info', `IPVS: ${purposeOf(operation)}${describe(operation)}`, { cause }));
    if (operations.length > detailAtMost) this.to.report(event('debug', `IPVS: and ${operations.length - detailAtMost} more`, { cause }));
  }
}
