/** The messages between the supervisor and its two children: plain data over the fork's channel. */
import type { IpvsConfiguration, LogLevel, Protocol, ScriptHealthCheck, SyncDaemonConfiguration, VirtualServerConfiguration, VrrpConfiguration } from '../config/model.js';
import type { RoutingConfiguration } from '../config/routing-model.js';
import type { InstanceStatus, StaticStatus, SyncStatus, VirtualServerStatus, VrrpState } from '../control/status.js';
import type { ScriptEnding } from '../health/script.js';
import type { Microseconds } from '../time/microseconds.js';
import type { OperatorReply, OperatorRequest } from './operator.js';
import type { TrackResult } from '../track/trackers.js';

/** One line of the log, made where the thing happened, written by the supervisor. */
export interface LogEvent {
  /** milliseconds since the epoch, when it happened */
  readonly time: number;
  readonly level: LogLevel;
  /** a sentence that stands alone */
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** An address that this daemon put on an interface, or is about to. */
export interface OwnedAddress {
  readonly interface: string;
  readonly address: string;
  readonly prefixLength: number;
}

/** A service that this daemon put into the IPVS table, or is about to. */
export type OwnedService = { readonly protocol: Protocol; readonly address: string; readonly port: number } | { readonly family: 'ipv4' | 'ipv6'; readonly fwmark: number };

export interface VrrpConfigure {
  readonly type: 'configure';
  /** grows with each configuration; answered by `configured` with the same number */
  readonly generation: number;
  readonly vrrp: VrrpConfiguration;
  readonly sync: SyncDaemonConfiguration | undefined;
  /** what an earlier run recorded as its own */
  readonly owned: readonly OwnedAddress[];
  /** and the interfaces that it made for virtual MACs */
  readonly ownedLinks?: readonly string[] | undefined;
  /** the same of routes and rules; absent: none */
  readonly ownedRouting?: RoutingConfiguration;
  /** instances that were MASTER when the last vrrp child died: they resume as master before `until` (monotonic clock) */
  readonly resume: readonly { readonly instance: string; readonly until: Microseconds }[];
  /** a new child starts no instance before this (monotonic clock): startup_delay */
  readonly heldUntil?: Microseconds | undefined;
  /** what is known of scripts, files and processes; absent: nothing */
  readonly tracked?: readonly TrackResult[];
  /** instances that the operator handed over, which holds; absent: none */
  readonly yielding?: readonly string[];
}

export interface LvsConfigure {
  readonly type: 'configure';
  readonly generation: number;
  readonly ipvs: IpvsConfiguration;
  /** of all virtual servers, in their order */
  readonly names: readonly string[];
  /** those of them that this process was not given yet as they are now */
  readonly virtualServers: readonly VirtualServerConfiguration[];
  /** what an earlier run or configuration recorded as its own and is in none of the virtual servers */
  readonly owned: readonly OwnedService[];
  /** path of the record of net.ipv4.vs.* as they were; absent: none is kept */
  readonly settingsRecord?: string;
}

/** lvs: virtual servers of the configuration of this generation, which `configure` puts in force when all have come. */
export interface LvsVirtualServers {
  readonly type: 'virtual_servers';
  readonly generation: number;
  /** VirtualServerConfiguration[] as JSON, which is read with each short word once, and into smaller objects, than what V8 itself would send */
  readonly text: string;
}

/** The last message of a configuration. */
export type LvsConfigureParts = Omit<LvsConfigure, 'virtualServers'>;

/** lvs: the configuration that it has is in force once more, as if it were given again; answered by `configured`. */
export interface LvsConfigureAgain {
  readonly type: 'configure_again';
  readonly generation: number;
}

/** Obeyed by both: release what is held as an orderly stop does, answer `stopped`, end. */
export interface Stop {
  readonly type: 'stop';
  /** whether the connection sync stays, and the IPVS table but for what goes by itself, see `atStop` */
  readonly onStop: 'keep' | 'remove';
}

/** Both, every second: answer `pong` with the same id, to show that the loop turns. */
export interface Ping {
  readonly type: 'ping';
  readonly id: number;
}

/** Both, when someone asks: answer `status` with the same id. */
export interface StatusRequest {
  readonly type: 'status';
  readonly id: number;
}

/** lvs: answer `counted`. */
export interface Count {
  readonly type: 'count';
}

/** lvs: the answer to `load_modules`. */
export interface ModulesLoaded {
  readonly type: 'modules_loaded';
  readonly id: number;
  /** what failed, in words; undefined = all loaded */
  readonly error: string | undefined;
}

/** lvs: whether this host may be cut off from its real servers: an instance is in FAULT, and none is MASTER. A probe that fails says nothing then. */
export interface Isolated {
  readonly type: 'isolated';
  readonly isolated: boolean;
}

/** vrrp: what the operator wants of the election; answered by `operated` with the same id. */
export interface Operate {
  readonly type: 'operate';
  readonly id: number;
  readonly request: OperatorRequest;
}

/** vrrp: what is known of scripts, files and processes now, all of it. */
export interface TrackResults {
  readonly type: 'track';
  readonly tracked: readonly TrackResult[];
}

/** lvs: the answer to `run_script`; none comes to one that was ended. */
export interface ScriptEnded {
  readonly type: 'script_ended';
  readonly id: number;
  readonly ending: ScriptEnding;
}

export type ToVrrp = VrrpConfigure | TrackResults | Stop | Ping | StatusRequest | Operate;
export type ToLvs = LvsVirtualServers | LvsConfigureParts | LvsConfigureAgain | Stop | Ping | StatusRequest | Count | ModulesLoaded | Isolated | ScriptEnded;

/** From both, first of all: loaded and waiting for `configure`. */
export interface Ready {
  readonly type: 'ready';
}
/** From both: the configuration of this generation is in force, the kernel agrees with it. */
export interface Configured {
  readonly type: 'configured';
  readonly generation: number;
}
export interface VrrpConfigured extends Configured {
  /** virtual addresses that were there before and stay when we go: not to be recorded as ours */
  readonly foreign: readonly OwnedAddress[];
}
export interface Event {
  readonly type: 'event';
  readonly event: LogEvent;
}
/** From lvs: several, in their order. */
export interface Events {
  readonly type: 'events';
  readonly events: readonly LogEvent[];
}
export interface Stopped {
  readonly type: 'stopped';
}
/** From vrrp, on every transition: what the supervisor needs to let a new child resume. */
export interface Masters {
  readonly type: 'masters';
  readonly instances: readonly { readonly instance: string; readonly masterDownInterval: Microseconds }[];
  /** an instance is in FAULT, and none is MASTER */
  readonly isolated: boolean;
}
export interface InstanceTransition {
  readonly instance: string;
  readonly interface: string;
  readonly virtualRouterId: number;
  /** milliseconds since the epoch */
  readonly time: number;
  readonly from: VrrpState;
  /** INIT: it was stopped, or removed by a reload */
  readonly to: VrrpState;
  /** effective */
  readonly priority: number;
  readonly reason: string;
}
/** From vrrp: transitions that happened together, in order, e.g. those of a sync group. */
export interface Transitions {
  readonly type: 'transitions';
  readonly transitions: readonly InstanceTransition[];
}
/** A verdict on a real server (of its check), or the quorum of a virtual server. */
export interface HealthChange {
  readonly kind: 'REAL_SERVER' | 'VIRTUAL_SERVER';
  /** name of the virtual server */
  readonly virtualServer: string;
  /** of the virtual server, or address and port of the real server */
  readonly name: string;
  /** `[192.0.2.10]:tcp:80`, and the same of the real server */
  readonly service: string;
  readonly server?: string;
  /** milliseconds since the epoch */
  readonly time: number;
  readonly to: 'UNKNOWN' | 'UP' | 'DOWN';
  readonly reason: string;
}
/** From lvs: what changed, or after a configuration, and after messages were dropped, all of it. */
export interface Health {
  readonly type: 'health';
  readonly changes: readonly HealthChange[];
  readonly complete: boolean;
}
/** `name` of the instance that others claim the addresses of, or not any more. */
export interface SplitBrainChange {
  readonly name: string;
  /** milliseconds since the epoch */
  readonly time: number;
  readonly to: 'BEGUN' | 'ENDED';
  readonly reason: string;
}
/** From vrrp: the instances that the operator handed over, all of them, when they change. */
export interface Yielding {
  readonly type: 'yielding';
  readonly instances: readonly string[];
}
/** From vrrp. */
export interface SplitBrains {
  readonly type: 'split_brain';
  readonly changes: readonly SplitBrainChange[];
}
export interface Pong {
  readonly type: 'pong';
  readonly id: number;
}
export interface VrrpStatus {
  readonly type: 'status';
  readonly id: number;
  readonly instances: readonly InstanceStatus[];
  readonly sync: SyncStatus | undefined;
  readonly static?: StaticStatus;
}
export interface LvsStatus {
  readonly type: 'status';
  readonly id: number;
  readonly virtualServers: readonly VirtualServerStatus[];
}
/** From lvs: the real servers of all services, and those whose checks they pass. */
export interface Counted {
  readonly type: 'counted';
  readonly servers: number;
  readonly healthy: number;
}
/** From vrrp: the answer to `operate`; a handover's comes when it is over. */
export interface Operated {
  readonly type: 'operated';
  readonly id: number;
  readonly reply: OperatorReply;
}
/** From vrrp, a moment after a transition that the operator did not order. */
export interface RecordingTaken {
  readonly type: 'recording';
  /** the instance, or the sync group */
  readonly unit: string;
  /** the transition, in words */
  readonly cause: string;
  /** milliseconds since the epoch */
  readonly time: number;
  /** the file as it is to be written; bounded by the recorder */
  readonly text: string;
}
/** From lvs: the kernel lacks these modules; the supervisor runs the command. */
export interface LoadModules {
  readonly type: 'load_modules';
  readonly id: number;
  readonly command: readonly string[];
  readonly modules: readonly string[];
}
/** From lvs: run this script once; answered by `script_ended` with the same id. */
export interface RunScriptRequest {
  readonly type: 'run_script';
  readonly id: number;
  readonly check: ScriptHealthCheck;
}
/** From lvs: its end is not waited for any more. */
export interface EndScript {
  readonly type: 'end_script';
  readonly id: number;
}

export type FromVrrp = Ready | VrrpConfigured | Event | Stopped | Masters | Transitions | SplitBrains | Yielding | Pong | VrrpStatus | Operated | RecordingTaken;
export type FromLvs = Ready | Configured | Events | Stopped | LoadModules | RunScriptRequest | EndScript | Health | Pong | LvsStatus | Counted;
