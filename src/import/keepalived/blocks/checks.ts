/** The checkers of a real server, and their keywords. */
import { recordTypes } from '../../../config/check-model.js';
import { readCommand } from '../command.js';
import type { CheckDraft, CheckType, RealServerDraft, UrlDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import { type BlockTable, type Keyword, readBlock } from '../keyword.js';
import { address, argument, flag, hostName, integer, invalid, matching, seconds, userName } from '../values.js';
import { assign } from './assign.js';
import { probeKeywords } from './probe.js';
import { urlTable } from './url.js';

const connection: readonly Keyword<CheckDraft>[] = [
  { names: ['connect_ip'], becomes: 'health_check.address', most: 1, read: (statement, draft, findings) => assign(draft, 'connectAddress', address(statement, findings)) },
  { names: ['connect_port'], becomes: 'health_check.port', most: 1, read: (statement, draft, findings) => assign(draft, 'connectPort', integer(statement, { from: 1, to: 65_535 }, findings)) },
  { names: ['bindto', 'bind_to'], becomes: 'health_check.source', most: 1, read: (statement, draft, findings) => assign(draft, 'source', address(statement, findings)) },
  { names: ['bind_if', 'bind_port'], reason: 'a probe leaves by the interface and the port that the kernel chooses', remedy: 'give source, or a mark with a routing rule' },
  { names: ['fwmark'], becomes: 'health_check.mark', most: 1, read: (statement, draft, findings) => assign(draft, 'mark', integer(statement, { from: 1, to: 0xffff_ffff }, findings)) },
];
const rhythm: readonly Keyword<CheckDraft>[] = [
  ...probeKeywords<CheckDraft>(),
  { names: ['log_all_failures'], reason: 'the log tells of verdicts, status of the last failure', remedy: 'log: { level: debug }' },
];

export const tcpTable: BlockTable<CheckDraft> = { block: 'TCP_CHECK', keywords: [...connection, ...rhythm] };
export const pingTable: BlockTable<CheckDraft> = { block: 'PING_CHECK', keywords: [...connection, ...rhythm] };

const readUrl = (draft: CheckDraft, statement: Parameters<Extract<Keyword<CheckDraft>, { becomes: string }>['read']>[0], findings: Findings): void => {
  const url: UrlDraft = { place: statement.place };
  draft.urls.push(url);
  readBlock(urlTable, statement.block ?? [], url, findings);
};

export const httpTable: BlockTable<CheckDraft> = {
  block: 'HTTP_GET, SSL_GET',
  keywords: [
    { names: ['url'], becomes: 'health_check.path, or urls[] where there are several', read: (statement, draft, findings) => readUrl(draft, statement, findings) },
    { names: ['virtualhost'], becomes: 'health_check.host', most: 1, read: (statement, draft, findings) => assign(draft, 'virtualHost', hostName(statement, findings)) },
    { names: ['enable_sni'], becomes: 'health_check.server_name (the virtualhost)', most: 1, read: (statement, draft, findings) => assign(draft, 'sendsName', flag(statement, findings)) },
    { names: ['sni_name'], becomes: 'health_check.server_name', most: 1, read: (statement, draft, findings) => assign(draft, 'serverName', argument(statement, findings)?.text) },
    { names: ['http_protocol'], reason: 'requests are HTTP/1.1 with Connection: close', remedy: 'nothing is to be done, unless the server insists on HTTP/1.0' },
    { names: ['fast_recovery'], becomes: 'nothing: all urls are asked for at each probe', read: () => undefined },
    { names: ['tls_compliant'], reason: 'a server that ends the connection without close_notify is no failure', remedy: 'nothing is to be done' },
    ...connection,
    ...rhythm,
  ],
};

const hostTable: BlockTable<CheckDraft> = { block: 'host', keywords: connection };

export const smtpTable: BlockTable<CheckDraft> = {
  block: 'SMTP_CHECK',
  keywords: [
    { names: ['helo_name'], becomes: 'health_check.helo', most: 1, read: (statement, draft, findings) => assign(draft, 'helo', matching(statement, /^(?=.{1,253}$)(\[[\w.:-]+\]|[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*)$/i, 'the name of a host', findings)) },
    {
      names: ['host'],
      becomes: 'health_check.address, port, source (the first one)',
      read: ({ place, block = [] }, draft, findings) => {
        if (draft.connectAddress !== undefined || draft.connectPort !== undefined || draft.source !== undefined) findings.warn(place, { code: 'not_supported', message: 'this host is not imported: a check goes to one address', remedy: 'make a script that checks all of them (type: script), where they matter' });
        else readBlock(hostTable, block, draft, findings);
      },
    },
    ...connection,
    ...rhythm,
  ],
};

export const dnsTable: BlockTable<CheckDraft> = {
  block: 'DNS_CHECK',
  keywords: [
    {
      names: ['type'],
      becomes: 'health_check.record_type',
      most: 1,
      read: (statement, draft, findings) => {
        const type = argument(statement, findings);
        if (type === undefined) return;
        if (recordTypes.some((known) => known === type.text.toUpperCase())) draft.recordType = type.text.toUpperCase();
        else invalid(type, `one of ${recordTypes.join(', ')}`, findings);
      },
    },
    { names: ['name'], becomes: 'health_check.name', most: 1, read: (statement, draft, findings) => assign(draft, 'queryName', matching(statement, /^(\.|(?=.{1,254}$)[\x21-\x2d\x2f-\x5b\x5d-\x7e]{1,63}(\.[\x21-\x2d\x2f-\x5b\x5d-\x7e]{1,63})*\.?)$/, 'a domain name', findings)) },
    ...connection,
    ...rhythm,
  ],
};

export const miscTable: BlockTable<CheckDraft> = {
  block: 'MISC_CHECK',
  keywords: [
    { names: ['misc_path'], becomes: 'health_check.command', most: 1, read: (statement, draft, findings) => assign(draft, 'command', readCommand(statement, findings)) },
    { names: ['misc_timeout'], becomes: 'health_check.timeout', most: 1, read: (statement, draft, findings) => assign(draft, 'scriptTimeout', seconds(statement, { from: 0.001, to: 86_400 }, findings)) },
    { names: ['misc_dynamic'], becomes: 'health_check.weight_from: exit_status', most: 1, read: (statement, draft, findings) => assign(draft, 'dynamic', flag(statement, findings)) },
    { names: ['user'], becomes: 'health_check.user', most: 2, read: (statement, draft, findings) => assign(draft, 'user', userName(statement, findings)) },
    ...rhythm,
  ],
};

const hexadecimal = (text: string, digit: RegExp): string | undefined => {
  // keepalived fills a lone digit up with a zero before it
  const octets = text.split(/\s+/).flatMap((part) => part.match(/..?/g) ?? []).map((octet) => octet.padStart(2, '0').toLowerCase());
  return octets.length > 0 && octets.every((octet) => digit.test(octet)) ? octets.join('') : undefined;
};

export const udpTable: BlockTable<CheckDraft> = {
  block: 'UDP_CHECK',
  keywords: [
    {
      names: ['payload'],
      becomes: 'health_check.send: { hex }',
      read: (statement, draft, findings) => {
        const first = argument(statement, findings);
        if (first === undefined) return;
        const payload = hexadecimal(statement.args.map(({ text }) => text).join(' '), /^[0-9a-f]{2}$/);
        if (payload === undefined) invalid(first, 'hexadecimal digits', findings);
        else draft.payload = payload;
      },
    },
    {
      names: ['require_reply'],
      becomes: 'health_check.require_reply, expect',
      read: (statement, draft, findings) => {
        draft.requireReply = true;
        const [first] = statement.args;
        if (first === undefined) return;
        const reply = hexadecimal(statement.args.map(({ text }) => text).join(' '), /^[0-9a-fx]{2}$/);
        if (reply === undefined) invalid(first, 'hexadecimal digits, or X for any', findings);
        else draft.reply = reply;
      },
    },
    { names: ['min_reply_length', 'max_reply_length'], reason: 'the length of a reply is not looked at', remedy: 'give expect: { regex: ... }, where it matters' },
    ...connection,
    ...rhythm,
  ],
};

const check = (keyword: string, type: CheckType, table: BlockTable<CheckDraft>): Keyword<RealServerDraft> => ({
  names: [keyword],
  becomes: `health_check: { type: ${type} }`,
  read: ({ place, block = [] }, server, findings) => {
    const draft: CheckDraft = { type, keyword, place, urls: [] };
    readBlock(table, block, draft, findings);
    server.checks.push(draft);
  },
});

export const checkKeywords: readonly Keyword<RealServerDraft>[] = [
  check('TCP_CHECK', 'tcp', tcpTable),
  check('HTTP_GET', 'http', httpTable),
  check('SSL_GET', 'https', httpTable),
  check('SMTP_CHECK', 'smtp', smtpTable),
  check('DNS_CHECK', 'dns', dnsTable),
  check('MISC_CHECK', 'script', miscTable),
  check('PING_CHECK', 'ping', pingTable),
  check('UDP_CHECK', 'udp', udpTable),
  { names: ['FILE_CHECK'], reason: "keepalived's file holds a number that is added to the weight, Tandem's a word or the weight itself", remedy: 'give health_check: { type: file, file: ... } and let the file say up, down, drain or a weight' },
  { names: ['BFD_CHECK'], reason: 'Tandem has no BFD', remedy: 'give another check, such as { type: ping, interval: 200ms, timeout: 100ms }' },
];
