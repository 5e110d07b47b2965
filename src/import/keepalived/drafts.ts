/** What the blocks of a keepalived.conf say, gathered as they are read, before anything is decided. */
import type { Microseconds } from '../../time/microseconds.js';
import type { Command } from './command.js';
import type { Place } from './place.js';
import type { Statement } from './tree.js';
import type { Network } from './values.js';

export interface GarpDraft {
  repeat?: number;
  delay?: Microseconds;
  refresh?: Microseconds;
  interval?: Microseconds;
}

export interface NotifyDraft {
  master?: Command;
  backup?: Command;
  fault?: Command;
  stop?: Command;
  any?: Command;
  place?: Place;
}

export interface GlobalDraft {
  place?: Place;
  routerId?: string;
  version: 2 | 3;
  checksumWithoutPseudoHeader?: boolean;
  strict?: boolean;
  defaultInterface: string;
  scriptUser?: string;
  startupDelay?: Microseconds;
  readonly garp: GarpDraft;
  minGarp?: boolean;
  fifo?: string;
  readonly timeouts: { tcp?: number; tcpFin?: number; udp?: number; place?: Place };
  sync?: SyncDraft;
  readonly mail: { to: { readonly address: string; readonly place: Place }[]; from?: string; server?: string; port?: number; timeout?: Microseconds; place?: Place };
  alert?: boolean;
  alertVrrp?: boolean;
  alertChecker?: boolean;
}

export interface SyncDraft {
  readonly interface: string;
  readonly instance: string | undefined;
  readonly id: number | undefined;
  readonly place: Place;
}

export interface AddressDraft {
  readonly network: Network;
  readonly place: Place;
  interface?: string;
  label?: string;
  labelPlace?: Place;
  scope?: string;
  /** `+`, `-` or an address */
  broadcast?: string;
}

export interface TrackDraft {
  readonly name: string;
  readonly place: Place;
  /** undefined: that of what is tracked */
  readonly weight: number | undefined;
  readonly reverse: boolean | undefined;
}

export interface TracksDraft {
  readonly interfaces: TrackDraft[];
  readonly scripts: TrackDraft[];
  readonly files: TrackDraft[];
  readonly processes: TrackDraft[];
}

export const noTracks = (): TracksDraft => ({ interfaces: [], scripts: [], files: [], processes: [] });

export interface PeerDraft {
  readonly address: string;
  readonly place: Place;
  readonly minTtl: number | undefined;
  readonly maxTtl: number | undefined;
}

export interface InstanceDraft {
  readonly name: string;
  readonly place: Place;
  state?: 'MASTER' | 'BACKUP';
  interface?: string;
  interfacePlace?: Place;
  id?: number;
  idPlace?: Place;
  priority?: number;
  priorityPlace?: Place;
  interval?: { readonly value: Microseconds; readonly place: Place };
  version?: 2 | 3;
  versionPlace?: Place;
  checksumWithoutPseudoHeader?: boolean;
  preempt?: { readonly on: boolean; readonly place: Place };
  preemptDelay?: { readonly value: Microseconds; readonly place: Place };
  authentication?: AuthenticationDraft;
  hmac?: HmacDraft;
  readonly addresses: AddressDraft[];
  readonly excluded: AddressDraft[];
  readonly routes: Statement[];
  readonly rules: Statement[];
  readonly track: TracksDraft;
  readonly garp: GarpDraft;
  readonly unicast: { source?: string; sourcePlace?: Place; peers: PeerDraft[]; ttl?: number; place?: Place };
  virtualMac?: { readonly name: string | undefined; readonly place: Place };
  accept?: { readonly on: boolean; readonly place: Place };
  strict?: boolean;
  readonly notify: NotifyDraft;
  alert?: boolean;
  syncInterface?: { readonly name: string; readonly place: Place };
}

export interface AuthenticationDraft {
  readonly place: Place;
  type?: 'PASS' | 'AH';
  password?: string;
}

export interface HmacDraft {
  readonly place: Place;
  readonly keys: { readonly id: number; readonly key: string; readonly isFile: boolean; readonly place: Place }[];
  activeKey?: number;
  mode?: 'enforce' | 'permissive' | 'receive_only';
  antiReplay?: 'time' | 'monotonic';
  window?: Microseconds;
}

export interface GroupDraft {
  readonly name: string;
  readonly place: Place;
  readonly members: { readonly name: string; readonly place: Place }[];
  readonly track: TracksDraft;
  readonly notify: NotifyDraft;
  keepsWeights?: boolean;
  alert?: boolean;
}

export interface ScriptDraft {
  readonly name: string;
  readonly place: Place;
  command?: Command;
  interval?: Microseconds;
  timeout?: Microseconds;
  weight: number;
  reverse: boolean;
  rise?: number;
  fall?: number;
  user?: string;
  initFail?: boolean;
}

export interface TrackFileDraft {
  readonly name: string;
  readonly place: Place;
  path?: string;
  weight: number;
  reverse: boolean;
}

export interface TrackProcessDraft {
  readonly name: string;
  readonly place: Place;
  program?: string;
  weight: number;
  reverse: boolean;
}

export interface VirtualServerGroupDraft {
  readonly name: string;
  readonly place: Place;
  readonly addresses: { readonly range: string; readonly port: number; readonly family: 'ipv4' | 'ipv6'; readonly place: Place }[];
  readonly marks: { readonly mark: number; readonly family: 'ipv4' | 'ipv6' | undefined; readonly place: Place }[];
}

export interface ForwardingDraft {
  readonly method: 'dr' | 'nat' | 'tun';
  readonly type?: 'ipip' | 'gre' | 'gue';
  readonly port?: number;
  readonly checksum?: 'none' | 'plain' | 'remote';
}

/** What a virtual server hands down to its real servers, and they to their checkers. */
export interface ProbeDraft {
  delayLoop?: Microseconds;
  connectTimeout?: Microseconds;
  retry?: number;
  delayBeforeRetry?: Microseconds;
  alpha?: boolean;
}

export interface ChangeDraft {
  up?: Command;
  down?: Command;
}

export interface ServiceDraft extends ProbeDraft {
  readonly target: { readonly kind: 'address'; readonly address: string; readonly port: number } | { readonly kind: 'mark'; readonly mark: number } | { readonly kind: 'group'; readonly name: string };
  readonly place: Place;
  protocol?: 'tcp' | 'udp' | 'sctp';
  scheduler?: string;
  readonly flags: Set<'fallback' | 'port'>;
  onePacket?: Place;
  forwarding?: ForwardingDraft;
  persistence?: { readonly seconds: number; readonly place: Place };
  netmask?: string;
  engine?: 'sip';
  family?: 'ipv4' | 'ipv6';
  omega?: boolean;
  quorum?: { readonly weight: number; readonly place: Place };
  hysteresis?: { readonly weight: number; readonly place: Place };
  readonly quorumCommands: ChangeDraft;
  sorry?: { readonly address: string; readonly port: number | undefined; readonly place: Place };
  sorryForwarding?: ForwardingDraft;
  sorryInhibit?: boolean;
  inhibit?: boolean;
  weight?: number;
  virtualHost?: string;
  snmpName?: string;
  alert?: boolean;
  readonly servers: RealServerDraft[];
}

export interface RealServerDraft extends ProbeDraft {
  readonly address: string;
  readonly port: number | undefined;
  readonly place: Place;
  weight?: number;
  forwarding?: ForwardingDraft;
  inhibit?: boolean;
  upperThreshold?: number;
  lowerThreshold?: number;
  virtualHost?: string;
  readonly commands: ChangeDraft;
  alert?: boolean;
  readonly checks: CheckDraft[];
}

export type CheckType = 'tcp' | 'http' | 'https' | 'smtp' | 'dns' | 'udp' | 'ping' | 'script' | 'none';

export interface UrlDraft {
  readonly place: Place;
  path?: string;
  digest?: string;
  status?: string;
  virtualHost?: string;
  regex?: string;
  negated?: boolean;
}

export interface CheckDraft extends ProbeDraft {
  readonly type: CheckType;
  readonly keyword: string;
  readonly place: Place;
  connectAddress?: string;
  connectPort?: number;
  source?: string;
  mark?: number;
  /** http */
  readonly urls: UrlDraft[];
  virtualHost?: string;
  sendsName?: boolean;
  serverName?: string;
  /** smtp */
  helo?: string;
  /** dns */
  recordType?: string;
  queryName?: string;
  /** script */
  command?: Command;
  user?: string;
  scriptTimeout?: Microseconds;
  dynamic?: boolean;
  /** udp */
  payload?: string;
  requireReply?: boolean;
  reply?: string;
}

/** Everything. */
export interface FileDraft {
  readonly global: GlobalDraft;
  readonly instances: InstanceDraft[];
  readonly groups: GroupDraft[];
  readonly scripts: ScriptDraft[];
  readonly trackFiles: TrackFileDraft[];
  readonly trackProcesses: TrackProcessDraft[];
  readonly staticAddresses: AddressDraft[];
  readonly staticRoutes: Statement[];
  readonly staticRules: Statement[];
  readonly delays: Map<string, { readonly down: Microseconds; readonly up: Microseconds }>;
  readonly serverGroups: VirtualServerGroupDraft[];
  readonly services: ServiceDraft[];
  readonly tls: { certificate?: string; key?: string };
}

export const emptyFile = (): FileDraft => ({
  global: { version: 2, defaultInterface: 'eth0', garp: {}, timeouts: {}, mail: { to: [] } },
  instances: [],
  groups: [],
  scripts: [],
  trackFiles: [],
  trackProcesses: [],
  staticAddresses: [],
  staticRoutes: [],
  staticRules: [],
  delays: new Map(),
  serverGroups: [],
  services: [],
  tls: {},
});
