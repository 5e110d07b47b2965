/** Parsing the text of a configuration file: everything wrong with it at once, each with its place, or the configuration. Never an exception. */
import { checkAcross, checkPurpose } from './check-across.js';
import { complete } from './complete.js';
import type { Context } from './cross-checks/context.js';
import type { Diagnostic } from './diagnostic.js';
import { readDocument, type SourceDocument } from './document.js';
import { reportIssues } from './issues.js';
import type { LoadResult, ParseOptions } from './load-result.js';
import type { Configuration } from './model.js';
import { collector, type Collector } from './report.js';
import { readable } from './schema-walk.js';
import { fileSchema } from './schema.js';
import { zodOf } from './zod-schema.js';
import { sha256 } from './sha256.js';
import { valueAt } from './value-at.js';

/** `path` is what messages call it, and where certificates' relative paths begin. */
export const parseConfiguration = (text: string, path: string, options: ParseOptions = {}): LoadResult => {
  const document = readDocument(text);
  const collected = collector(document, path);
  document.problems.forEach(collected.problem);
  if (document.problems.length === 0 && (document.value === null || document.value === undefined)) {
    const empty: Diagnostic = { severity: 'error', code: 'empty', path, line: 1, column: 1, length: 0, message: 'the file is empty', remedy: 'write at least an instance (vrrp.instances) or a service (virtual_servers)' };
    return { ok: false, diagnostics: [empty], text };
  }
  const configuration = validate(document, collected, path, options);
  const diagnostics = collected.diagnostics();
  if (configuration === undefined || diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics, text };
  return { ok: true, configuration, warnings: diagnostics, text, sha256: sha256(options.bytes ?? text) };
};

/** Reports all that is wrong; the configuration when nothing is. */
const validate = (document: SourceDocument, collected: Collector, path: string, options: ParseOptions): Configuration | undefined => {
  if (document.value === undefined) return undefined;
  const schema = zodOf(fileSchema);
  const parsed = schema.safeParse(document.value, { reportInput: false });
  if (!parsed.success) reportIssues(parsed.error.issues, schema, document, collected.report);
  // the parts that are right by themselves are checked against each other, whatever is wrong elsewhere
  const file = parsed.success ? parsed.data : readable(schema, document.value);
  if (file === undefined) return undefined;
  const context: Context = { file, report: collected.report, lineOf: collected.lineOf, given: document.has, valueAt: (where) => valueAt(document.value, where) };
  const surroundings = checkAcross(context, path, options);
  if (collected.diagnostics().every(({ severity }) => severity === 'warning')) checkPurpose(context);
  return parsed.success ? complete(parsed.data, surroundings) : undefined;
};
