/** The `http` and `https` checks, as model.ts composes them. */
import type { HealthCheckBase, TlsSettings } from './health-check-model.js';

export interface BodyDigest {
  readonly algorithm: 'sha256' | 'md5';
  /** hexadecimal, in small letters */
  readonly value: string;
}

/** One URL, and what its answer must be. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST';
  readonly path: string;
  /** Host header; undefined = the address, with the port unless it is the scheme's own */
  readonly host: string | undefined;
  /** beside Host and User-Agent; absent = none. Values may be secret */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** what is sent, as UTF-8; may be secret */
  readonly requestBody?: string | undefined;
  /** inclusive ranges of accepted status codes */
  readonly status: readonly (readonly [number, number])[];
  /** regular expression (JavaScript) that must match within the first 64 KiB of the body */
  readonly body: string | undefined;
  /** of the whole body, of 1 MiB at most */
  readonly digest?: BodyDigest | undefined;
}

export interface HttpHealthCheck extends HealthCheckBase, TlsSettings {
  readonly type: 'http' | 'https';
  /** at least one, made one after the other: all must be right */
  readonly requests: readonly HttpRequest[];
  /** how many are followed, 0..10; only those that lead to the same server; absent = 0 */
  readonly redirects?: number | undefined;
  /** absent = 1.1 */
  readonly httpVersion?: '1.1' | '2' | undefined;
}

/** What the probe shows of itself in the TLS handshake. */
export interface ClientCertificate {
  /** PEM, read when the file is loaded */
  readonly certificate: string;
  /** PEM; secret */
  readonly key: string;
  /** where they were read, as the file names them; for people, no part of the check */
  readonly certificatePath: string;
  readonly keyPath: string;
}
