/** From a keepalived.conf to a tandem.yaml: what it says, and what is to be said of it. Pure but for what `surroundings` reads. */
import { parseConfiguration } from '../../config/parse.js';
import type { Diagnostic } from '../../config/diagnostic.js';
import { fileOutput } from './build/file.js';
import { expandFile } from './expand.js';
import { Findings } from './findings.js';
import { originOf, pathsIn, textOf, type OutputMapping } from './output.js';
import type { Surroundings } from './surroundings.js';
import { readFile } from './top.js';
import { parseTree } from './tree.js';

export interface ImportResult {
  /** undefined: there are errors among the diagnostics */
  readonly text: string | undefined;
  /** errors and warnings, in the order of the files */
  readonly diagnostics: readonly Diagnostic[];
  /** text of each file that was read, by its path */
  readonly texts: ReadonlyMap<string, string>;
}

export const importConfiguration = (path: string, text: string, surroundings: Surroundings): ImportResult => {
  const findings = new Findings();
  const { lines, texts } = expandFile(path, text, surroundings, findings);
  const statements = parseTree(lines, findings);
  const file = readFile(statements, findings);
  const output = fileOutput({ file, surroundings, findings });
  const start = { path, line: 1, column: 1, length: 0 };
  if (output.entries.length === 0 && !findings.hasErrors) findings.error(start, { code: 'empty', message: 'there is nothing in it that Tandem would do', remedy: 'give the file with vrrp_instance or virtual_server blocks' });
  const result = textOf(output, headOf(path, findings.list()));
  if (!findings.hasErrors) reportRejection(result, output, path, surroundings, findings);
  return { text: findings.hasErrors ? undefined : result, diagnostics: findings.list(), texts };
};

/** Of files that the result names: they need not be on the host that imports. */
const namesFile = new Set<PropertyKey | undefined>(['client_certificate', 'client_key', 'key_file']);

/** The result is a configuration that the daemon takes; what it does not take is said where it comes from. */
const reportRejection = (result: string, output: OutputMapping, path: string, { readText }: Surroundings, findings: Findings): void => {
  const loaded = parseConfiguration(result, path, { readText, readSecret: (name) => ({ text: readText(name), mode: 0o600 }), modeOf: () => 0o600 });
  if (loaded.ok) return;
  const pathAt = pathsIn(result);
  const lines = result.split('\n');
  for (const { severity, line, column, code, message, remedy } of loaded.diagnostics) {
    if (severity !== 'error') continue;
    const where = pathAt(line, column);
    const place = originOf(output, where) ?? { path, line: 1, column: 1, length: 0 };
    // other places too are named as they are in keepalived's files
    const said = message.replaceAll(/\bline (\d+)\b/g, (whole, other: string) => {
      const origin = originOf(output, pathAt(Number(other), (lines[Number(other) - 1] ?? '').search(/[^\s-]/) + 1));
      return origin === undefined ? whole : `line ${origin.line}${origin.path === place.path ? '' : ` of ${origin.path}`}`;
    });
    if (namesFile.has(where.at(-1))) findings.warn(place, { code, message: said, remedy: 'put the file in place before the daemon starts' });
    else findings.error(place, { code, message: `Tandem cannot take this: ${said}`, remedy });
  }
};

const headOf = (path: string, diagnostics: readonly Diagnostic[]): string =>
  [
    `Made from ${path} by \`tandem import keepalived\`.`,
    'Where the defaults of keepalived and Tandem differ, those of keepalived are written out: what is',
    'commented as such may go when you want Tandem\'s. Check it with `tandem check FILE`.',
    ...(diagnostics.length === 0 ? [] : ['', 'Not imported, or worth a look:', ...diagnostics.map(({ path: file, line, message }) => `  ${file}:${line}: ${oneLine(message)}`)]),
  ].join('\n');

const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+/g, ' ');
