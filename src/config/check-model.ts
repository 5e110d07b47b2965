/** The health checks that converse over TCP, UDP, DNS, SMTP and ICMP, as model.ts composes them. */
import type { HealthCheckBase, TlsSettings } from './model.js';

/** Octets as the file gives them. `text`: its characters, escapes resolved, as UTF-8; `hex`: an even number of digits without spaces. */
export interface Octets {
  readonly form: 'text' | 'hex' | 'base64';
  readonly value: string;
}

/** What an answer must hold: these octets anywhere, or a match of a regular expression (JavaScript, without slashes) over them. */
export type Expected = Octets | { readonly form: 'regex'; readonly value: string };

export interface TcpHealthCheck extends HealthCheckBase {
  readonly type: 'tcp';
  /** said once the connection is made */
  readonly send?: Octets | undefined;
  /** undefined: a connection is enough */
  readonly expect?: Expected | undefined;
}

export interface UdpHealthCheck extends HealthCheckBase {
  readonly type: 'udp';
  /** the datagram's payload; undefined = empty */
  readonly send?: Octets | undefined;
  /** what a reply must hold */
  readonly expect?: Expected | undefined;
  /** false: silence until the timeout is success */
  readonly requireReply: boolean;
}

/** Types of records that a dns check may ask for. */
export const recordTypes = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
export type RecordType = (typeof recordTypes)[number];

/** RFC 1035 4.1.1, RFC 2136 2.2 */
export const responseCodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH', 'NOTZONE'] as const;
export type ResponseCode = (typeof responseCodes)[number];

export interface DnsHealthCheck extends HealthCheckBase {
  readonly type: 'dns';
  /** the name that is asked for, without a final dot; `.` = the root */
  readonly name: string;
  readonly recordType: RecordType;
  readonly protocol: 'udp' | 'tcp';
  readonly rcode: ResponseCode;
  /** data that one of the records must have, as a zone file writes it */
  readonly answer?: string | undefined;
}

export interface SmtpHealthCheck extends HealthCheckBase, TlsSettings {
  readonly type: 'smtp';
  /** said in EHLO; undefined = the probe's own address in brackets (RFC 5321 4.1.3) */
  readonly helo: string | undefined;
  readonly security: 'none' | 'starttls' | 'implicit_tls';
}

/** An ICMP echo; there is no port. */
export interface PingHealthCheck extends HealthCheckBase {
  readonly type: 'ping';
  readonly port: 0;
}
