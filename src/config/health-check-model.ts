/** Health checks, as a real server has one: what all types have, and their union. */
import type { DnsHealthCheck, PingHealthCheck, SmtpHealthCheck, TcpHealthCheck, UdpHealthCheck } from './check-model.js';
import type { ClientCertificate, HttpHealthCheck, HttpRequest } from './http-check-model.js';
import type { AgentHealthCheck, FileHealthCheck, ScriptHealthCheck } from './weighing-check-model.js';
import type { Tunnel } from './model.js';
import type { Microseconds } from '../time/microseconds.js';

export type { AgentHealthCheck, ClientCertificate, DnsHealthCheck, FileHealthCheck, HttpHealthCheck, HttpRequest, PingHealthCheck, ScriptHealthCheck, SmtpHealthCheck, TcpHealthCheck, UdpHealthCheck };
export type HealthCheckConfiguration = NoHealthCheck | TcpHealthCheck | UdpHealthCheck | TlsHealthCheck | HttpHealthCheck | DnsHealthCheck | SmtpHealthCheck | PingHealthCheck | ScriptHealthCheck | FileHealthCheck | AgentHealthCheck;

/** Taken as healthy. */
export interface NoHealthCheck {
  readonly type: 'none';
}

export interface HealthCheckBase {
  /** where the probe goes: the real server's own address and port unless the file says otherwise */
  readonly address: string;
  readonly port: number;
  /** local address to probe from */
  readonly source: string | undefined;
  /** SO_MARK of the probe's socket; absent = none */
  readonly mark?: number | undefined;
  /** how `address`, a virtual one, is reached on one real server; absent = the probe goes straight to `address` */
  readonly through?: ProbePath | undefined;
  readonly interval: Microseconds;
  /** in place of `interval` while the last results do not agree with the verdict, or there is none; absent = none */
  readonly fastInterval?: Microseconds | undefined;
  /** each start is put off by up to so much, at random; absent = not at all */
  readonly jitter?: Microseconds | undefined;
  readonly timeout: Microseconds;
  /** successes before up */
  readonly rise: number;
  /** failures before down */
  readonly fall: number;
}

/** As the packets of clients reach it: IPVS takes those that bear `mark` there, by a service of the daemon's own. */
export interface ProbePath {
  /** address of the real server */
  readonly server: string;
  readonly forwarding: 'dr' | 'tun';
  /** with `tun`; absent = ipip */
  readonly tunnel?: Tunnel | undefined;
}

export interface TlsSettings {
  /** SNI; undefined = none sent */
  readonly serverName: string | undefined;
  /** verify the certificate chain, and the name where serverName is given */
  readonly verify: boolean;
  /** PEM bundle (its text, read when the file is loaded) to verify against instead of the system's */
  readonly ca: string | undefined;
  /** where that text was read, as the file names it; for people, no part of the check */
  readonly caPath?: string | undefined;
  readonly clientCertificate?: ClientCertificate | undefined;
  /** a certificate that expires within is told; absent = it is not looked at */
  readonly expiryWarning?: Microseconds | undefined;
}

export interface TlsHealthCheck extends HealthCheckBase, TlsSettings {
  readonly type: 'tls';
}
