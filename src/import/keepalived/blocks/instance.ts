/** Keywords of `vrrp_instance`. */
import type { InstanceDraft, PeerDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import { type BlockTable, readBlock } from '../keyword.js';
import type { Statement } from '../tree.js';
import { address, argument, flag, integer, invalid, readAddress, readInteger, seconds, wordsOfStatement } from '../values.js';
import { readAddressLine } from './addresses.js';
import { authenticationTable, hmacTable } from './authentication.js';
import { garpKeywords } from './garp.js';
import { assign } from './assign.js';
import { notifyKeywords } from './notify.js';
import { trackKeywords } from './track.js';

const readPeer = (statement: Statement, findings: Findings): readonly PeerDraft[] => {
  const [first, ...words] = wordsOfStatement(statement);
  const peer = first && readAddress(first, findings);
  if (peer === undefined) return [];
  let [minTtl, maxTtl]: (number | undefined)[] = [];
  for (let index = 0; index < words.length; index += 2) {
    const [word, value] = [words[index], words[index + 1]];
    const number = value && readInteger(value, { from: 0, to: 255 }, findings);
    if (word?.text === 'min_ttl') minTtl = number;
    else if (word?.text === 'max_ttl') maxTtl = number;
    else if (word !== undefined) findings.warn(word.place, { code: 'unknown_key', message: `${word.text} is none of min_ttl, max_ttl`, remedy: 'it is left out' });
  }
  return [{ address: peer, place: statement.place, minTtl, maxTtl }];
};

const hardwareAddress = /^([0-9a-f]{1,2}:){4,5}[0-9a-f]{1,2}$/i;

const readVirtualMac = (statement: Statement, draft: InstanceDraft, findings: Findings): void => {
  let name: string | undefined;
  for (const [index, word] of statement.args.entries()) {
    if (hardwareAddress.test(word.text)) findings.warn(word.place, { code: 'not_supported', message: `the MAC address ${word.text} is not imported: Tandem's is 00:00:5e:00:01:VRID (IPv6: 00:00:5e:00:02:VRID), as RFC 9568 has it`, remedy: 'change over both directors at once: hosts learn the new one by its announcement' });
    else if (word.text === 'group' || statement.args[index - 1]?.text === 'group' || word.text === 'netlink_notify_msg') continue;
    else if (word.text !== 'name') name = word.text;
  }
  draft.virtualMac = { name, place: statement.place };
};

const accept = (on: boolean) => (statement: Statement, draft: InstanceDraft): void => void (draft.accept = { on, place: statement.place });

export const instanceTable: BlockTable<InstanceDraft> = {
  block: 'vrrp_instance',
  keywords: [
    {
      names: ['state'],
      becomes: 'nothing: an instance begins as backup, as with keepalived; MASTER without a priority: priority: 255',
      most: 1,
      read: (statement, draft, findings) => {
        const state = argument(statement, findings);
        if (state?.text === 'MASTER' || state?.text === 'BACKUP') draft.state = state.text;
        else if (state !== undefined) invalid(state, 'MASTER or BACKUP', findings);
      },
    },
    {
      names: ['interface'],
      becomes: 'interface',
      most: 1,
      read: (statement, draft, findings) => {
        const name = argument(statement, findings);
        if (name !== undefined) [draft.interface, draft.interfacePlace] = [name.text, name.place];
      },
    },
    {
      names: ['virtual_router_id'],
      becomes: 'virtual_router_id',
      most: 1,
      read: (statement, draft, findings) => {
        assign(draft, 'id', integer(statement, { from: 1, to: 255 }, findings));
        draft.idPlace = statement.place;
      },
    },
    {
      names: ['priority'],
      becomes: 'priority',
      most: 1,
      read: (statement, draft, findings) => {
        assign(draft, 'priority', integer(statement, { from: 1, to: 255 }, findings));
        draft.priorityPlace = statement.place;
      },
    },
    {
      names: ['advert_int'],
      becomes: 'advertisement_interval',
      most: 1,
      read: (statement, draft, findings) => {
        const value = seconds(statement, { from: 0.01, to: 255 }, findings);
        if (value !== undefined) draft.interval = { value, place: statement.args[0]?.place ?? statement.place };
      },
    },
    {
      names: ['version'],
      becomes: 'version',
      most: 1,
      read: (statement, draft, findings) => {
        const value = integer(statement, { from: 2, to: 3 }, findings);
        if (value === undefined) return;
        draft.version = value === 3 ? 3 : 2;
        draft.versionPlace = statement.place;
      },
    },
    { names: ['v3_checksum_as_v2'], becomes: 'checksum: rfc9568', most: 1, read: (statement, draft, findings) => assign(draft, 'checksumWithoutPseudoHeader', flag(statement, findings)) },
    { names: ['nopreempt'], becomes: 'preempt: false', read: ({ place }, draft) => void (draft.preempt = { on: false, place }) },
    { names: ['preempt'], becomes: 'preempt: true', read: ({ place }, draft) => void (draft.preempt = { on: true, place }) },
    {
      names: ['preempt_delay'],
      becomes: 'preempt_delay',
      most: 1,
      read: (statement, draft, findings) => {
        const value = seconds(statement, { from: 0, to: 1_000 }, findings);
        if (value !== undefined) draft.preemptDelay = { value, place: statement.place };
      },
    },
    {
      names: ['authentication'],
      becomes: 'authentication',
      read: ({ place, block = [] }, draft, findings) => {
        draft.authentication = { place };
        readBlock(authenticationTable, block, draft.authentication, findings);
      },
    },
    {
      names: ['auth_hmac'],
      becomes: 'authentication: { type: hmac }',
      read: ({ place, block = [] }, draft, findings) => {
        draft.hmac = { place, keys: [] };
        readBlock(hmacTable, block, draft.hmac, findings);
      },
    },
    { names: ['virtual_ipaddress'], becomes: 'virtual_addresses', read: ({ block = [] }, draft, findings) => void draft.addresses.push(...block.flatMap((line) => readAddressLine(line, findings) ?? [])) },
    { names: ['virtual_ipaddress_excluded'], becomes: 'virtual_addresses[] with advertise: false', read: ({ block = [] }, draft, findings) => void draft.excluded.push(...block.flatMap((line) => readAddressLine(line, findings) ?? [])) },
    { names: ['virtual_routes'], becomes: 'virtual_routes', read: ({ block = [] }, draft) => void draft.routes.push(...block) },
    { names: ['virtual_rules'], becomes: 'virtual_rules', read: ({ block = [] }, draft) => void draft.rules.push(...block) },
    ...trackKeywords<InstanceDraft>(),
    ...garpKeywords<InstanceDraft>('', 'garp'),
    { names: ['garp_extra_if'], reason: 'garp.refresh announces every address on the interface that carries it', remedy: 'give a garp.refresh' },
    {
      names: ['unicast_src_ip'],
      becomes: 'unicast.source',
      most: 1,
      read: (statement, { unicast }, findings) => {
        assign(unicast, 'source', address(statement, findings));
        unicast.sourcePlace = statement.place;
      },
    },
    {
      names: ['unicast_peer'],
      becomes: 'unicast.peers',
      read: ({ place, block = [] }, { unicast }, findings) => {
        unicast.place = place;
        unicast.peers.push(...block.flatMap((line) => readPeer(line, findings)));
      },
    },
    { names: ['unicast_ttl'], becomes: 'unicast.ttl', most: 1, read: (statement, { unicast }, findings) => assign(unicast, 'ttl', integer(statement, { from: 1, to: 255 }, findings)) },
    { names: ['check_unicast_src'], becomes: 'nothing: advertisements of others than unicast.peers are always rejected', read: () => undefined },
    { names: ['unicast_fault_no_peer'], becomes: 'nothing: unicast without peers is an error in the file', read: () => undefined },
    { names: ['old_unicast_checksum'], reason: 'the checksum of keepalived before 1.3.7 is neither sent nor accepted', remedy: 'bring the other router up to date' },
    { names: ['mcast_src_ip'], reason: "advertisements leave from the interface's primary address", remedy: 'nothing is to be done; the tie between equal priorities is broken by that address: give the directors different priorities' },
    { names: ['mcast_dst_ip'], reason: 'advertisements go to 224.0.0.18 and ff02::12, as the RFC has it', remedy: 'use unicast where the group must not be used' },
    { names: ['track_src_ip'], reason: 'an interface without the address to send from is FAULT anyway', remedy: 'nothing is to be done' },
    { names: ['use_vmac'], becomes: 'virtual_mac', read: readVirtualMac },
    { names: ['vmac_xmit_base'], reason: 'with a virtual MAC advertisements have it as source, so that switches learn it; with unicast they leave from the interface itself', remedy: 'nothing is to be done' },
    { names: ['use_vmac_addr'], reason: 'a virtual MAC is for the addresses on the interface of the instance', remedy: 'make an instance of its own on the other interface, in one sync group' },
    { names: ['use_ipvlan'], reason: 'Tandem makes no ipvlan', remedy: 'leave it out, or use virtual_mac' },
    { names: ['vrf'], reason: 'an instance has an interface, never only a VRF', remedy: 'give interface' },
    { names: ['accept'], becomes: 'accept: true', read: accept(true) },
    { names: ['no_accept'], becomes: 'accept: false', read: accept(false) },
    { names: ['strict_mode'], becomes: 'accept: false; neither authentication nor preempt_delay, which keepalived then leaves out', most: 1, read: (statement, draft, findings) => assign(draft, 'strict', flag(statement, findings)) },
    { names: ['dont_track_primary'], reason: "an instance whose interface is down is in FAULT: it could reach nobody", remedy: 'nothing is to be done, unless the interface has no carrier by design (a dummy one has)' },
    { names: ['native_ipv6'], becomes: 'nothing: the family is that of the addresses', read: () => undefined },
    { names: ['promote_secondaries'], reason: 'addresses of one network are removed by the kernel with their first one', remedy: 'sysctl -w net.ipv4.conf.IF.promote_secondaries=1' },
    { names: ['no_virtual_ipaddress'], reason: 'an instance holds at least one address', remedy: 'give it one' },
    { names: ['down_timer_adverts'], reason: 'a backup waits for three advertisements, as the RFC has it', remedy: 'change advertisement_interval instead, alike on both directors' },
    { names: ['lower_prio_no_advert', 'higher_prio_send_advert'], reason: 'a Tandem master answers an advertisement of lower priority at once, with its addresses announced again', remedy: 'nothing is to be done' },
    { names: ['owner_ignore_adverts', 'skip_check_adv_addr'], becomes: 'nothing', read: () => undefined },
    { names: ['thread_timer_expired', 'timer_expired_backup'], becomes: 'nothing: a master that was stalled first looks whether another one has taken over', read: () => undefined },
    {
      names: ['lvs_sync_daemon_interface'],
      becomes: 'ipvs.sync.interface',
      most: 1,
      read: (statement, draft, findings) => {
        const name = argument(statement, findings);
        if (name !== undefined) draft.syncInterface = { name: name.text, place: statement.place };
      },
    },
    { names: ['linkbeat_use_polling'], reason: "Tandem is told of the link by the kernel's notifications", remedy: 'nothing is to be done, unless a driver reports no carrier' },
    { names: ['kernel_rx_buf_size'], reason: 'Tandem sizes its receive buffers itself', remedy: 'nothing is to be done' },
    { names: ['debug'], becomes: 'nothing: keepalived makes nothing of it either', read: () => undefined },
    ...notifyKeywords<InstanceDraft>(),
  ],
};

