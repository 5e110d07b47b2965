/** Every mistake that the doctor knows: how grave it is, what it is, why it breaks traffic. The README's table is made of it. Pure. */

/** `error`: traffic is lost now, or at the next failover; `warning`: it may be. */
export type Severity = 'error' | 'warning';

interface Mistake {
  readonly severity: Severity;
  /** as a noun */
  readonly mistake: string;
  readonly why: string;
}

const error = (mistake: string, why: string): Mistake => ({ severity: 'error', mistake, why });
const warning = (mistake: string, why: string): Mistake => ({ severity: 'warning', mistake, why });

export const mistakes = {
  // --- the host and the daemon ---
  not_examined: warning('something could not be looked at', 'a mistake there would stay unseen'),
  kernel_module_missing: error('a kernel module that is neither loaded nor installed', 'the IPVS table cannot be made as configured'),
  capability_missing: error('a process of the daemon without a capability', 'without CAP_NET_RAW it neither sends nor hears VRRP, without CAP_NET_ADMIN it can hold no address and write no IPVS table'),
  daemon_not_running: error('tandemd does not answer', 'this director neither takes part in the election nor keeps its IPVS table'),
  configuration_not_loaded: warning('a file that is not what the daemon runs with', 'the next restart changes what this director does'),
  ip_forward: error('forwarding switched off, with `nat` or `fullnat`', 'the answers of the real servers do not reach the clients'),
  rp_filter: error('a strict reverse path filter', 'the kernel drops packets that come in by another interface than answers would leave by, as those out of a tunnel do'),
  send_redirects: error('ICMP redirects, with `nat` on one segment', 'real servers learn a way to the clients past the director, and their answers are not translated'),
  ipvs_setting: warning('a setting of IPVS (net.ipv4.vs.*) that is not the configured one', 'connections to servers that are gone hang, or persistent clients stay on drained ones'),
  director_is_real_server: warning('a director as its own real server, with `dr` or `tun`', 'the standby schedules again what the master hands it'),
  interface_missing: error('an interface that is not there, or is down', 'nothing can be advertised, held or reached there'),
  interface_without_address: error('an interface without an address of its own', 'an advertisement needs a source address'),
  network_manager: warning('NetworkManager or systemd-networkd manages the interface', 'when it configures the interface again it removes addresses that it does not know, the virtual ones among them'),
  firewall_drops_vrrp: error('firewall rules that drop protocol 112', 'a backup that hears nothing becomes master beside the other one'),
  firewall_drops_sync: error('firewall rules that drop 8848/udp', 'connections and persistence do not reach the standby, and break at a failover'),
  firewall_drops_service: error('firewall rules that drop what is sent to a service', 'the packets do not reach IPVS, which comes behind the filter table, or the real server'),
  firewall_drops_answers: error('firewall rules that drop what real servers answer, with `nat`', 'the answers pass through FORWARD of the director, and do not reach the clients'),
  // --- VRRP ---
  instance_fault: error('an instance in FAULT', 'it cannot take the addresses over'),
  vrrp_not_heard: error('no VRRP heard, and not master', 'nobody advertises here: the other director is down, or its advertisements do not arrive, and then both become master'),
  vrrp_router_id_differs: error('another virtual router ID for the same addresses', 'the directors do not hear each other: both are master'),
  vrrp_version_differs: error('another VRRP version', 'the advertisements are rejected: both are master'),
  vrrp_interval_differs: error('another advertisement interval', 'with VRRPv2 the advertisements are rejected and both are master; with VRRPv3 the time of a failover depends on who is master'),
  vrrp_checksum_wrong: error('advertisements whose checksum is wrong', 'they are rejected: both are master'),
  vrrp_checksum_form_differs: warning('another form of the VRRPv3 checksum', 'Tandem takes either, but keepalived, FRR and others reject one of them'),
  vrrp_password_differs: error('another password', 'the advertisements are rejected: both are master'),
  vrrp_key_differs: error('a signature that does not fit our keys', 'with mode: enforce the advertisements are rejected: both are master'),
  vrrp_authentication_differs: error('authentication on one side only, or of another kind', 'the advertisements are rejected: both are master'),
  vrrp_unicast_differs: error('unicast on one side and multicast on the other, or an unknown peer', 'the advertisements are rejected: both are master'),
  vrrp_ttl: error('advertisements that were routed', 'they are rejected: VRRP over multicast stays on its segment, and a TTL below 255 may be a forger behind a router'),
  vrrp_malformed: error('VRRP packets that are broken', 'they are rejected; what sends them is no director of this pair, or damaged'),
  vrrp_own_address: error('another station with our address', 'advertisements and answers of the one are taken for those of the other'),
  vrrp_addresses_differ: warning('another list of virtual addresses', 'a failover loses some of them'),
  two_masters: error('two masters', 'both answer for the virtual addresses, and clients reach now the one, now the other'),
  clock_differs: error('clocks that differ', 'signed advertisements outside of authentication.time_window are rejected, and the logs of a failover cannot be put together'),
  clock_not_synchronised: warning('a clock that nothing keeps right, with signed advertisements', 'when it has drifted beyond authentication.time_window, advertisements are rejected: both are master'),
  // --- virtual addresses ---
  vip_outside_network: warning("a virtual address outside of its interface's networks", 'nobody on the segment asks for it, unless routers have a route for it to this segment'),
  vip_on_other_interface: error('a virtual address in the network of another interface', 'it is held and announced where its clients are not'),
  vip_mask_differs: error('a virtual address with another mask than its network has', 'while it is held the director has a wrong route: part of the network, or a foreign one, is looked for on the wrong segment'),
  vip_reserved: error("a virtual address that is the network's own or its broadcast address", 'hosts of the segment do not talk to it'),
  vip_held_by_backup: error('a virtual address on a director that is not master', "both directors answer for it; it stands in the host's own network configuration, or was added by hand"),
  vip_not_held: error('a virtual address that the master does not hold', 'clients reach nobody'),
  vip_answered_by_real_server: error('a real server that answers ARP for the virtual address', 'clients reach that one server past the director, unbalanced, or the address flaps between the two'),
  vip_answered_by_stranger: error('another station that answers for the virtual address', 'clients reach now the one, now the other'),
  vip_not_answered: error('a virtual address that nobody answers for, though a master is heard', 'clients reach nobody'),
  // --- real servers ---
  real_server_without_vip: error('a real server that does not take packets for the virtual address, with `dr` or `tun`', 'it drops what the director hands to it: a part of the clients get no answer'),
  nat_route_not_back: error('a real server whose route does not lead back through the director, with `nat`', 'its answers miss the director, are not translated, and the clients reset them'),
  tunnel_mtu: error('an MTU too small for `tun`', "a client's large packets do not fit with the tunnel's header: requests and uploads hang while small ones pass"),
  arp_ignore: error('a real server with arp_ignore=0 and the virtual address', 'it answers ARP for it: clients reach this one server past the director'),
  arp_announce: error('a real server with arp_announce below 2 and the virtual address', 'its own ARP requests name the virtual address as sender, and neighbours learn its MAC address for it'),
  vip_prefix_on_lo: error('a virtual address on lo with a mask', 'the whole network becomes local to the real server: its answers to clients of that network go nowhere'),
  vip_on_interface: error('a virtual address of a real server on a network interface', 'arp_ignore=1 answers for the addresses of the interface itself'),
  tunnel_interface: error('no tunnel interface on a real server, or one that is down', 'what the director wraps for it is not unwrapped'),
  // --- the peer ---
  peer_services_differ: error("services that differ from the peer's", 'a failover changes what is served, and synchronised connections find no service'),
  peer_instances_differ: error("VRRP instances that differ from the peer's", 'the directors do not understand each other, or a failover loses addresses'),
  sync_not_running: error('a connection sync that does not run in the kernel as configured', 'connections and persistence do not reach the standby, and break at a failover'),
  sync_id_differs: error('another id of the connection sync', 'the kernel drops messages of another id: connections and persistence break at a failover'),
} as const satisfies Readonly<Record<string, Mistake>>;

export type MistakeCode = keyof typeof mistakes;

/** The README's table. */
export const catalogueTable = (): string =>
  ['| code | the mistake | why it breaks traffic |', '|---|---|---|', ...Object.entries(mistakes).map(([code, { severity, mistake, why }]) => `| \`${code}\`${severity === 'warning' ? ' (warning)' : ''} | ${mistake} | ${why} |`)].join('\n');
