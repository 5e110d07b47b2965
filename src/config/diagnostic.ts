/** What is wrong in a configuration file, as data. (How it is shown: format-diagnostics.ts.) */
export type DiagnosticCode =
  /** the file cannot be read, or is no text */
  | 'unreadable'
  | 'empty'
  /** not YAML */
  | 'syntax'
  | 'duplicate_key'
  | 'unknown_key'
  | 'missing_key'
  /** wrong type, out of range, malformed */
  | 'invalid_value'
  /** known, but not built yet in this version */
  | 'not_supported'
  /** two things that must differ are alike */
  | 'duplicate'
  /** a name that nothing has */
  | 'unknown_reference'
  /** two settings that do not go together */
  | 'conflict'
  /** allowed, but hardly what is wanted (warnings) */
  | 'doubtful'
  /** others can read a file that holds a secret (warning) */
  | 'secret_readable';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: DiagnosticCode;
  /** of the file */
  readonly path: string;
  /** 1.. */
  readonly line: number;
  /** 1.., in UTF-16 code units */
  readonly column: number;
  /** code units to underline, all on `line`; 0 = the file as a whole */
  readonly length: number;
  /** what is wrong, never with a secret in it */
  readonly message: string;
  /** what would be right */
  readonly remedy: string;
}

/** Without the byte order mark that some editors write; positions are counted without it. */
export const withoutMark = (text: string): string => (text.startsWith('\ufeff') ? text.slice(1) : text);
