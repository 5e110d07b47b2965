/** Keywords of `virtual_server`. */
import { schedulers } from '../../../config/model.js';
import type { FileDraft, ServiceDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import { type BlockTable, readBlock } from '../keyword.js';
import type { Statement } from '../tree.js';
import { argument, flag, hostName, integer, invalid, maskLength, readAddress, readInteger } from '../values.js';
import { readForwarding } from './forwarding.js';
import { assign } from './assign.js';
import { readChange } from './notify.js';
import { probeKeywords } from './probe.js';
import { readRealServer } from './real-server.js';

const protocols = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;
const isProtocol = (text: string): text is keyof typeof protocols => Object.hasOwn(protocols, text);

const schedulerFlag = (names: readonly [string, ...string[]], name: 'fallback' | 'port') => ({ names, becomes: `scheduler_flags: [${name}]`, read: (_: Statement, draft: ServiceDraft) => void draft.flags.add(name) });

export const serviceTable: BlockTable<ServiceDraft> = {
  block: 'virtual_server',
  keywords: [
    {
      names: ['lvs_sched', 'lb_algo'],
      becomes: 'scheduler',
      most: 1,
      read: (statement, draft, findings) => {
        const scheduler = argument(statement, findings);
        if (scheduler === undefined) return;
        if (schedulers.some((known) => known === scheduler.text)) draft.scheduler = scheduler.text;
        else findings.warn(scheduler.place, { code: 'not_supported', message: `the scheduler ${scheduler.text.slice(0, 40)} is not imported: Tandem has ${schedulers.join(', ')}`, remedy: 'it is wlc now; choose another one if that is wrong' });
      },
    },
    schedulerFlag(['sh-fallback', 'mh-fallback', 'flag-1'], 'fallback'),
    schedulerFlag(['sh-port', 'mh-port', 'flag-2'], 'port'),
    { names: ['flag-3'], reason: 'no scheduler of the kernel has a third flag', remedy: 'nothing is to be done' },
    { names: ['ops'], becomes: 'one_packet', read: ({ place }, draft) => void (draft.onePacket = place) },
    { names: ['lvs_method', 'lb_kind'], becomes: 'forwarding', read: (statement, draft, findings) => assign(draft, 'forwarding', readForwarding(statement, findings)) },
    {
      names: ['persistence_timeout'],
      becomes: 'persistence.timeout',
      most: 1,
      read: (statement, draft, findings) => {
        const value = statement.args.length === 0 ? 360 : integer(statement, { from: 1, to: 2_678_400 }, findings);
        if (value !== undefined) draft.persistence = { seconds: value, place: statement.place };
      },
    },
    {
      names: ['persistence_granularity'],
      becomes: 'persistence.netmask, prefix_length',
      most: 1,
      read: (statement, draft, findings) => {
        const mask = argument(statement, findings);
        if (mask === undefined) return;
        if (maskLength(mask.text) !== undefined || /^\d{1,3}$/.test(mask.text)) draft.netmask = mask.text;
        else invalid(mask, 'a netmask, or for IPv6 a length', findings);
      },
    },
    {
      names: ['persistence_engine'],
      becomes: 'persistence.engine',
      most: 1,
      read: (statement, draft, findings) => {
        const engine = argument(statement, findings);
        if (engine?.text === 'sip') draft.engine = 'sip';
        else if (engine !== undefined) invalid(engine, 'sip', findings);
      },
    },
    {
      names: ['protocol'],
      becomes: 'protocol',
      most: 1,
      read: (statement, draft, findings) => {
        const protocol = argument(statement, findings);
        const name = protocol?.text.toUpperCase() ?? '';
        if (isProtocol(name)) draft.protocol = protocols[name];
        else if (protocol !== undefined) invalid(protocol, 'TCP, UDP or SCTP', findings);
      },
    },
    {
      names: ['ip_family'],
      becomes: 'family',
      most: 1,
      read: (statement, draft, findings) => {
        const family = argument(statement, findings);
        if (family !== undefined) draft.family = family.text === 'inet6' ? 'ipv6' : 'ipv4';
      },
    },
    { names: ['ha_suspend'], reason: 'both directors check the real servers all the time, so that the standby knows at once', remedy: 'nothing is to be done' },
    ...probeKeywords<ServiceDraft>(),
    { names: ['omega'], becomes: 'nothing: with on_stop: remove the commands for down are run at a stop', read: (_, draft) => void (draft.omega = true) },
    {
      names: ['quorum'],
      becomes: 'quorum.weight',
      most: 1,
      read: (statement, draft, findings) => {
        const weight = integer(statement, { from: 0, to: 2_147_483_647 }, findings);
        if (weight !== undefined) draft.quorum = { weight, place: statement.place };
      },
    },
    {
      names: ['hysteresis'],
      becomes: 'quorum.hysteresis',
      most: 1,
      read: (statement, draft, findings) => {
        const weight = integer(statement, { from: 0, to: 2_147_483_647 }, findings);
        if (weight !== undefined) draft.hysteresis = { weight, place: statement.place };
      },
    },
    { names: ['quorum_up'], becomes: 'quorum.on_up', most: 3, read: (statement, draft, findings) => readChange(statement, draft.quorumCommands, 'up', findings) },
    { names: ['quorum_down'], becomes: 'quorum.on_down', most: 3, read: (statement, draft, findings) => readChange(statement, draft.quorumCommands, 'down', findings) },
    {
      names: ['sorry_server'],
      becomes: 'sorry_server',
      most: 2,
      read: (statement, draft, findings) => {
        const [host, port] = [argument(statement, findings), statement.args[1]];
        const address = host && readAddress(host, findings);
        if (address !== undefined) draft.sorry = { address, port: port && readInteger(port, { from: 0, to: 65_535 }, findings), place: statement.place };
      },
    },
    { names: ['sorry_server_inhibit'], becomes: 'sorry_server.on_recovery: weight_zero', most: 1, read: (statement, draft, findings) => assign(draft, 'sorryInhibit', flag(statement, findings)) },
    { names: ['sorry_server_lvs_method'], becomes: 'sorry_server.forwarding', read: (statement, draft, findings) => assign(draft, 'sorryForwarding', readForwarding(statement, findings)) },
    { names: ['inhibit_on_failure'], becomes: 'on_failure: weight_zero', most: 1, read: (statement, draft, findings) => assign(draft, 'inhibit', flag(statement, findings)) },
    { names: ['weight'], becomes: 'real_servers[].weight', most: 1, read: (statement, draft, findings) => assign(draft, 'weight', integer(statement, { from: 0, to: 2_147_483_647 }, findings)) },
    { names: ['virtualhost'], becomes: 'health_check.host', most: 1, read: (statement, draft, findings) => assign(draft, 'virtualHost', hostName(statement, findings)) },
    { names: ['snmp_name'], becomes: 'name', most: 1, read: (statement, draft, findings) => assign(draft, 'snmpName', argument(statement, findings)?.text) },
    { names: ['smtp_alert'], becomes: 'notify.email (on)', most: 1, read: (statement, draft, findings) => assign(draft, 'alert', flag(statement, findings)) },
    { names: ['real_server'], becomes: 'real_servers[]', most: 2, read: (statement, draft, findings) => readRealServer(statement, draft, findings) },
  ],
};

const readTarget = (statement: Statement, findings: Findings): ServiceDraft['target'] | undefined => {
  const first = argument(statement, findings);
  const second = statement.args[1];
  if (first === undefined) return undefined;
  if (first.text === 'fwmark') {
    const mark = second && readInteger(second, { from: 1, to: 0xffff_ffff }, findings);
    return mark === undefined ? undefined : { kind: 'mark', mark };
  }
  if (first.text === 'group') return second === undefined ? undefined : { kind: 'group', name: second.text };
  const host = readAddress(first, findings);
  const port = second === undefined ? 0 : readInteger(second, { from: 0, to: 65_535 }, findings);
  return host === undefined || port === undefined ? undefined : { kind: 'address', address: host, port };
};

export const readService = (statement: Statement, { services }: FileDraft, findings: Findings): void => {
  const target = readTarget(statement, findings);
  if (target === undefined) {
    findings.warn(statement.place, { code: 'invalid_value', message: 'this virtual_server says not what it answers to: it is left out', remedy: 'give an address and a port, fwmark and a number, or group and a name; and import again' });
    return;
  }
  const draft: ServiceDraft = { target, place: statement.place, flags: new Set(), quorumCommands: {}, servers: [] };
  services.push(draft);
  readBlock(serviceTable, statement.block ?? [], draft, findings);
};
