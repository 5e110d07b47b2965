/** Keywords of `global_defs`. */
import type { GlobalDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import type { BlockTable, Keyword } from '../keyword.js';
import type { Statement } from '../tree.js';
import { argument, flag, integer, matching, nameOf, readInteger, seconds, userName, wordsOf } from '../values.js';
import { assign } from './assign.js';
import { garpKeywords } from './garp.js';

const named = (text: string | undefined): string | undefined => (text === undefined || text === '' ? undefined : nameOf(text));

const readSync = (statement: Statement, draft: GlobalDraft, findings: Findings): void => {
  const name = argument(statement, findings);
  if (name === undefined) return;
  let instance: string | undefined;
  let id: number | undefined;
  const { args } = statement;
  for (let index = 1; index < args.length; index++) {
    const [word, value] = [args[index], args[index + 1]];
    if (word === undefined) break;
    if (word.text === 'id' || word.text === 'syncid') {
      id = value && readInteger(value, { from: 0, to: 255 }, findings);
      index++;
    } else if (word.text === 'inst') {
      instance = value?.text;
      index++;
    } else if (['maxlen', 'port', 'ttl', 'group'].includes(word.text)) {
      findings.warn(word.place, { code: 'not_supported', message: `${word.text} of lvs_sync_daemon is not imported: Tandem leaves the kernel's own (port 8848, group 224.0.0.81)`, remedy: 'both directors run Tandem: nothing is to do; a firewall must let 8848/udp through' });
      index++;
    } else instance ??= word.text;
  }
  draft.sync = { interface: name.text, instance, id, place: statement.place };
};

const readFifo = (statement: Statement, draft: GlobalDraft, findings: Findings): void => {
  const path = matching(statement, /^\/[^\0]*[^/\0]$/, 'the whole path of a FIFO', findings);
  if (path === undefined) return;
  if (draft.fifo !== undefined && draft.fifo !== path) findings.warn(statement.place, { code: 'not_supported', message: 'there is one FIFO, which gets instances, groups, virtual and real servers alike', remedy: `let the reader of ${path} read ${draft.fifo} and pass over what is not for it` });
  else draft.fifo = path;
};

const scheduling = (process: string): readonly Keyword<GlobalDraft>[] => [
  {
    names: [`${process}_priority`, `${process}_rt_priority`, `${process}_rlimit_rttime`, `${process}_rlimit_rtime`, `${process}_cpu_affinity`, `${process}_no_swap`],
    reason: 'how a process is scheduled is a matter of its unit',
    remedy: 'give Nice=, CPUSchedulingPolicy=, CPUAffinity= in tandemd.service',
  },
];

const buffers = 'Tandem sizes its netlink and receive buffers itself';
const alerts = 'notify.email (on)';

export const globalTable: BlockTable<GlobalDraft> = {
  block: 'global_defs',
  keywords: [
    { names: ['router_id'], becomes: 'router_id', read: (statement, draft, findings) => assign(draft, 'routerId', named(argument(statement, findings)?.text)) },
    { names: ['notification_email'], becomes: 'notify.email.to', read: ({ block = [] }, draft) => void draft.mail.to.push(...wordsOf(block).map(({ text, place }) => ({ address: text, place }))) },
    { names: ['notification_email_from'], becomes: 'notify.email.from', read: (statement, draft, findings) => assign(draft.mail, 'from', argument(statement, findings)?.text) },
    {
      names: ['smtp_server'],
      becomes: 'notify.email.server, port (tls: none)',
      read: (statement, draft, findings) => {
        assign(draft.mail, 'server', argument(statement, findings)?.text);
        draft.mail.place = statement.place;
        const [, port] = statement.args;
        if (port !== undefined) assign(draft.mail, 'port', readInteger(port, { from: 1, to: 65_535 }, findings));
      },
    },
    { names: ['smtp_helo_name'], reason: "the mail client greets with the host's name", remedy: 'nothing is to be done, unless the mail server insists on another name' },
    { names: ['smtp_connect_timeout'], becomes: 'notify.email.timeout', most: 1, read: (statement, draft, findings) => assign(draft.mail, 'timeout', seconds(statement, { from: 1, to: 600 }, findings)) },
    { names: ['smtp_alert'], becomes: alerts, most: 1, read: (statement, draft, findings) => assign(draft, 'alert', flag(statement, findings)) },
    { names: ['smtp_alert_vrrp'], becomes: alerts, most: 1, read: (statement, draft, findings) => assign(draft, 'alertVrrp', flag(statement, findings)) },
    { names: ['smtp_alert_checker'], becomes: alerts, most: 1, read: (statement, draft, findings) => assign(draft, 'alertChecker', flag(statement, findings)) },
    { names: ['no_email_faults', 'no_checker_emails'], reason: 'e-mail tells of every transition of what notify.email.on names', remedy: 'leave out of notify.email.on what is not wanted' },
    { names: ['default_interface'], becomes: 'interface of what names none', most: 1, read: (statement, draft, findings) => void (draft.defaultInterface = argument(statement, findings)?.text ?? draft.defaultInterface) },
    { names: ['lvs_sync_daemon'], becomes: 'ipvs.sync', read: readSync },
    {
      names: ['lvs_timeouts'],
      becomes: 'ipvs.timeouts',
      read: ({ args, place }, { timeouts }, findings) => {
        timeouts.place = place;
        for (let index = 0; index < args.length; index += 2) {
          const [name, value] = [args[index], args[index + 1]];
          const number = value && readInteger(value, { from: 0, to: 31 * 86_400 }, findings);
          if (name?.text === 'tcp') assign(timeouts, 'tcp', number);
          else if (name?.text === 'tcpfin') assign(timeouts, 'tcpFin', number);
          else if (name?.text === 'udp') assign(timeouts, 'udp', number);
          else if (name !== undefined) findings.warn(name.place, { code: 'invalid_value', message: `${name.text} is none of tcp, tcpfin, udp`, remedy: 'it is left out' });
        }
      },
    },
    { names: ['lvs_flush'], reason: "Tandem compares the kernel's table with the configuration at every start and leaves services of others alone", remedy: 'ipvsadm -C before the change-over, if old services are to go' },
    { names: ['lvs_flush_on_stop'], becomes: 'ipvs.on_stop: remove', read: () => undefined },
    ...garpKeywords<GlobalDraft>('vrrp_', 'vrrp.instances[].garp'),
    { names: ['vrrp_garp_interval', 'vrrp_gna_interval'], becomes: 'vrrp.instances[].garp.interval', most: 1, read: (statement, draft, findings) => assign(draft.garp, 'interval', seconds(statement, { from: 0, to: 1 }, findings)) },
    { names: ['vrrp_min_garp'], becomes: 'garp: { repeat: 1, delay: 0s }', most: 1, read: (statement, draft, findings) => assign(draft, 'minGarp', flag(statement, findings)) },
    { names: ['vrrp_garp_extra_if', 'vrrp_garp_extra_if_vmac'], reason: 'garp.refresh announces every address on the interface that carries it', remedy: 'give the instances a garp.refresh' },
    { names: ['vrrp_version'], becomes: 'vrrp.version', most: 1, read: (statement, draft, findings) => void (draft.version = integer(statement, { from: 2, to: 3 }, findings) === 3 ? 3 : 2) },
    { names: ['v3_checksum_as_v2', 'vrrp_v3_checksum_as_v2'], becomes: 'vrrp.checksum: rfc9568', most: 1, read: (statement, draft, findings) => assign(draft, 'checksumWithoutPseudoHeader', flag(statement, findings)) },
    { names: ['vrrp_strict'], becomes: 'accept: false; neither authentication nor preempt_delay, which keepalived then leaves out', read: (_, draft) => void (draft.strict = true) },
    { names: ['vrrp_startup_delay'], becomes: 'vrrp.startup_delay', most: 1, read: (statement, draft, findings) => assign(draft, 'startupDelay', seconds(statement, { from: 0, to: 3_600 }, findings)) },
    { names: ['vrrp_delay_after_boot'], reason: 'the delay counts from the start of the daemon, not of the host', remedy: 'give vrrp.startup_delay' },
    { names: ['vrrp_lower_prio_no_advert', 'vrrp_higher_prio_send_advert'], reason: 'a Tandem master answers an advertisement of lower priority at once, with its addresses announced again', remedy: 'nothing is to be done' },
    { names: ['vrrp_down_timer_adverts'], reason: 'a backup waits for three advertisements, as the RFC has it', remedy: 'change advertisement_interval instead, alike on both directors' },
    { names: ['vrrp_mcast_group4', 'vrrp_mcast_group6'], reason: 'advertisements go to 224.0.0.18 and ff02::12, as the RFC has it', remedy: 'use unicast where the groups must not be used' },
    { names: ['vrrp_check_unicast_src'], becomes: 'nothing: advertisements of others than unicast.peers are always rejected', read: () => undefined },
    { names: ['vrrp_skip_check_adv_addr'], becomes: 'nothing: a list of other addresses is a warning, never a reason to reject', read: () => undefined },
    { names: ['vrrp_owner_ignore_adverts', 'log_unknown_vrids'], reason: 'Tandem has no such switch', remedy: 'nothing is to be done' },
    { names: ['notify_fifo', 'vrrp_notify_fifo', 'lvs_notify_fifo'], becomes: 'vrrp.notify_fifo', read: readFifo },
    { names: ['notify_fifo_script', 'vrrp_notify_fifo_script', 'lvs_notify_fifo_script'], reason: 'Tandem starts no reader of the FIFO', remedy: 'start it by a unit of its own, or use notify: { any: [...] }' },
    { names: ['fifo_write_vrrp_states_on_reload', 'vrrp_notify_priority_changes'], reason: 'the FIFO tells of transitions; whoever opens it is told how everything stands', remedy: 'read `tandem events --follow` for more' },
    {
      names: ['script_user'],
      becomes: 'user of scripts and notify',
      most: 2,
      read: (statement, draft, findings) => assign(draft, 'scriptUser', userName(statement, findings)),
    },
    { names: ['enable_script_security'], becomes: 'nothing: as root only a program is run that nobody but root can change', read: () => undefined },
    {
      names: ['startup_script', 'shutdown_script'],
      reason: 'Tandem runs no command of its own before it starts and after it ends',
      remedy: 'ExecStartPre= and ExecStopPost= in tandemd.service',
    },
    { names: ['startup_script_timeout', 'shutdown_script_timeout'], reason: 'Tandem runs no such script', remedy: 'see startup_script' },
    { names: ['checker_log_all_failures'], reason: 'the log tells of verdicts, status of the last failure', remedy: 'log: { level: debug }' },
    { names: ['rs_init_notifies'], becomes: 'nothing: commands are run for a first verdict too', read: () => undefined },
    { names: ['nftables', 'nftables_priority', 'nftables_counters', 'nftables_ifindex', 'vrrp_iptables', 'vrrp_ipsets', 'vrrp_nftables', 'disable_local_igmp', 'namespace_with_ipsets'], reason: 'Tandem writes its few firewall rules by iptables-restore into chains of its own', remedy: 'nothing is to be done; the package iptables is needed with accept: false, match and fullnat' },
    { names: ['nftables_ipvs', 'nftables_ipvs_priority', 'nftables_ipvs_start_fwmark'], reason: 'a group becomes one service of the kernel for each address', remedy: 'for one service give fwmark with match in place of addresses' },
    { names: ['max_auto_priority', 'min_auto_priority_delay'], reason: 'Tandem measures its own lag and says so, and changes no priority by itself', remedy: 'give CPUSchedulingPolicy= or Nice= in tandemd.service' },
    ...scheduling('vrrp'),
    ...scheduling('checker'),
    ...scheduling('bfd'),
    {
      names: ['snmp_socket', 'enable_snmp_vrrp', 'enable_snmp_checker', 'enable_snmp_keepalived', 'enable_snmp_rfc', 'enable_snmp_rfcv2', 'enable_snmp_rfcv3', 'enable_traps', 'snmp_vs_stats_update_interval', 'snmp_rs_stats_update_interval'],
      reason: 'Tandem has no SNMP',
      remedy: 'read `tandem status --json` and `tandem counters --json`',
    },
    { names: ['enable_dbus', 'dbus_service_name', 'dbus_no_interface_name'], reason: 'Tandem has no D-Bus interface', remedy: 'use the command tandem, or the control socket' },
    {
      names: ['vrrp_netlink_cmd_rcv_bufs', 'vrrp_netlink_cmd_rcv_bufs_force', 'vrrp_netlink_monitor_rcv_bufs', 'vrrp_netlink_monitor_rcv_bufs_force', 'lvs_netlink_cmd_rcv_bufs', 'lvs_netlink_cmd_rcv_bufs_force', 'lvs_netlink_monitor_rcv_bufs', 'lvs_netlink_monitor_rcv_bufs_force', 'process_monitor_rcv_bufs', 'process_monitor_rcv_bufs_force', 'vrrp_rx_bufs_policy', 'vrrp_rx_bufs_multiplier'],
      reason: buffers,
      remedy: 'nothing is to be done',
    },
    { names: ['dynamic_interfaces'], becomes: 'nothing: an interface may be missing, come and go', read: () => undefined },
    { names: ['vmac_prefix', 'vmac_addr_prefix'], reason: 'the macvlan is named vrrp.VRID or vrrp6.VRID', remedy: 'give virtual_mac: { interface: NAME } where another name is wanted' },
    {
      names: ['process_names', 'process_name', 'vrrp_process_name', 'checker_process_name', 'bfd_process_name', 'tmp_config_directory', 'config_save_dir', 'use_symlink_paths', 'set_supplementary_groups', 'umask', 'random_seed', 'data_use_instance', 'state_dump_file', 'stats_dump_file', 'json_dump_file', 'json_version', 'iproute_usr_dir', 'iproute_etc_dir', 'include_check'],
      reason: 'it is about the inside of keepalived',
      remedy: 'nothing is to be done',
    },
    { names: ['reload_check_config'], becomes: 'nothing: a reload with a wrong file is refused, and the daemon runs on', read: () => undefined },
    { names: ['reload_time_file', 'reload_repeat', 'reload_file'], reason: 'a reload disturbs nobody: nothing has to happen on both directors at the same moment', remedy: 'systemd-run --on-calendar for a reload at a given time' },
    { names: ['linkbeat_use_polling'], reason: "Tandem is told of the link by the kernel's notifications", remedy: 'nothing is to be done, unless a driver reports no carrier' },
  ],
};
