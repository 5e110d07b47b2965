/** Keywords of `real_server`. */
import type { RealServerDraft, ServiceDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import { type BlockTable, readBlock } from '../keyword.js';
import type { Statement } from '../tree.js';
import { argument, flag, hostName, integer, readAddress, readInteger } from '../values.js';
import { checkKeywords } from './checks.js';
import { readForwarding } from './forwarding.js';
import { assign } from './assign.js';
import { readChange } from './notify.js';
import { probeKeywords } from './probe.js';

export const realServerTable: BlockTable<RealServerDraft> = {
  block: 'real_server',
  keywords: [
    { names: ['weight'], becomes: 'weight', most: 1, read: (statement, draft, findings) => assign(draft, 'weight', integer(statement, { from: 0, to: 2_147_483_647 }, findings)) },
    { names: ['lvs_method', 'lb_kind'], becomes: 'forwarding', read: (statement, draft, findings) => assign(draft, 'forwarding', readForwarding(statement, findings)) },
    { names: ['inhibit_on_failure'], becomes: 'on_failure: weight_zero of the service', most: 1, read: (statement, draft, findings) => assign(draft, 'inhibit', flag(statement, findings)) },
    { names: ['uthreshold'], becomes: 'upper_threshold', most: 1, read: (statement, draft, findings) => assign(draft, 'upperThreshold', integer(statement, { from: 0, to: 2_147_483_647 }, findings)) },
    { names: ['lthreshold'], becomes: 'lower_threshold', most: 1, read: (statement, draft, findings) => assign(draft, 'lowerThreshold', integer(statement, { from: 0, to: 2_147_483_647 }, findings)) },
    { names: ['notify_up'], becomes: 'notify.up', most: 3, read: (statement, draft, findings) => readChange(statement, draft.commands, 'up', findings) },
    { names: ['notify_down'], becomes: 'notify.down', most: 3, read: (statement, draft, findings) => readChange(statement, draft.commands, 'down', findings) },
    { names: ['smtp_alert'], becomes: 'notify.email (on)', most: 1, read: (statement, draft, findings) => assign(draft, 'alert', flag(statement, findings)) },
    { names: ['virtualhost'], becomes: 'health_check.host', most: 1, read: (statement, draft, findings) => assign(draft, 'virtualHost', hostName(statement, findings)) },
    { names: ['snmp_name'], reason: 'a real server is called by its address', remedy: 'nothing is to be done' },
    ...probeKeywords<RealServerDraft>(),
    ...checkKeywords,
  ],
};

export const readRealServer = (statement: Statement, service: ServiceDraft, findings: Findings): void => {
  const [host, portWord] = [argument(statement, findings), statement.args[1]];
  const address = host && readAddress(host, findings);
  if (address === undefined) return;
  const port = portWord && readInteger(portWord, { from: 0, to: 65_535 }, findings);
  if (portWord !== undefined && port === undefined) return;
  const draft: RealServerDraft = { address, port, place: statement.place, commands: {}, checks: [] };
  readBlock(realServerTable, statement.block ?? [], draft, findings);
  if (service.servers.some((other) => other.address === address && other.port === port)) {
    findings.warn(statement.place, { code: 'duplicate', message: `the real server ${address}${port === undefined ? '' : ` ${port}`} stands in this virtual_server already`, remedy: 'this one is left out' });
  } else service.servers.push(draft);
};
