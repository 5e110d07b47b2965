/** What is wrong in a configuration file, as data, and how it is shown to a person. */
import { maskSecrets } from './secrets.js';

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

/**
 * `file:line:column: error: message`, the line with a caret under the place, and what would be right, for each.
 * Secrets in the lines shown are masked.
 */
export const formatDiagnostics = (diagnostics: readonly Diagnostic[], text: string): string => {
  const lines = maskSecrets(withoutMark(text)).split(/\r?\n/);
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, lines[diagnostic.line - 1])).join('\n');
};

/** Without the byte order mark that some editors write; positions are counted without it. */
export const withoutMark = (text: string): string => (text.startsWith('\ufeff') ? text.slice(1) : text);

/** Longer lines are shown as a window around the place. */
const shownWidth = 160;

const formatDiagnostic = (diagnostic: Diagnostic, sourceLine: string | undefined): string => {
  const { path, line, column, length, severity, message, remedy } = diagnostic;
  const shown = [`${path}:${line}:${column}: ${severity}: ${message}`];
  const gutter = ' '.repeat(Math.max(4, String(line).length + 2));
  if (length > 0 && sourceLine !== undefined) {
    const start = column - 1 > shownWidth - 40 ? column - 41 : 0;
    const visible = sourceLine.slice(start, start + shownWidth);
    const before = visible.slice(0, column - 1 - start).replaceAll(/[^\t]/gu, ' ');
    const carets = '^'.repeat(Math.max(1, Math.min(length, visible.length - before.length)));
    shown.push(`${String(line).padStart(gutter.length)} | ${printable(visible)}`, `${gutter} | ${before}${carets}`);
  }
  shown.push(`${gutter} = ${remedy}`);
  return `${shown.map((each) => each.trimEnd()).join('\n')}\n`;
};

/** Control characters would do things to a terminal. */
const printable = (text: string): string => text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\u00b7');
