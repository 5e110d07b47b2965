/** Keywords of `url` in HTTP_GET and SSL_GET. */
import type { UrlDraft } from '../drafts.js';
import type { BlockTable } from '../keyword.js';
import { argument, hostName, invalid } from '../values.js';
import { assign } from './assign.js';

export const urlTable: BlockTable<UrlDraft> = {
  block: 'url',
  keywords: [
    {
      names: ['path'],
      becomes: 'path',
      most: 1,
      read: (statement, draft, findings) => {
        const path = argument(statement, findings);
        if (path === undefined) return;
        const text = path.text.startsWith('/') ? path.text : `/${path.text}`;
        if (/^\/[\x21-\x7e]*$/.test(text)) draft.path = text;
        else invalid(path, 'a path of printable ASCII without spaces', findings);
      },
    },
    {
      names: ['digest'],
      becomes: 'digest: { algorithm: md5 }',
      most: 1,
      read: (statement, draft, findings) => {
        const digest = argument(statement, findings);
        if (digest === undefined) return;
        if (/^[0-9a-f]{32}$/i.test(digest.text)) draft.digest = digest.text.toLowerCase();
        else invalid(digest, 'an MD5 digest of 32 hexadecimal digits', findings);
      },
    },
    {
      names: ['status_code'],
      becomes: 'status',
      read: (statement, draft, findings) => {
        const ranges = statement.args.flatMap((token) => (/^[1-9]\d\d(-[1-9]\d\d)?$/.test(token.text) ? [token.text] : (invalid(token, 'a status code or a range of them', findings) ?? [])));
        if (ranges.length > 0) draft.status = ranges.join(',');
      },
    },
    { names: ['virtualhost'], becomes: 'host', most: 1, read: (statement, draft, findings) => assign(draft, 'virtualHost', hostName(statement, findings)) },
    {
      names: ['regex'],
      becomes: 'body',
      most: 1,
      read: (statement, draft, findings) => {
        const regex = argument(statement, findings);
        if (regex === undefined || regex.text === '') return;
        try {
          new RegExp(regex.text);
          draft.regex = regex.text;
        } catch {
          findings.warn(regex.place, { code: 'not_supported', message: 'this regular expression is not imported: it is none of JavaScript', remedy: 'write body in the syntax of JavaScript' });
        }
      },
    },
    { names: ['regex_no_match'], becomes: 'body, in (?!...)', read: (_, draft) => void (draft.negated = true) },
    { names: ['regex_options'], reason: 'a regular expression of JavaScript has no such options here', remedy: 'write body so that it needs none, [Oo][Kk] for caseless' },
    { names: ['regex_stack', 'regex_min_offset', 'regex_max_offset'], reason: 'the first 64 KiB of a body are searched', remedy: 'nothing is to be done' },
    { names: ['tls_compliant'], reason: 'a server that ends the connection without close_notify is no failure', remedy: 'nothing is to be done' },
  ],
};
