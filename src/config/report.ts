/** Collecting diagnostics: from a path in the file to a place in its text. */
import type { Diagnostic, DiagnosticCode } from './diagnostic.js';
import type { DocumentProblem, Path, Range, SourceDocument } from './document.js';

export interface Finding {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly remedy: string;
  readonly severity?: 'error' | 'warning';
  /** what the caret points at; the value unless said otherwise */
  readonly at?: 'key' | 'value';
}

/** Notes what was found at a path of the file. */
export type Report = (path: Path, finding: Finding) => void;

/** A path with its line, as messages refer to another place. */
export type LineOf = (path: Path) => number;

export interface Collector {
  readonly report: Report;
  readonly lineOf: LineOf;
  readonly problem: (problem: DocumentProblem) => void;
  /** in the order of the file; nothing twice */
  readonly diagnostics: () => readonly Diagnostic[];
}

/** From where a document is no YAML, only what cannot be a consequence of that is kept: see `isConsequence`. */
export const collector = (document: SourceDocument, path: string): Collector => {
  const found = new Map<string, Diagnostic>();
  const add = ({ offset, length }: Range, { code, message, remedy, severity = 'error' }: Finding): void => {
    const diagnostic: Diagnostic = { severity, code, path, ...document.position(offset), length, message, remedy };
    found.set(`${offset} ${code} ${message}`, diagnostic);
  };
  const isConsequence = (range: Range, code: DiagnosticCode): boolean =>
    document.brokenFrom !== undefined && (range.offset + range.length >= document.brokenFrom || (code !== 'unknown_key' && code !== 'invalid_value' && code !== 'not_supported'));
  return {
    report: (where, finding) => {
      const range = document.locate(where, finding.at ?? 'value');
      const reported = document.problems.some(({ code, offset }) => offset === range.offset && code !== 'duplicate_key' && range.length > 0);
      if (!reported && !isConsequence(range, finding.code)) add(range, finding);
    },
    lineOf: (where) => document.position(document.locate(where, 'value').offset).line,
    problem: (problem) => add(problem, problem),
    diagnostics: () => [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column),
  };
};
