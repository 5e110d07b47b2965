/** The README's table of keywords is the importer's own. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileSchema } from '../../../src/config/schema.js';
import { rows, withTable } from '../../../src/import/keepalived/keyword-table.js';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

describe('the table of keywords', () => {
  it('in README.md is what the importer goes by (npm run build writes it)', () => {
    expect(withTable(readme)).toBe(readme);
  });

  it('says of each keyword what it becomes, once for each block', () => {
    const seen = new Set<string>();
    for (const { block, keywords, becomes } of rows()) {
      expect(becomes).not.toBe('');
      for (const keyword of keywords) {
        expect(seen.has(`${block} ${keyword}`), `${block} ${keyword}`).toBe(false);
        seen.add(`${block} ${keyword}`);
      }
    }
  });

  it('begins with sections that tandem.yaml has', () => {
    const sections = Object.keys(fileSchema.shape);
    for (const { block, becomes } of rows().filter(({ block: each }) => each === 'top level' || each === 'global_defs')) {
      const [, section] = /^([a-z_]+)(?:\.|\[)/.exec(becomes) ?? [];
      if (section !== undefined && section !== 'track' && section !== 'garp') expect(sections, `${block}: ${becomes}`).toContain(section);
    }
  });
});

describe('keepalived.conf(5) of Debian', () => {
  /** Keywords of keepalived 2.2.7 by block, as its manual page has them; a sample of each kind that sites use. */
  const known: Readonly<Record<string, readonly string[]>> = {
    global_defs: ['router_id', 'vrrp_mcast_group4', 'lvs_sync_daemon', 'lvs_flush', 'vrrp_garp_master_delay', 'vrrp_garp_lower_prio_repeat', 'vrrp_garp_extra_if', 'vrrp_iptables', 'vrrp_strict', 'max_auto_priority', 'vrrp_rt_priority', 'checker_cpu_affinity', 'snmp_socket', 'enable_dbus', 'script_user', 'notify_fifo_script', 'dynamic_interfaces', 'process_monitor_rcv_bufs_force', 'rs_init_notifies', 'umask', 'vrrp_startup_delay', 'vmac_prefix', 'random_seed', 'reload_check_config', 'reload_time_file', 'data_use_instance'],
    vrrp_instance: ['state', 'vrf', 'use_vmac', 'use_ipvlan', 'native_ipv6', 'dont_track_primary', 'track_bfd', 'mcast_src_ip', 'track_src_ip', 'unicast_fault_no_peer', 'old_unicast_checksum', 'garp_extra_if', 'down_timer_adverts', 'higher_prio_send_advert', 'promote_secondaries', 'virtual_rules', 'accept', 'preempt', 'skip_check_adv_addr', 'notify_master_rx_lower_pri', 'kernel_rx_buf_size'],
    virtual_server: ['lvs_sched', 'flag-3', 'ops', 'persistence_engine', 'ha_suspend', 'omega', 'hysteresis', 'ip_family', 'sorry_server_inhibit', 'warmup', 'snmp_name'],
  };
  it.each(Object.entries(known))('has no keyword in %s that the importer does not know', (block, keywords) => {
    const ours = new Set(rows().filter((row) => row.block === block).flatMap((row) => row.keywords));
    expect(keywords.filter((keyword) => !ours.has(keyword))).toEqual([]);
  });
});
