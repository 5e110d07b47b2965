/** Errors and warnings of an import as a person reads them: each with its line, whichever file that is in, and a count at the end. */
import type { Diagnostic } from '../../config/diagnostic.js';
import { formatDiagnostics } from '../../config/format-diagnostics.js';
import { maskConfiguration } from './masked.js';

export const formatImportDiagnostics = (diagnostics: readonly Diagnostic[], texts: ReadonlyMap<string, string>): string => {
  const masked = new Map([...texts].map(([path, text]) => [path, maskConfiguration(text.replaceAll(/\r\n?/g, '\n'))]));
  // one call for each file: it masks and splits the whole text
  const blocks = [...new Set(diagnostics.map(({ path }) => path))].map((path) => formatDiagnostics(diagnostics.filter((each) => each.path === path), masked.get(path) ?? ''));
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const counts = [count(errors, 'error'), count(warnings, 'warning')].filter((text) => text !== '').join(', ');
  return `${blocks.join('\n')}\n${counts}${errors > 0 ? ': nothing was written' : ''}\n`;
};

const count = (number: number, noun: string): string => (number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`);
