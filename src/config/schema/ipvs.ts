/** The `ipvs:` section: connection sync, timeouts, and the settings of /proc/sys/net/ipv4/vs. */
import { Seconds, toSeconds } from '../../time/microseconds.js';
import { integer, list, mapping, noValue, string, tuple, union } from './kinds.js';
import { duration, flag, interfaceName, named, oneOf, someText, wholeNumber } from './values.js';

/** What `ipvsadm --set` takes: whole seconds, 31 days at most. */
const timeout = () => duration({ to: Seconds(31 * 86_400), step: Seconds(1) });

const mark = () => wholeNumber(1, 0xffff_ffff);

const onOff = () => flag().transform((on) => (on ? '1' : '0'));
const number = (from: number, to: number) => wholeNumber(from, to).transform(String);
const largest = 2_147_483_647;

const thresholdRule = 'packets before the first sync and the period, the first less than the second, such as "3 50"';
const threshold = () =>
  union([string({ error: thresholdRule, pattern: /^\d{1,9}[ ,]+\d{1,9}$/ }), tuple([integer({ error: thresholdRule, from: 0 }), integer({ error: thresholdRule, from: 0 })], { error: thresholdRule })], { error: thresholdRule })
    .transform((input, context) => {
      const [first = 0, period = 0] = typeof input === 'string' ? input.split(/[ ,]+/).map(Number) : input;
      // net/netfilter/ipvs/ip_vs_ctl.c, proc_do_sync_threshold(): period 0 means no period
      if (first <= largest && period <= largest && (period === 0 || first < period)) return `${first} ${period}`;
      context.issues.push({ code: 'custom', input, message: thresholdRule, params: {} });
      return noValue;
    });

const portsRule = 'a power of two from 1 to 64';

/** Named and meant as in the kernel's Documentation/networking/ipvs-sysctl.rst; each gives the text to write. */
export const sysctls = {
  expire_nodest_conn: onOff().prefault(true).describe("A removed server's connections are reset, not left hanging"),
  expire_quiescent_template: onOff().prefault(true).describe('A persistent client leaves a server of weight 0'),
  sync_threshold: threshold().prefault('0 0').describe('Connection sync: packets before a connection is sent first, and the period of packets after which it is sent again; 0 0 = at each change of its state, and every sync_refresh_period'),
  sync_refresh_period: duration({ to: Seconds(31 * 86_400), step: Seconds(1) })
    .prefault('2s')
    .transform((period) => String(toSeconds(period)))
    .describe('Connection sync: a connection that carries packets is sent again after so long; whole seconds, 0 = never. A director that returns knows only what it heard since'),
  sync_retries: number(0, 3).optional().describe('Connection sync: messages repeated so often, an eighth of sync_refresh_period apart'),
  sync_qlen_max: number(0, largest).optional().describe('Connection sync: messages that may wait to be sent'),
  sync_sock_size: number(0, largest).optional().describe('Connection sync: size of the socket buffer in bytes; 0 = the system decides'),
  sync_ports: integer({ error: portsRule, isAllowed: (ports) => [1, 2, 4, 8, 16, 32, 64].includes(ports) })
    .transform(String)
    .meta({ enum: [1, 2, 4, 8, 16, 32, 64] })
    .optional()
    .describe('Connection sync: UDP ports and threads, from port 8848; alike on both directors'),
  sync_persist_mode: number(0, 1).optional().describe('Connection sync: 1 = of persistent services only the persistence templates'),
  sync_version: number(0, 1).optional().describe('Connection sync: version of the message format'),
  conn_reuse_mode: number(0, 3).optional().describe('What happens to a connection whose port the client uses again (bits)'),
  conntrack: onOff().optional().describe('Connections are tracked by netfilter too'),
  schedule_icmp: onOff().optional().describe('ICMP packets without a connection are scheduled'),
  sloppy_tcp: onOff().optional().describe('A TCP connection may begin with any packet, not only a SYN'),
  nat_icmp_send: onOff().optional().describe('NAT: answer packets of real servers that have no connection with ICMP unreachable'),
  snat_reroute: onOff().optional().describe('NAT: look up the route of replies again, as if the director sent them'),
  pmtu_disc: onOff().optional().describe('Answer packets too large for the path with ICMP fragmentation needed'),
  ignore_tunneled: onOff().optional().describe('Leave packets of unknown protocols (tunnels) alone'),
  cache_bypass: onOff().optional().describe('Forward to the original destination when no cache server is left'),
  backup_only: onOff().optional().describe('Do not schedule while the sync daemon is backup: avoids loops of DR and TUN'),
  run_estimation: onOff().optional().describe('Estimate rates (ipvsadm --rate)'),
  amemthresh: number(0, largest).optional().describe('Pages of free memory under which the automatic defences begin'),
  am_droprate: number(1, largest).optional().describe('Drop rate of the defences in mode 3'),
  drop_entry: number(0, 3).optional().describe('Defence: drop half-open connections; 0 = never, 1 and 2 = automatic, 3 = always'),
  drop_packet: number(0, 3).optional().describe('Defence: drop 1/rate of the packets; 0 = never, 1 and 2 = automatic, 3 = always'),
  secure_tcp: number(0, 3).optional().describe('Defence: stricter TCP states; 0 = never, 1 and 2 = automatic, 3 = always'),
};

/** Those that the file writes as true and false. */
export const sysctlFlags: ReadonlySet<string> = new Set([
  'expire_nodest_conn', 'expire_quiescent_template', 'conntrack', 'schedule_icmp', 'sloppy_tcp', 'nat_icmp_send', 'snat_reroute', 'pmtu_disc', 'ignore_tunneled', 'cache_bypass', 'backup_only', 'run_estimation',
]);

export const ipvs = mapping({
  sync: mapping({
    instance: named().describe('VRRP instance whose master counts as the one that sends; both directors send and listen all the time'),
    interface: interfaceName().describe('Interface over which connections are synchronised'),
    id: wholeNumber(0, 255).optional().describe("Sync id, alike on both directors; the instance's virtual_router_id by default"),
  })
    .optional()
    .describe("The kernel's connection sync; none without this key"),
  timeouts: mapping({
    tcp: timeout().optional().describe("Idle TCP connections; the kernel's own by default, 0 = unchanged"),
    tcp_fin: timeout().optional().describe("TCP connections after a FIN; the kernel's own by default, 0 = unchanged"),
    udp: timeout().optional().describe("UDP; the kernel's own by default, 0 = unchanged"),
  })
    .prefault({})
    .describe('Timeouts of IPVS connections, whole seconds'),
  on_stop: oneOf(['keep', 'remove']).prefault('keep').describe('What an orderly stop does to the IPVS table: keep drops no connection'),
  modprobe: list(someText('a path or an argument'), 'a command as a list, such as [/sbin/modprobe]').min(1, { error: 'a command as a list, such as [/sbin/modprobe]' }).prefault(['/sbin/modprobe']).describe("Command that loads a kernel module; the module's name is appended"),
  probe_marks: mapping({
    from: mark().prefault(0x7d00_0000).describe('The first'),
    to: mark().prefault(0x7d00_3fff).describe('The last'),
  })
    .prefault({})
    .describe('Firewall marks for health checks with probe: virtual_address, alike on both directors; nothing else may use them'),
  ...sysctls,
});
