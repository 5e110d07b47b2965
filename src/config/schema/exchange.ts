/** `send`, `expect` and `require_reply` of health checks over TCP and UDP: octets that are sent, and what an answer must hold. */
import type { Octets } from '../check-model.js';
import { octetPattern, unescapeText } from '../escapes.js';
import { mapping, noValue, textual, union, type IssueDetails, type Refinement } from './kinds.js';
import { flag } from './values.js';

/** What is sent fits into one datagram over any network; what is expected, into what is read. */
const mostOctets = 1_024;

const escapeRule = 'text whose backslashes are \\r, \\n, \\t, \\\\ or \\x00 to \\x7f ({ hex: "..." } for other octets)';
const hexRule = 'pairs of hexadecimal digits such as "50 49 4e 47"';
const base64Rule = 'base64 such as UElORw==';

const withinLimit = (octets: Octets): boolean => Buffer.byteLength(octets.value, octets.form === 'text' ? 'utf8' : octets.form) <= mostOctets;
const lengthRule = `at most ${mostOctets} octets, and one at least`;

const text = () =>
  textual(escapeRule, (input, fail): Octets => {
    const value = unescapeText(input);
    if (value === undefined) return fail();
    const octets: Octets = { form: 'text', value };
    return value !== '' && withinLimit(octets) ? octets : fail({}, lengthRule);
  });

const hex = () => textual(hexRule, (input, fail) => (/^\s*([0-9a-f]{2}\s*)+$/i.test(input) ? input.replaceAll(/\s/g, '').toLowerCase() : fail()));
const base64 = () => textual(base64Rule, (input, fail) => (/^(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?$/i.test(input) && input !== '' ? input : fail()));
const regex = () =>
  textual(
    'a regular expression (JavaScript)',
    (input, fail) => {
      try {
        octetPattern(input);
        return input === '' ? fail() : input;
      } catch (error) {
        return fail({ problem: `regex is no regular expression: ${error instanceof Error ? error.message.replace(/^Invalid regular expression: (\/.*\/\w*: )?/s, '') : String(error)}` });
      }
    },
    { format: 'regex' },
  );

const binaryKeys = {
  hex: hex().optional().describe('The octets in hexadecimal digits; spaces do not count'),
  base64: base64().optional().describe('The octets in base64'),
};

const sendRule = 'text, or one of { hex: "..." } and { base64: "..." }';
const expectRule = 'text, or one of { hex: "..." }, { base64: "..." } and { regex: "..." }';

/** The one key that a mapping has. */
const oneForm = <Form extends string>(value: Readonly<Partial<Record<Form, string | undefined>>>): { readonly form: Form; readonly value: string } | undefined => {
  const [first, ...others] = (Object.keys(value) as Form[]).flatMap((form) => (value[form] === undefined ? [] : [{ form, value: value[form] }]));
  return others.length === 0 ? first : undefined;
};

const exactlyOne = <Form extends string>(rule: string) => (value: Readonly<Partial<Record<Form, string | undefined>>>, context: Refinement): { readonly form: Form; readonly value: string } => {
  if (context.issues.hasAny()) return noValue; // an unknown key is reported already
  const found = oneForm(value);
  if (found !== undefined && (found.form === 'regex' || withinLimit(found as Octets))) return found;
  const params: IssueDetails = found === undefined ? {} : { problem: `${found.form} is too long` };
  context.issues.push({ code: 'custom', input: value, message: found === undefined ? rule : lengthRule, params: { ...params } });
  return noValue;
};

/** Octets that are sent. */
export const send = () => union([text(), mapping(binaryKeys).transform(exactlyOne<'hex' | 'base64'>(sendRule))], { error: sendRule });
const expect = () =>
  union([text(), mapping({ ...binaryKeys, regex: regex().optional().describe('Regular expression (JavaScript) that must match in the answer, octet by octet: \\x9c is the octet') }).transform(exactlyOne<'hex' | 'base64' | 'regex'>(expectRule))], { error: expectRule });

export const exchangeKeys = {
  send: send().optional().describe('tcp, udp, agent: what is sent: text (\\r, \\n and the like are understood), { hex: ... } or { base64: ... }; with udp an empty datagram by default'),
  expect: expect().optional().describe('tcp, udp: what the answer must hold within its first 64 KiB: text, { hex: ... }, { base64: ... } or { regex: ... }'),
  require_reply: flag().optional().describe('udp: whether silence until the timeout is a failure; by default it is if expect is given. Without, only an ICMP error fails the probe'),
};
