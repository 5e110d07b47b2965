/** What reading a configuration gives, and what it may need to know. */
import type { ReadSecret } from './cross-checks/authentication.js';
import type { ReadText } from './cross-checks/certificates.js';
import type { ModeOf } from './cross-checks/email.js';
import type { Diagnostic } from './diagnostic.js';
import type { Configuration } from './model.js';

export type LoadResult = LoadedConfiguration | RejectedConfiguration;

export interface LoadedConfiguration {
  readonly ok: true;
  readonly configuration: Configuration;
  readonly warnings: readonly Diagnostic[];
  readonly text: string;
  /** of the file's bytes, in hexadecimal */
  readonly sha256: string;
}

export interface RejectedConfiguration {
  readonly ok: false;
  /** errors and warnings, in the order of the file */
  readonly diagnostics: readonly Diagnostic[];
  /** what could be read, to show the lines; empty when nothing could */
  readonly text: string;
}

export interface ParseOptions {
  /** default of router_id; the host's name otherwise */
  readonly hostName?: string;
  /** what the text was in the file: spares encoding it again for its fingerprint */
  readonly bytes?: Uint8Array;
  /** permission bits of the file: warns when others can read a secret */
  readonly mode?: number;
  /** reads a certificate file; throws when it cannot */
  readonly readText?: ReadText;
  /** permission bits of a file that the configuration names */
  readonly modeOf?: ModeOf;
  /** reads a file that holds a key, or a client certificate; throws when it cannot */
  readonly readSecret?: ReadSecret;
  /** files that hold keys and certificates are not read: they need not be there, and what they hold is missing */
  readonly withoutFiles?: boolean;
}
