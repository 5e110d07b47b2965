/** The table of keywords as the README shows it, made of the tables that the importer itself goes by. */
import { authenticationTable, hmacTable } from './blocks/authentication.js';
import { dnsTable, httpTable, miscTable, smtpTable, tcpTable, udpTable } from './blocks/checks.js';
import { globalTable } from './blocks/global.js';
import { instanceTable } from './blocks/instance.js';
import { realServerTable } from './blocks/real-server.js';
import { syncGroupTable } from './blocks/sync-group.js';
import { tlsTable } from './blocks/tls.js';
import { scriptTable, trackFileTable, trackProcessTable } from './blocks/track.js';
import { urlTable } from './blocks/url.js';
import { serviceTable } from './blocks/virtual-server.js';
import { type BlockTable, isMissing, type Keyword } from './keyword.js';
import { topTable } from './top.js';

/** One row: keywords of a block, and what they are in tandem.yaml. */
export interface Row {
  readonly block: string;
  readonly keywords: readonly string[];
  readonly becomes: string;
}

const rowOf = <Draft>(block: string, keyword: Keyword<Draft>): Row => ({ block, keywords: keyword.names, becomes: isMissing(keyword) ? `**not imported**: ${keyword.reason}; ${keyword.remedy}` : keyword.becomes });

const rowsOf = <Draft>({ block, keywords }: BlockTable<Draft>): readonly Row[] => keywords.map((keyword) => rowOf(block, keyword));

/** What connects and how often is alike in all checkers: it stands once. */
const ofAllCheckers = new Set(tcpTable.keywords.flatMap(({ names }) => names));
const checkerRows = <Draft>(table: BlockTable<Draft>): readonly Row[] => rowsOf(table).filter(({ keywords }) => !keywords.every((name) => ofAllCheckers.has(name)));

export const rows = (): readonly Row[] => [
  ...rowsOf({ ...topTable, block: 'top level' }),
  ...rowsOf(globalTable),
  ...rowsOf(scriptTable),
  ...rowsOf(trackFileTable),
  ...rowsOf(trackProcessTable),
  ...rowsOf(syncGroupTable),
  ...rowsOf(instanceTable),
  ...rowsOf(authenticationTable),
  ...rowsOf(hmacTable),
  ...rowsOf(serviceTable),
  ...rowsOf(realServerTable),
  ...rowsOf({ ...tcpTable, block: 'every checker' }),
  ...[httpTable, smtpTable, dnsTable, miscTable, udpTable].flatMap(checkerRows),
  ...rowsOf(urlTable),
  ...rowsOf(tlsTable),
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Rows of one block whose meaning is the same stand together. */
const joined = (all: readonly Row[]): readonly Row[] => {
  const found = new Map<string, Row>();
  for (const row of all) {
    const key = `${row.block}\n${row.becomes}`;
    const before = found.get(key);
    found.set(key, before === undefined ? row : { ...before, keywords: [...before.keywords, ...row.keywords] });
  }
  return [...found.values()];
};

/** Markdown, with a line end behind its last row. */
export const keywordTable = (): string =>
  ['| block | keyword | in tandem.yaml |', '|---|---|---|', ...joined(rows()).map(({ block, keywords, becomes }) => `| ${cell(block)} | ${keywords.map((name) => `\`${name}\``).join(' ')} | ${cell(becomes)} |`)].join('\n') + '\n';

export const tableBegin = '<!-- keywords of keepalived: written by npm run build -->\n';
export const tableEnd = '<!-- end of the keywords of keepalived -->\n';

/** The text of the README with the table between its markers as it should be; undefined where a marker is missing. */
export const withTable = (readme: string): string | undefined => {
  const [start, end] = [readme.indexOf(tableBegin), readme.indexOf(tableEnd)];
  return start < 0 || end < start ? undefined : readme.slice(0, start + tableBegin.length) + keywordTable() + readme.slice(end);
};
