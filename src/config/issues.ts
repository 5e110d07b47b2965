/** What the schema objects to, in the words of the file. */
import type { z } from 'zod';
import type { Path, SourceDocument } from './document.js';
import { nearest } from './nearest.js';
import type { Report } from './report.js';
import { knownKeys, mappingAt } from './schema-walk.js';
import type { IssueDetails } from './schema/kinds.js';

type Issue = z.core.$ZodIssue;

/** Reports every issue at its place. */
export const reportIssues = (issues: readonly Issue[], schema: z.core.$ZodType, document: SourceDocument, report: Report): void => {
  for (const issue of issues) reportIssue(issue, [], schema, document, report);
};

const reportIssue = (issue: Issue, base: Path, schema: z.core.$ZodType, document: SourceDocument, report: Report): void => {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const here = mappingAt(schema, document.value, path);
    for (const key of issue.keys) reportUnknownKey([...path, key], key, here === undefined ? [] : knownKeys(here), report);
    return;
  }
  if (issue.code === 'invalid_union') {
    const branch = meantBranch(issue.errors);
    if (branch !== undefined) {
      for (const inner of branch) reportIssue(inner, path, schema, document, report);
      return;
    }
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues[0];
    const { problem }: IssueDetails = inner?.code === 'custom' ? (inner.params ?? {}) : {};
    report(path, { code: 'invalid_value', message: problem ?? `${shownKey(String(path.at(-1)))} cannot stand here`, remedy: `give ${inner?.message ?? 'another name'}`, at: 'key' });
    return;
  }
  const details: IssueDetails = issue.code === 'custom' ? (issue.params ?? {}) : {};
  const name = nameOf(path);
  if (details.notSupported !== undefined) {
    report(path, { code: 'not_supported', message: `not supported by this version yet: ${details.notSupported}`, remedy: details.key ? `remove ${name}` : `give ${issue.message}`, at: details.key ? 'key' : 'value' });
  } else if (!document.has(path)) reportMissing(path, name, issue.message, document, report);
  else {
    const shown = document.shown(path);
    const quote = issue.code === 'invalid_type' && issue.expected === 'string' && /^[^[{]/.test(shown) && !/^(a|nothing)\b/.test(shown) ? ', in quotes' : '';
    const hint = details.suggestion === undefined ? '' : `did you mean ${details.suggestion}? `;
    report(path, { code: 'invalid_value', message: details.problem ?? `${name} cannot be ${shown}`, remedy: `${hint}give ${issue.message}${quote}` });
  }
};

/** Of a union's branches the one that was meant: whose own kind of value stands there. */
const meantBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined => branches.find((branch) => branch.length > 0 && !branch.some((issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || (issue.code === 'invalid_union' && meantBranch(issue.errors) === undefined))));

const reportUnknownKey = (path: Path, key: string, known: readonly string[], report: Report): void => {
  const suggestion = nearest(key, known);
  const hint = key === '<<' ? 'merge keys are not part of YAML 1.2: write the keys out. ' : suggestion === undefined ? '' : `did you mean ${suggestion}? `;
  report(path, { code: 'unknown_key', message: `unknown key ${shownKey(key)}`, remedy: `${hint}known here: ${known.join(', ')}`, at: 'key' });
};

const shownKey = (key: string): string => (/^[\w.-]{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, 60)));

const reportMissing = (path: Path, name: string, expected: string, document: SourceDocument, report: Report): void => {
  // a service that is said by mark or group has its error there
  const siblings = path.slice(0, -1);
  if ((name === 'address' || name === 'port') && ['fwmark', 'addresses'].some((key) => document.has([...siblings, key]))) return;
  report(siblings, { code: 'missing_key', message: `${name} is missing`, remedy: `add ${name}: ${expected}` });
};

/** `priority`; of an item, `an item of virtual_addresses`. */
const nameOf = (path: Path): string => {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  return typeof last === 'number' ? `an item of ${String(path.findLast((part) => typeof part === 'string') ?? 'the file')}` : String(last);
};
