/** Collecting what is to be said of a keepalived.conf: errors, which end the import, and warnings. */
import type { Diagnostic, DiagnosticCode } from '../../config/diagnostic.js';
import type { Place } from './place.js';

export interface Finding {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly remedy: string;
}

export class Findings {
  readonly #found = new Map<string, Diagnostic>();

  warn(place: Place, finding: Finding): void {
    this.#add(place, finding, 'warning');
  }

  error(place: Place, finding: Finding): void {
    this.#add(place, finding, 'error');
  }

  /** errors and warnings, file by file in the order in which they were read, nothing twice */
  list(): readonly Diagnostic[] {
    const all = [...this.#found.values()];
    const order = [...new Set(all.map(({ path }) => path))];
    return all.sort((a, b) => order.indexOf(a.path) - order.indexOf(b.path) || a.line - b.line || a.column - b.column);
  }

  get hasErrors(): boolean {
    return [...this.#found.values()].some(({ severity }) => severity === 'error');
  }

  #add({ path, line, column, length }: Place, finding: Finding, severity: Diagnostic['severity']): void {
    const key = `${path}:${line}:${column} ${finding.message}`;
    if (!this.#found.has(key)) this.#found.set(key, { severity, path, line, column, length, ...finding });
  }
}
