/** The keys of health checks of type http and https. */
import { integer, list, mapping, noValue, number, record, string, textual, union, type Output } from './kinds.js';
import { oneOf, someText, wholeNumber } from './values.js';

export const httpDefaults = { method: 'GET', path: '/', status: '200-299', redirects: 0, http_version: '1.1' } as const;

const statusRule = 'status codes such as 200, "200-299,301" or [200, "300-399"]';
type StatusRange = readonly [number, number];

const readStatus = (text: string): readonly StatusRange[] | undefined => {
  const ranges: StatusRange[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (match === null || from < 100 || to < from) return undefined;
    ranges.push([from, to]);
  }
  return ranges;
};

const status = () => {
  const one = union([integer({ error: statusRule, from: 100, to: 999 }), string({ error: statusRule })], { error: statusRule });
  return union([one, list(one, statusRule).min(1, { error: statusRule })], { error: statusRule }).transform((input, context): readonly StatusRange[] => {
    const ranges = readStatus([input].flat().join(','));
    if (ranges !== undefined) return ranges;
    context.issues.push({ code: 'custom', input, message: statusRule, params: {} });
    return noValue;
  });
};

const bodyPattern = () =>
  textual(
    'a regular expression (JavaScript)',
    (text, fail) => {
      try {
        new RegExp(text);
        return text === '' ? fail() : text;
      } catch (error) {
        return fail({ problem: `body is no regular expression: ${error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error)}` });
      }
    },
    { format: 'regex' },
  );

/** RFC 9110 5.6.2 */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
/** What says how the message is framed, or has a key of its own. */
const ownHeaders = ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect', 'accept-encoding', 'http2-settings', 'proxy-connection'];
const headersRule = 'a mapping of names to texts such as { X-Probe: tandem }';
const headerName = () =>
  textual('the name of a header', (text, fail) => {
    if (ownHeaders.includes(text.toLowerCase())) return fail({ problem: `the header ${text} cannot be set`, key: true }, text.toLowerCase() === 'host' ? 'host as a key of its own' : 'another header: the probe sets this one itself');
    return token.test(text) ? text : fail();
  });
/** RFC 9110 5.5 */
const headerValue = () => textual('the text of a header, in one line of printable ASCII', (text, fail) => (/^[\t\x20-\x7e]{0,4000}$/.test(text) ? text.trim() : fail()));

const digestLengths = { sha256: 64, md5: 32 } as const;
const digest = () =>
  mapping({
    algorithm: oneOf(['sha256', 'md5']).prefault('sha256').describe('sha256, or md5 (the digest of keepalived)'),
    value: textual('the digest in hexadecimal digits', (text, fail) => (/^([0-9a-f]{32}|[0-9a-f]{64})$/i.test(text) ? text.toLowerCase() : fail())).describe('What sha256sum or md5sum says of the body: curl -s URL | sha256sum'),
  }).transform((input, context) => {
    const length = digestLengths[input.algorithm];
    if (input.value.length === length) return input;
    context.issues.push({ code: 'custom', input: input.value, path: ['value'], message: `${length} hexadecimal digits`, params: { problem: `the value has ${input.value.length} digits, one of ${input.algorithm} has ${length}` } });
    return noValue;
  });

const pathRule = 'a path that begins with "/", without spaces';
const path = () => textual(pathRule, (text, fail) => (/^\/[\x21-\x7e]*$/.test(text) ? text : fail()), { pattern: '^/' });

/** Of one URL. */
const requestKeys = {
  method: oneOf(['GET', 'HEAD', 'OPTIONS', 'POST']).optional().describe('http, https: request method').meta({ lastDefault: httpDefaults.method }),
  path: path().optional().describe('http, https: path and query of the request').meta({ lastDefault: httpDefaults.path }),
  host: textual('a host name, with or without a port', (text, fail) => (/^[\x21-\x7e]{1,255}$/.test(text) && !/[/\\?#@]/.test(text) ? text : fail()))
    .optional()
    .describe("http, https: Host header; the probe's address by default"),
  headers: record(headerName(), headerValue(), { error: headersRule }).optional().describe('http, https: more headers of the request; in log and status their values are masked'),
  request_body: someText('a text').optional().describe('http, https: what is sent with method: POST; masked in log and status'),
  status: status().optional().describe('http, https: accepted status codes: 200, "200-299,301" or a list').meta({ lastDefault: httpDefaults.status }),
  body: bodyPattern().optional().describe('http, https: regular expression (JavaScript) that must match in the first 64 KiB of the body'),
  digest: digest().optional().describe('http, https: SHA-256 or MD5 that the body (1 MiB at most) must have'),
};

const urlRule = 'a path such as /health, or a mapping such as { path: /health, status: 200 }';
const urlMapping = mapping({ ...requestKeys, path: path().describe('Path and query of the request') });
const url = () => union([path().transform((text): Output<typeof urlMapping> => ({ path: text })), urlMapping], { error: urlRule });

const versionRule = '1.1 or 2';
const version = () =>
  union([number({ error: versionRule }), string({ error: versionRule })], { error: versionRule }).transform((input, context): '1.1' | '2' => {
    const text = String(input);
    if (text === '1.1' || text === '2') return text;
    context.issues.push({ code: 'custom', input, message: versionRule, params: {} });
    return noValue;
  });

export const httpKeys = {
  ...requestKeys,
  urls: list(url(), `a list of URLs: ${urlRule}`)
    .min(1, { error: 'one URL at least' })
    .max(100, { error: '100 URLs at most' })
    .optional()
    .describe('http, https: several URLs in place of path, all of which must be right; what one does not say it has from the check, but for path, body and digest'),
  redirects: wholeNumber(0, 10).optional().describe('http, https: redirects that are followed, if they lead to the same server; 0 = an answer like another').meta({ lastDefault: httpDefaults.redirects }),
  http_version: version().optional().describe('http, https: 1.1 or 2 (http: with prior knowledge)').meta({ lastDefault: httpDefaults.http_version }),
};

/** Of what stands at `urls`, only these have no sense for the check as a whole. */
export const keysOfUrls = ['path', 'body', 'digest'] as const;
