/** The configuration after validation: plain, complete, immutable data that can be sent between processes as it is. */
import type { AgentHealthCheck, HealthCheckConfiguration } from './health-check-model.js';
import type { Microseconds } from '../time/microseconds.js';
import type { RouteConfiguration, RuleConfiguration, StaticConfiguration, TrackedRoute } from './routing-model.js';

export interface Configuration {
  readonly routerId: string;
  readonly log: LogConfiguration;
  readonly control: { readonly group: string | undefined };
  readonly vrrp: VrrpConfiguration;
  readonly ipvs: IpvsConfiguration;
  readonly virtualServers: readonly VirtualServerConfiguration[];
  /** what instances and sync groups may track by name */
  readonly scripts: readonly ScriptConfiguration[];
  /** `manage`: the host's settings (sysctl) that forwarding needs are made, and put back */
  readonly system: { readonly manage: boolean };
  readonly email?: EmailConfiguration | undefined;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'text' | 'json';
export interface LogConfiguration {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

// --- VRRP -----------------------------------------------------------------------------------------------------

export interface VrrpConfiguration {
  readonly instances: readonly InstanceConfiguration[];
  readonly syncGroups: readonly SyncGroupConfiguration[];
  /** so long after the daemon's start nothing is sent or heard; 0 = not at all */
  readonly startupDelay: Microseconds;
  /** absent: nothing */
  readonly static?: StaticConfiguration | undefined;
  /** path of a FIFO that gets a line for each transition */
  readonly notifyFifo?: string | undefined;
}

export type VrrpVersion = 2 | 3;

/** `pseudo_header`: VRRPv3 over IPv4 as keepalived and FRR send it; `rfc9568`: without (RFC 9568, 5.2.8). */
export type ChecksumForm = 'pseudo_header' | 'rfc9568';

export interface InstanceConfiguration {
  readonly name: string;
  readonly interface: string;
  readonly version: VrrpVersion;
  /** 1..255 */
  readonly virtualRouterId: number;
  /** 1..255; 255 is the address owner */
  readonly priority: number;
  readonly advertisementInterval: Microseconds;
  readonly preempt: boolean;
  readonly preemptDelay: Microseconds;
  readonly checksum: ChecksumForm;
  readonly authentication: AuthenticationConfiguration | undefined;
  readonly virtualAddresses: readonly VirtualAddress[];
  /** held with the addresses; absent: none */
  readonly virtualRoutes?: readonly RouteConfiguration[] | undefined;
  readonly virtualRules?: readonly RuleConfiguration[] | undefined;
  readonly garp: GarpConfiguration;
  /** absent: nothing is tracked */
  readonly track?: TrackConfiguration | undefined;
  /** undefined = multicast */
  readonly unicast?: UnicastConfiguration | undefined;
  readonly notify?: NotifyConfiguration | undefined;
  /** undefined: the addresses have the hardware address of the interface that carries them */
  readonly virtualMac?: VirtualMacConfiguration | undefined;
  /** false: what is sent to a virtual address and is for no virtual server is dropped (RFC 9568, 6.1, Accept_Mode); absent = true */
  readonly accept?: boolean | undefined;
}

/** The virtual router MAC address (RFC 9568, 7.3), on a macvlan of its own. */
export interface VirtualMacConfiguration {
  /** name of the macvlan; it carries the addresses that name no other interface */
  readonly interface: string;
  /** `00:00:5e:00:01:33` */
  readonly address: string;
}

export type AuthenticationConfiguration = PasswordAuthentication | HmacAuthentication;

/** VRRPv2 only: RFC 2338's simple text password; at most 8 octets. */
export interface PasswordAuthentication {
  readonly type: 'pass';
  readonly password: string;
}

/** VRRPv3 only: HMAC-SHA-256 in a trailer (draft-cassen-vrrp-auth-hmac). */
export interface HmacAuthentication {
  readonly type: 'hmac';
  readonly mode: HmacMode;
  /** at least one */
  readonly keys: readonly HmacKey[];
  /** ID of the one that signs */
  readonly activeKey: number;
  /** `time`: fresh within the window, and growing; `monotonic`: only growing */
  readonly antiReplay: AntiReplay;
  /** largest difference of a packet's time from ours */
  readonly timeWindow: Microseconds;
}

/** `enforce`: signs, rejects what is not authentic; `permissive`: signs, accepts it; `receive_only`: does not sign, accepts it. */
export const hmacModes = ['enforce', 'permissive', 'receive_only'] as const;
export type HmacMode = (typeof hmacModes)[number];
export const antiReplays = ['time', 'monotonic'] as const;
export type AntiReplay = (typeof antiReplays)[number];

export interface HmacKey {
  /** 1..255 */
  readonly id: number;
  /** 32..64 octets in hexadecimal */
  readonly key: string;
  /** where it was read, as the file names it; for people */
  readonly keyFile?: string | undefined;
}

/** Advertisements to and from named routers instead of the multicast group. */
export interface UnicastConfiguration {
  /** an address of the instance's interface; undefined = its primary one */
  readonly source: string | undefined;
  /** at least one */
  readonly peers: readonly string[];
  /** 1..255, of what is sent */
  readonly ttl: number;
  /** 0..255: what is received outside of these bounds is rejected */
  readonly minTtl: number;
  readonly maxTtl: number;
}

export interface VirtualAddress {
  /** dotted quad */
  readonly address: string;
  readonly prefixLength: number;
  /** the interface that carries it: the instance's own unless the file says otherwise */
  readonly interface: string;
  /** interface label, as `ip addr ... label` */
  readonly label: string | undefined;
  /** false: held, but not listed in advertisements */
  readonly advertise: boolean;
  /** undefined = global */
  readonly scope?: AddressScope | undefined;
  /** dotted quad, or none; undefined = the last address of its network, where that has one */
  readonly broadcast?: string | undefined;
}

/** As `ip addr ... scope`: where the address is valid. */
export const addressScopes = ['global', 'site', 'link', 'host'] as const;
export type AddressScope = (typeof addressScopes)[number];

export interface GarpConfiguration {
  /** announcements for each address in one burst, 1.. */
  readonly repeat: number;
  /** second burst after this; 0 = none */
  readonly delay: Microseconds;
  /** one announcement for each address every so often; 0 = never */
  readonly refresh: Microseconds;
  /** at least so long between two announcements on one interface; absent or 0 = as fast as it goes */
  readonly interval?: Microseconds | undefined;
}

export interface SyncGroupConfiguration {
  readonly name: string;
  /** names of instances */
  readonly instances: readonly string[];
  /** applies to every member */
  readonly track?: TrackConfiguration | undefined;
  readonly notify?: NotifyConfiguration | undefined;
}

// --- Tracking -------------------------------------------------------------------------------------------------

/** What an instance's effective priority, or its FAULT, depends on. Without a weight (undefined) a failure is FAULT. */
export interface TrackConfiguration {
  readonly interfaces: readonly TrackedInterface[];
  readonly scripts: readonly TrackedScript[];
  readonly files: readonly TrackedFile[];
  readonly processes: readonly TrackedProcess[];
  /** absent: none */
  readonly routes?: readonly TrackedRoute[] | undefined;
}

/** `reverse`: what is added is negated; without a weight success is FAULT, failure is not. */
interface Reversible {
  readonly reverse?: boolean;
}

export interface TrackedScript extends Reversible {
  readonly name: string;
  readonly weight: number | undefined;
}

export interface TrackedInterface extends Reversible {
  readonly name: string;
  /** -253..253, not 0 */
  readonly weight: number | undefined;
  /** so long up, or down, before it counts */
  readonly upDelay: Microseconds;
  readonly downDelay: Microseconds;
}

export interface TrackedFile extends Reversible {
  readonly path: string;
  /** the number in the file is multiplied by this; -254..254, not 0 */
  readonly weight: number;
  readonly interval: Microseconds;
}

export interface TrackedProcess extends Reversible {
  /** of the program, as /proc/PID/comm gives it (`ps -e`) */
  readonly name: string;
  readonly weight: number | undefined;
  readonly interval: Microseconds;
}

export interface ScriptConfiguration {
  readonly name: string;
  /** the program's absolute path, and its arguments; no shell */
  readonly command: readonly string[];
  readonly interval: Microseconds;
  readonly timeout: Microseconds;
  /** successes before up, failures before down */
  readonly rise: number;
  readonly fall: number;
  /** name of the user that it runs as */
  readonly user: string;
  /** until the first result: instances wait, or take it for up or down */
  readonly init: 'wait' | 'up' | 'down';
}

/** Commands (program and arguments) that are run at transitions. */
export interface NotifyConfiguration {
  readonly master: readonly string[] | undefined;
  readonly backup: readonly string[] | undefined;
  readonly fault: readonly string[] | undefined;
  readonly stop: readonly string[] | undefined;
  /** after that of the state; `INSTANCE|GROUP name STATE priority` is appended */
  readonly any: readonly string[] | undefined;
  /** of one command */
  readonly timeout: Microseconds;
  /** name of the user that they run as */
  readonly user: string;
}

export const emailCauses = ['instances', 'groups', 'real_servers', 'quorum', 'split_brain'] as const;
export type EmailCause = (typeof emailCauses)[number];

export interface EmailConfiguration {
  /** name or address */
  readonly server: string;
  readonly port: number;
  /** `starttls` is required, not tried */
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly verify: boolean;
  /** path of a PEM file; undefined = the system's authorities */
  readonly ca: string | undefined;
  /** undefined = no login */
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly on: readonly EmailCause[];
  /** of one delivery */
  readonly timeout: Microseconds;
}

// --- IPVS -----------------------------------------------------------------------------------------------------

export interface IpvsConfiguration {
  readonly sync: SyncDaemonConfiguration | undefined;
  readonly timeouts: {
    readonly tcp: Microseconds | undefined;
    readonly tcpFin: Microseconds | undefined;
    readonly udp: Microseconds | undefined;
  };
  /** what an orderly stop does to the services that do not say it themselves: see `atStop` */
  readonly onStop: 'keep' | 'remove';
  /** settings of /proc/sys/net/ipv4/vs that the file names or that have a default of ours: name -> value as written */
  readonly sysctls: Readonly<Record<string, string>>;
  /** command that loads a kernel module; the module's name is appended */
  readonly modprobe: readonly string[];
}

export interface SyncDaemonConfiguration {
  /** name of the VRRP instance that the daemon's role follows */
  readonly instance: string;
  readonly interface: string;
  /** 0..255 */
  readonly id: number;
}

export type Protocol = 'tcp' | 'udp' | 'sctp';

export const schedulers = ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh', 'sh', 'sed', 'nq', 'fo', 'ovf', 'mh'] as const;
export type Scheduler = (typeof schedulers)[number];

/** For the schedulers sh and mh: hash the client's port too; another server when the one that was hashed has weight 0. */
export const schedulerFlags = ['fallback', 'port'] as const;
export type SchedulerFlag = (typeof schedulerFlags)[number];

export type ForwardingMethod = 'dr' | 'nat' | 'tun';

/** How packets are wrapped with forwarding `tun`. */
export interface Tunnel {
  readonly type: 'ipip' | 'gre' | 'gue';
  /** UDP port of gue at the real server; 0 otherwise */
  readonly port: number;
  /** of the outer header, gre and gue; `remote`: gue's remote checksum offload */
  readonly checksum: 'none' | 'plain' | 'remote';
}

/** What one service of the kernel's table answers to. */
export type ServiceTarget = AddressTarget | MarkTarget;
export interface AddressTarget {
  readonly address: string;
  /** 0 = every port (needs persistence) */
  readonly port: number;
}
/** Every packet that bears the firewall mark. */
export interface MarkTarget {
  readonly fwmark: number;
  readonly family: 'ipv4' | 'ipv6';
  /** what rules of our own mark with it; absent: someone else's rules do */
  readonly match?: readonly MarkedTraffic[] | undefined;
}
/** Packets to an address. */
export interface MarkedTraffic {
  readonly address: string;
  /** at least one; 0 = every port */
  readonly ports: readonly number[];
  readonly protocol: Protocol;
}

export interface VirtualServerConfiguration {
  readonly name: string;
  /** the kernel's services that share this pool, one or more */
  readonly targets: readonly ServiceTarget[];
  /** of nothing where the target is a mark */
  readonly protocol: Protocol;
  readonly scheduler: Scheduler;
  readonly schedulerFlags: readonly SchedulerFlag[];
  /** each packet is scheduled for itself */
  readonly onePacket: boolean;
  readonly persistence: PersistenceConfiguration | undefined;
  /** kernel modules that it needs beside its scheduler's, e.g. `ip_vs_ftp` */
  readonly modules: readonly string[];
  readonly quorum: { readonly weight: number; readonly hysteresis: number; readonly commands?: ChangeCommands | undefined };
  readonly sorryServer: SorryServerConfiguration | undefined;
  readonly onFailure: 'remove' | 'weight_zero';
  /** what an orderly stop does to its services; absent: as `IpvsConfiguration.onStop` */
  readonly onStop?: 'keep' | 'remove' | undefined;
  /** what a real server counts as until its first verdict; absent: down */
  readonly initial?: 'down' | 'up';
  /** absent: off */
  readonly damping?: DampingConfiguration | undefined;
  readonly panic?: PanicConfiguration | undefined;
  readonly realServers: readonly RealServerConfiguration[];
}

/** A real server whose verdict changes more than `changes` times within `period` is held down for `hold`. */
export interface DampingConfiguration {
  readonly changes: number;
  readonly period: Microseconds;
  readonly hold: Microseconds;
}

/** Real servers stay as they were when more than `threshold` percent of the pool fail within `within`. */
export interface PanicConfiguration {
  readonly threshold: number;
  readonly within: Microseconds;
}

/** Commands (program and arguments) that are run when a quorum or a real server goes up or down. */
export interface ChangeCommands {
  readonly onUp: readonly string[] | undefined;
  readonly onDown: readonly string[] | undefined;
  /** of one command */
  readonly timeout: Microseconds;
  /** name of the user that they run as */
  readonly user: string;
}

export interface PersistenceConfiguration {
  readonly timeout: Microseconds;
  /** dotted quad; for IPv6 the prefix length in decimal */
  readonly netmask: string;
  /** tells clients apart by what is in their packets: `sip` by the Call-ID */
  readonly engine: 'sip' | undefined;
}

export interface DestinationConfiguration {
  readonly address: string;
  /** 0 = the port that the client asked for */
  readonly port: number;
  readonly forwarding: ForwardingMethod;
  /** with `tun`; absent = ipip */
  readonly tunnel?: Tunnel | undefined;
  /** with `nat`, which is `fullnat` then: its connections get this source address, or that of the interface that leads to it */
  readonly sourceNat?: { readonly address: string | undefined } | undefined;
}

/** Takes the requests while the quorum is lost. */
export interface SorryServerConfiguration extends DestinationConfiguration {
  /** what becomes of it while the quorum holds: absent: it is not in the table */
  readonly onRecovery?: 'weight_zero' | undefined;
  /** absent: taken as healthy */
  readonly healthCheck?: HealthCheckConfiguration | undefined;
}

export interface RealServerConfiguration extends DestinationConfiguration {
  readonly weight: number;
  /** connections at which the kernel stops giving it new ones, and below which it begins again; 0 = none */
  readonly upperThreshold?: number | undefined;
  readonly lowerThreshold?: number | undefined;
  /** its weight rises for so long when it is back; absent: at once */
  readonly slowStart?: Microseconds | undefined;
  readonly commands?: ChangeCommands | undefined;
  readonly healthCheck: HealthCheckConfiguration;
  /** beside the health check; absent = none */
  readonly agentCheck?: AgentHealthCheck | undefined;
}

// --- Health checks --------------------------------------------------------------------------------------------

export type * from './health-check-model.js';
