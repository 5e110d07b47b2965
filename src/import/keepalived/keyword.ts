/** The table of keywords: what each is in tandem.yaml, or why it is nothing there. It drives the conversion, and the README shows it. */
import { nearest } from '../../config/nearest.js';
import type { Findings } from './findings.js';
import type { Statement } from './tree.js';

/** A keyword that becomes something, or needs nothing. `Draft` is what its block is gathered in. */
export interface Known<Draft> {
  /** the first is the usual one */
  readonly names: readonly [string, ...string[]];
  /** key of tandem.yaml, or in words what it is there */
  readonly becomes: string;
  /** arguments that it has at most; more are not looked at, which is worth a warning */
  readonly most?: number;
  readonly read: (statement: Statement, draft: Draft, findings: Findings) => void;
}

/** A keyword without a counterpart: each use is a warning. */
export interface Missing {
  readonly names: readonly [string, ...string[]];
  /** a sentence without its subject's name, such as `Tandem has no SNMP` */
  readonly reason: string;
  /** what to do */
  readonly remedy: string;
}

export type Keyword<Draft> = Known<Draft> | Missing;

/** Of one kind of block. */
export interface BlockTable<Draft> {
  /** as the README and warnings call it */
  readonly block: string;
  readonly keywords: readonly Keyword<Draft>[];
}

export const isMissing = <Draft>(keyword: Keyword<Draft>): keyword is Missing => 'reason' in keyword;

export const warnMissing = ({ place, keyword }: Statement, reason: string, remedy: string, findings: Findings): void =>
  findings.warn(place, { code: 'not_supported', message: `${keyword} is not imported: ${reason}`, remedy });

/** Keywords whose lines are not repeated in messages. */
const secrets: ReadonlySet<string> = new Set(['auth_pass', 'key', 'password']);

/** Reads every statement of a block into its draft; what the table does not know is a warning. */
export const readBlock = <Draft>(table: BlockTable<Draft>, statements: readonly Statement[], draft: Draft, findings: Findings): void => {
  const byName = indexOf(table);
  for (const statement of statements) {
    const keyword = byName.get(statement.keyword);
    if (keyword === undefined) warnUnknown(statement, table, findings);
    else if (isMissing(keyword)) warnMissing(statement, keyword.reason, keyword.remedy, findings);
    else {
      const extra = keyword.most === undefined ? undefined : statement.args[keyword.most];
      if (extra !== undefined) {
        findings.warn(extra.place, { code: 'doubtful', message: `${secrets.has(statement.keyword) ? 'something' : extra.text} stands behind ${statement.keyword} on one line, where keepalived does not look`, remedy: 'put it on a line of its own if it is meant, and import again' });
      }
      keyword.read(statement, draft, findings);
    }
  }
};

const indexes = new WeakMap<object, ReadonlyMap<string, Keyword<never>>>();

const indexOf = <Draft>(table: BlockTable<Draft>): ReadonlyMap<string, Keyword<Draft>> => {
  const before = indexes.get(table);
  if (before !== undefined) return before as ReadonlyMap<string, Keyword<Draft>>;
  const index = new Map(table.keywords.flatMap((keyword) => keyword.names.map((name) => [name, keyword] as const)));
  indexes.set(table, index as ReadonlyMap<string, Keyword<never>>);
  return index;
};

const warnUnknown = <Draft>({ keyword, place }: Statement, table: BlockTable<Draft>, findings: Findings): void => {
  const suggestion = nearest(keyword, [...indexOf(table).keys()]);
  findings.warn(place, {
    code: 'unknown_key',
    message: `there is no keyword ${keyword.slice(0, 60) || '""'} in ${table.block}`,
    remedy: `${suggestion === undefined ? '' : `did you mean ${suggestion}? `}it is left out, as keepalived leaves it out`,
  });
};
