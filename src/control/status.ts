/** The shape of `tandem status --json`: names are fixed by the product and are only ever added to. */

export type VrrpState = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT';

export interface Status {
  readonly router_id: string;
  readonly version: string;
  readonly pid: number;
  readonly started_at: string;
  readonly config: { readonly path: string; readonly sha256: string; readonly loaded_at: string };
  readonly instances: readonly InstanceStatus[];
  readonly virtual_servers: readonly VirtualServerStatus[];
  readonly sync: SyncStatus | null;
  /** missing where nothing is configured */
  readonly static?: StaticStatus;
  readonly processes: readonly ProcessStatus[];
  /** null while no e-mail is configured */
  readonly email?: EmailStatus | null;
}

export interface EmailStatus {
  /** `mail.example.org:587` */
  readonly server: string;
  /** messages */
  readonly sent: number;
  /** tries that failed */
  readonly failed: number;
  /** events that will not be told */
  readonly dropped: number;
  /** events */
  readonly waiting: number;
  /** why the last try failed; null after a success */
  readonly problem: string | null;
}

export interface ProcessStatus {
  readonly name: 'tandemd' | 'vrrp' | 'lvs';
  /** null while it is being restarted */
  readonly pid: number | null;
  readonly restarts: number;
  /** false when its part of this status is older than a moment, since it does not answer */
  readonly responding: boolean;
  /** messages that it could not send or be sent since a queue was full */
  readonly dropped_messages: number;
}

export interface InstanceStatus {
  readonly name: string;
  readonly interface: string;
  readonly virtual_router_id: number;
  readonly version: 2 | 3;
  readonly family: 'ipv4' | 'ipv6';
  /** the routers that it advertises to; missing where it advertises by multicast */
  readonly unicast_peers?: readonly string[];
  /** the macvlan of the virtual MAC, and that */
  readonly virtual_mac?: { readonly interface: string; readonly address: string };
  /** missing where there is none */
  readonly authentication?: { readonly type: 'pass' } | HmacStatus;
  readonly state: VrrpState;
  /** ISO 8601, of the last transition */
  readonly since: string;
  readonly priority: number;
  readonly effective_priority: number;
  /** address of the master that it hears; null when it is master itself or hears none */
  readonly master: string | null;
  readonly master_priority: number | null;
  readonly advertisement_interval_ms: number;
  readonly master_down_interval_ms: number;
  readonly sync_group: string | null;
  readonly virtual_addresses: readonly { readonly address: string; readonly interface: string; readonly held: boolean }[];
  /** false when the last master heard lists other addresses than ours */
  readonly virtual_routes?: readonly HeldStatus[];
  readonly virtual_rules?: readonly HeldStatus[];
  readonly address_list_agrees: boolean;
  /** someone else claims what this instance holds: `conflicts` is not empty */
  readonly split_brain: boolean;
  readonly conflicts: readonly ConflictStatus[];
  /** what effective_priority depends on, its sync group's trackers included */
  readonly trackers: readonly TrackerStatus[];
  /** of the last transition, in words */
  readonly reason: string;
  /** handed over by `tandem failover`: it takes over only when the other master fails, or after `tandem failover --cancel` */
  readonly yielding: boolean;
  /** ISO 8601: the start of this instance in this process, or `tandem counters --reset` */
  readonly counted_since?: string;
  /** e.g. advertisements_sent, advertisements_received, rejected.checksum, checksum.pseudo_header, garp_sent, to_master ... */
  readonly counters: Readonly<Record<string, number>>;
}

/** A route or a rule. */
export interface HeldStatus {
  /** as `ip route` and `ip rule` write it */
  readonly name: string;
  /** it is in the kernel */
  readonly held: boolean;
}

export interface StaticStatus {
  readonly addresses: InstanceStatus['virtual_addresses'];
  readonly routes: readonly HeldStatus[];
  readonly rules: readonly HeldStatus[];
}

/** Authentication by HMAC, without its keys. */
export interface HmacStatus {
  readonly type: 'hmac';
  readonly mode: 'enforce' | 'permissive' | 'receive_only';
  /** ID of the key that signs */
  readonly active_key: number;
  /** IDs */
  readonly keys: readonly number[];
  readonly anti_replay: 'time' | 'monotonic';
  /** null: time does not count */
  readonly time_window_ms: number | null;
  /** the last advertisement of each router that was heard */
  readonly heard: readonly HeardSender[];
}

export interface HeardSender {
  readonly address: string;
  /** ID of the key that it says it was signed with; null = it was not signed */
  readonly key: number | null;
  readonly verified: boolean;
  /** why it was not verified, in words */
  readonly reason: string | null;
  /** how far its clock is ahead of ours; null where it was not verified, or time does not count */
  readonly clock_difference_ms: number | null;
  /** ISO 8601 */
  readonly at: string;
}

/** Someone else who claims what an instance holds while it is MASTER. */
export interface ConflictStatus {
  /** `master`: another router advertises the same virtual router and does not yield; `arp` and `ndp`: another station answers ARP or Neighbour Discovery for virtual addresses */
  readonly kind: 'master' | 'arp' | 'ndp';
  readonly interface: string;
  /** of the other master; null where only its hardware address is known */
  readonly address: string | null;
  /** null until the other master's is known */
  readonly hardware_address: string | null;
  /** `arp`, `ndp`: of ours, that it claims */
  readonly virtual_addresses: readonly string[];
  /** ISO 8601 */
  readonly since: string;
  /** advertisements, ARP packets or Neighbour Advertisements heard since */
  readonly count: number;
}

export interface TrackerStatus {
  readonly type: 'interface' | 'script' | 'file' | 'process' | 'route';
  /** of a file: its path; of a route: as `ip route` writes it */
  readonly name: string;
  /** unknown: no result yet */
  readonly state: 'up' | 'down' | 'unknown';
  /** null = a failure is FAULT */
  readonly weight: number | null;
  /** what is added is negated; without a weight success is FAULT */
  readonly reverse?: boolean;
  /** added to the priority now */
  readonly contribution: number;
  /** true while it keeps the instance in FAULT */
  readonly fault: boolean;
  /** in words */
  readonly reason: string;
}

export interface VirtualServerStatus {
  readonly name: string;
  /** of its first service; null where that goes by a firewall mark */
  readonly address: string | null;
  readonly port: number | null;
  readonly fwmark: number | null;
  /** all of its services in the kernel, e.g. `10.0.0.100:80/tcp`, `mark 1 ipv4` */
  readonly services: readonly string[];
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly scheduler: string;
  readonly quorum_up: boolean;
  /** true while the sorry server is the one in the table */
  readonly sorry_server_active: boolean;
  /** true while too many real servers failed at once, which stay in the table; missing otherwise */
  readonly panic?: boolean;
  readonly real_servers: readonly RealServerStatus[];
  /** missing where there is none */
  readonly sorry_server?: SorryServerStatus;
  /** what is in the table with weight 0 until its connections have ended, without having failed: real servers, such as a reload removed, and the sorry server; missing where there is none */
  readonly leaving?: readonly LeavingStatus[];
}

/** As of a real server; one that is not checked is taken as healthy. */
export type SorryServerStatus = Pick<RealServerStatus, 'address' | 'port' | 'weight' | 'forwarding' | 'healthy' | 'reason' | 'since' | 'check'>;

export interface LeavingStatus {
  readonly address: string;
  readonly port: number;
  /** ISO 8601 */
  readonly since: string;
  /** ISO 8601: it is deleted then, whatever connections it has */
  readonly until: string;
}

export interface RealServerStatus {
  readonly address: string;
  readonly port: number;
  /** in the kernel now; null = not in the table */
  readonly weight: number | null;
  readonly configured_weight: number;
  /** ISO 8601; missing unless it is held down since its verdict changed too often */
  readonly held_until?: string;
  /** missing unless it starts slowly: what it has of its weight, and when it has all (ISO 8601) */
  readonly slow_start?: { readonly percent: number; readonly until: string };
  readonly forwarding: string;
  /** null = no verdict yet */
  readonly healthy: boolean | null;
  /** of the verdict, in words */
  readonly reason: string;
  /** ISO 8601, of the verdict */
  readonly since: string;
  readonly check: string;
  /** what its agent has said; missing where it has none */
  readonly agent?: AgentStatus;
}

export interface AgentStatus {
  /** the last time that it was asked */
  readonly heard: boolean;
  /** null = it has not said yet; so below */
  readonly operational: 'up' | 'down' | null;
  readonly administrative: 'ready' | 'drain' | 'maint' | null;
  /** of the configured weight */
  readonly weight_percent: number | null;
  readonly reason: string | null;
}

export interface SyncStatus {
  readonly role: 'master' | 'backup' | 'none';
  readonly id: number;
  readonly interface: string;
}
