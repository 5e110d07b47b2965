/** `tandem import ipvsadm FILE`: rules as ipvsadm -S writes and ipvsadm -R reads them, turned into a tandem.yaml. */
import { createReadStream } from 'node:fs';
import { text as readText } from 'node:stream/consumers';
import { type Diagnostic, withoutMark } from '../../config/diagnostic.js';
import { formatDiagnostics } from '../../config/format-diagnostics.js';
import { parseConfiguration } from '../../config/parse.js';
import { inWords } from '../../control/in-words.js';
import { resolveEndpoint } from '../../ipvs/view/resolve.js';
import { type Conversion, ImportError, type Importer } from '../conversion.js';
import { writeImported } from './configuration.js';
import { parseLine, type Remark } from './parse.js';
import type { Resolve } from './read.js';
import { TableBuilder } from './table.js';

export const importIpvsadm: Importer = async (file) => {
  let text: string;
  try {
    text = await readText(file === '-' ? process.stdin : createReadStream(file));
  } catch (error) {
    throw new ImportError(`${file === '-' ? 'standard input' : file} cannot be read: ${inWords(error)}`, { cause: error });
  }
  // nothing of it would be for a terminal
  if (/[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(text)) throw new ImportError(`${file === '-' ? 'standard input' : file} is no text in UTF-8: give what ipvsadm -Sn prints`);
  return convertRules(withoutMark(text), file === '-' ? 'standard input' : file, resolveEndpoint);
};

/** @param file what messages call it */
export const convertRules = async (text: string, file: string, resolve: Resolve): Promise<Conversion> => {
  const builder = new TableBuilder(resolve);
  const remarks: Remark[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const parsed = parseLine(line, index + 1);
    remarks.push(...parsed.remarks);
    if (parsed.rule) await builder.apply(parsed.rule);
  }
  const { table } = builder;
  const written = writeImported(table, file);
  remarks.push(...table.remarks, ...written.remarks);
  const isWrong = remarks.some(({ severity }) => severity === 'error');
  if (!isWrong && table.services.length === 0) remarks.push({ severity: 'error', code: 'empty', line: 1, column: 1, length: 0, message: 'there is no service in it', remedy: 'give what ipvsadm -Sn prints' });
  const messages = formatDiagnostics(remarks.toSorted((a, b) => a.line - b.line || a.column - b.column).map((remark) => ({ ...remark, path: file })), text);
  if (isWrong || table.services.length === 0) return { configuration: undefined, messages };
  const wrong = problemsOf(written.text);
  if (wrong.length === 0) return { configuration: written.text, messages };
  return { configuration: undefined, messages: `${messages}${formatDiagnostics(wrong, written.text)}` };
};

/** What `tandem check` would find wrong: rules that ipvsadm and Tandem see differently. */
const problemsOf = (text: string): readonly Diagnostic[] => {
  const result = parseConfiguration(text, '(the imported configuration)');
  return result.ok ? [] : result.diagnostics.filter(({ severity }) => severity === 'error');
};
