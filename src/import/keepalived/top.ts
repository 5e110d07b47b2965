/** Keywords outside of blocks, and the blocks themselves: the whole of a keepalived.conf, gathered. */
import { readAddressLine } from './blocks/addresses.js';
import { globalTable } from './blocks/global.js';
import { instanceTable } from './blocks/instance.js';
import { syncGroupTable } from './blocks/sync-group.js';
import { scriptTable, trackFileTable, trackProcessTable } from './blocks/track.js';
import { readServerGroup } from './blocks/server-group.js';
import { tlsTable } from './blocks/tls.js';
import { readService } from './blocks/virtual-server.js';
import { emptyFile, noTracks, type FileDraft } from './drafts.js';
import type { Findings } from './findings.js';
import { type BlockTable, readBlock } from './keyword.js';
import type { Token } from './tokens.js';
import type { Statement } from './tree.js';
import { argument, readInteger } from './values.js';
import { Microseconds } from '../../time/microseconds.js';

/** A block with a name: the names must differ, as those of keepalived. */
const named = <Item extends { readonly name: string }>(items: Item[], make: (name: Token) => Item, table: BlockTable<Item>) => (statement: Statement, findings: Findings): void => {
  const name = argument(statement, findings);
  if (name === undefined) return;
  if (items.some((item) => item.name === name.text)) {
    findings.warn(name.place, { code: 'duplicate', message: `there is a ${statement.keyword} ${name.text} already`, remedy: 'this one is left out; give it a name of its own if it is meant, and import again' });
    return;
  }
  const item = make(name);
  items.push(item);
  readBlock(table, statement.block ?? [], item, findings);
};

const readDelay = (statement: Statement, draft: FileDraft, findings: Findings): void => {
  const [down, up] = statement.args.slice(0, 2).map((token) => (/^\d+(\.\d+)?$/.test(token.text) ? Microseconds(Math.round(Number(token.text) * 1e6)) : readInteger(token, { from: 0, to: 255 }, findings)));
  if (down === undefined) return;
  draft.delays.set(statement.keyword, { down: Microseconds(down), up: Microseconds(up ?? down) });
};

export const topTable: BlockTable<FileDraft> = {
  block: 'the file itself',
  keywords: [
    { names: ['global_defs'], becomes: 'the keys below', read: (statement, draft, findings) => readBlock(globalTable, statement.block ?? [], draft.global, findings) },
    {
      names: ['vrrp_instance'],
      becomes: 'vrrp.instances[]',
      most: 1,
      read: (statement, { instances }, findings) =>
        named(instances, ({ text, place }) => ({ name: text, place, addresses: [], excluded: [], routes: [], rules: [], track: noTracks(), garp: {}, unicast: { peers: [] }, notify: {} }), instanceTable)(statement, findings),
    },
    { names: ['vrrp_sync_group'], becomes: 'vrrp.sync_groups[]', most: 1, read: (statement, { groups }, findings) => named(groups, ({ text, place }) => ({ name: text, place, members: [], track: noTracks(), notify: {} }), syncGroupTable)(statement, findings) },
    { names: ['vrrp_script'], becomes: 'scripts[]', most: 1, read: (statement, { scripts }, findings) => named(scripts, ({ text, place }) => ({ name: text, place, weight: 0, reverse: false }), scriptTable)(statement, findings) },
    { names: ['track_file', 'vrrp_track_file'], becomes: 'track.files[] of those who track it', most: 1, read: (statement, { trackFiles }, findings) => named(trackFiles, ({ text, place }) => ({ name: text, place, weight: 1, reverse: false }), trackFileTable)(statement, findings) },
    { names: ['vrrp_track_process'], becomes: 'track.processes[] of those who track it', most: 1, read: (statement, { trackProcesses }, findings) => named(trackProcesses, ({ text, place }) => ({ name: text, place, weight: 0, reverse: false }), trackProcessTable)(statement, findings) },
    { names: ['static_ipaddress'], becomes: 'static.addresses', read: ({ block = [] }, draft, findings) => void draft.staticAddresses.push(...block.flatMap((line) => readAddressLine(line, findings) ?? [])) },
    { names: ['static_routes'], becomes: 'static.routes', read: ({ block = [] }, draft) => void draft.staticRoutes.push(...block) },
    { names: ['static_rules'], becomes: 'static.rules', read: ({ block = [] }, draft) => void draft.staticRules.push(...block) },
    { names: ['virtual_server'], becomes: 'virtual_servers[]', read: (statement, draft, findings) => readService(statement, draft, findings) },
    { names: ['virtual_server_group'], becomes: 'addresses (and fwmark) of virtual_servers[]', most: 1, read: (statement, { serverGroups }, findings) => readServerGroup(statement, serverGroups, findings) },
    { names: ['SSL'], becomes: 'client_certificate, client_key of https checks', read: ({ block = [] }, { tls }, findings) => readBlock(tlsTable, block, tls, findings) },
    { names: ['interface_up_down_delays'], becomes: 'up_delay, down_delay in track.interfaces', read: ({ block = [] }, draft, findings) => block.forEach((line) => readDelay(line, draft, findings)) },
    { names: ['track_group'], reason: 'what is static is put back when someone removes it, and no instance goes into FAULT for it', remedy: 'track.routes where an instance depends on a route' },
    { names: ['garp_group'], reason: 'the rate of gratuitous ARP is limited for each interface', remedy: 'give the instances a garp.interval' },
    { names: ['bfd_instance'], reason: 'Tandem has no BFD', remedy: 'run a BFD daemon, and track a script or the route that depends on it (track.routes)' },
    { names: ['net_namespace'], reason: 'the daemon runs in the network namespace that it is started in', remedy: 'give NetworkNamespacePath=/run/netns/NAME in tandemd.service' },
    { names: ['net_namespace_ipvs'], reason: 'the IPVS table is that of the network namespace that the daemon runs in', remedy: 'run one tandemd for VRRP and one for the services, each in its namespace' },
    { names: ['namespace_with_ipsets', 'linkbeat_use_polling', 'linkbeat_interfaces', 'use_pid_dir', 'child_wait_time'], reason: 'it is about the inside of keepalived', remedy: 'nothing is to be done' },
    { names: ['instance'], reason: 'several daemons on one host are told apart by their directories', remedy: 'give each tandemd its --config and --runtime-dir' },
  ],
};

export const readFile = (statements: readonly Statement[], findings: Findings): FileDraft => {
  const draft = emptyFile();
  readBlock(topTable, statements, draft, findings);
  return draft;
};

