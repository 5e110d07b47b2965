/** What the doctor has looked at, as plain data: the parts that find mistakes see nothing else. */
import type { Configuration } from '../config/model.js';
import type { Status } from '../control/status.js';
import type { HostAddress } from '../ipvs/kernel-needs.js';
import type { Daemon } from '../ipvs/daemon.js';

export type Role = 'director' | 'real_server';

export interface Facts {
  readonly role: Role;
  /** absent on a real server without the director's file */
  readonly configuration: Configuration | undefined;
  /** path of the configuration file, and the SHA-256 of what it holds now */
  readonly file: { readonly path: string; readonly sha256: string } | undefined;
  /** how long was listened, milliseconds */
  readonly listened: number;
  readonly host: HostFacts;
  readonly firewall: FirewallFacts;
  readonly daemon: DaemonFacts | undefined;
  readonly vrrp: readonly HeardPacket[];
  /** wall clock of the beginning of listening, milliseconds since the epoch */
  readonly wallClock: number;
  /** IPVS's own, when this host's kernel has it */
  readonly sync: SyncFacts | undefined;
  readonly stations: readonly Station[];
  readonly probes: readonly ProbeResult[];
  readonly peer: PeerTable | undefined;
  /** what could not be looked at */
  readonly unseen: readonly Unseen[];
}

export interface Unseen {
  readonly what: string;
  readonly problem: string;
  readonly remedy: string;
}

export interface HostFacts {
  readonly links: readonly LinkFact[];
  readonly addresses: readonly HostAddress[];
  /** path under /proc/sys/net -> value */
  readonly sysctls: Readonly<Record<string, string>>;
  /** kernel modules that are needed and can be had neither loaded nor by modprobe; with its words */
  readonly missingModules: readonly { readonly name: string; readonly problem: string }[];
  readonly managers: readonly Manager[];
  /** the kernel's clock is kept right by someone (NTP); undefined = not known */
  readonly clockSynchronised: boolean | undefined;
  /** destination -> next hop by the host's routing */
  readonly routes: readonly RouteFact[];
}

export interface LinkFact {
  readonly name: string;
  readonly index: number;
  /** `02:00:00:00:00:01`; empty where it has none */
  readonly hardwareAddress: string;
  readonly up: boolean;
  readonly running: boolean;
  readonly mtu: number;
}

/** Who configures an interface beside the daemon. */
export interface Manager {
  readonly interface: string;
  readonly name: 'NetworkManager' | 'systemd-networkd';
  /** networkd: KeepConfiguration spares addresses that it does not know */
  readonly keeps: boolean;
  /** networkd: the .network file that says so */
  readonly file: string | undefined;
}

export interface RouteFact {
  readonly to: string;
  /** undefined: there is no route */
  readonly interface: string | undefined;
  /** undefined: on the link itself */
  readonly via: string | undefined;
  readonly mtu: number | undefined;
}

export interface FirewallFacts {
  /** what iptables-save and ip6tables-save print, of each back end */
  readonly saved: readonly { readonly family: 'ipv4' | 'ipv6'; readonly program: string; readonly text: string }[];
  /** what `nft -j list ruleset` prints */
  readonly nft: string | undefined;
  /** what arptables-save prints, of each back end */
  readonly arp: string;
}

export interface DaemonFacts {
  /** undefined = it does not answer */
  readonly status: Status | undefined;
  /** why there is no status */
  readonly problem: string | undefined;
  /** names of the capabilities that a process lacks */
  readonly processes: readonly { readonly name: string; readonly lacks: readonly string[] }[];
}

/** A VRRP packet that came in by an interface, whatever a firewall does with it afterwards. */
export interface HeardPacket {
  readonly interface: string;
  /** of the sender */
  readonly hardwareAddress: string;
  /** milliseconds since listening began */
  readonly at: number;
  /** with its IP header */
  readonly packet: Buffer;
}

export interface SyncFacts {
  readonly daemons: readonly Daemon[];
  /** ids of messages that were heard -> how many */
  readonly heard: readonly { readonly source: string; readonly id: number; readonly count: number }[];
}

/** Who answered ARP or Neighbour Discovery for an address. */
export interface Station {
  readonly interface: string;
  readonly address: string;
  /** those that answered, each once; none = nobody did */
  readonly hardwareAddresses: readonly string[];
}

/** What a packet to one real server came to. */
export type ProbeResult = VipProbe | RouteProbe | TunnelProbe;

/** A TCP SYN and an echo request to the virtual address, handed to the real server as the director's forwarding does. */
export interface VipProbe {
  readonly kind: 'vip';
  readonly forwarding: 'dr' | 'tun';
  readonly service: string;
  readonly realServer: string;
  /** undefined with tun */
  readonly hardwareAddress: string | undefined;
  readonly vip: string;
  readonly port: number;
  readonly interface: string;
  /** what came back from the virtual address */
  readonly answer: 'connection' | 'reset' | 'echo' | 'none';
}

/** TCP SYNs to a real server, from an address on its own network and from one that only a route leads to. */
export interface RouteProbe {
  readonly kind: 'route';
  readonly service: string;
  readonly realServer: string;
  readonly port: number;
  readonly interface: string;
  readonly near: { readonly source: string; readonly answered: boolean };
  /** `cameBy`: the interface and the station by which the answer came */
  readonly far: { readonly source: string; readonly cameBy: { readonly interface: string; readonly hardwareAddress: string } | undefined };
}

/** Echo requests through a tunnel: a small one, and one that with the tunnel's header is as large as the interface allows. */
export interface TunnelProbe {
  readonly kind: 'tunnel';
  readonly service: string;
  readonly realServer: string;
  readonly vip: string;
  readonly interface: string;
  /** octets of the large one, outer header included */
  readonly size: number;
  readonly small: boolean;
  readonly large: boolean;
  /** an MTU that a router on the way told; undefined = none did */
  readonly told: number | undefined;
}

/** The peer's status, or its table as `ipvsadm -S` prints it. */
export type PeerTable = { readonly kind: 'status'; readonly path: string; readonly status: Status } | { readonly kind: 'table'; readonly path: string; readonly services: readonly SavedService[] };

export interface SavedService {
  /** `tcp 10.0.0.100:80`, `mark 1 ipv4` */
  readonly key: string;
  readonly scheduler: string;
  /** seconds; undefined = not persistent */
  readonly persistence: number | undefined;
  readonly destinations: readonly { readonly address: string; readonly port: number; readonly forwarding: string }[];
}
