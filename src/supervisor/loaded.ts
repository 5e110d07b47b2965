/** The configuration that is running, and how it got here. */
import type { Configuration, LogConfiguration, LogFormat, LogLevel } from '../config/model.js';
import type { Diagnostic } from '../config/diagnostic.js';

export interface Loaded {
  readonly configuration: Configuration;
  readonly sha256: string;
  /** milliseconds since the epoch */
  readonly loadedAt: number;
  /** grows with each configuration */
  readonly generation: number;
}

/** The log settings of the command line win over those of the file. */
export const logSettings = ({ log }: Configuration, over: { readonly level: LogLevel | undefined; readonly format: LogFormat | undefined }): LogConfiguration => ({
  level: over.level ?? log.level,
  format: over.format ?? log.format,
});

/** One line for the log: `file:line:column: message; what would be right`. */
export const diagnosticLine = ({ path, line, column, message, remedy }: Diagnostic): string => `${path}:${line}:${column}: ${message}; ${remedy}`;
