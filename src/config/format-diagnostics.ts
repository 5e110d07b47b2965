/** How what is wrong in a configuration file is shown to a person. */
import { type Diagnostic, withoutMark } from './diagnostic.js';
import { maskSecrets } from './mask-secrets.js';

/**
 * `file:line:column: error: message`, the line with a caret under the place, and what would be right, for each.
 * Secrets in the lines shown are masked.
 */
export const formatDiagnostics = (diagnostics: readonly Diagnostic[], text: string): string => {
  const lines = maskSecrets(withoutMark(text)).split(/\r?\n/);
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, lines[diagnostic.line - 1])).join('\n');
};

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
