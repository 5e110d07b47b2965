/** DNS messages of the `dns` check, by the package dns-packet: the question, and what an answer is worth. */
import packet, { type Answer } from 'dns-packet';
import type { DnsHealthCheck } from '../config/check-model.js';
import { escapeText } from '../config/escapes.js';
import { canonicalIPv6 } from '../network/ip-address.js';
import type { ProbeResult } from './state.js';

type Asked = Pick<DnsHealthCheck, 'name' | 'recordType' | 'rcode' | 'answer'>;

/** RFC 1035 4.1.1 */
const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;

/** `id`: 0..65535 */
export const encodeQuery = ({ name, recordType }: Asked, id: number): Buffer =>
  packet.encode({ type: 'query', id, flags: packet.RECURSION_DESIRED, questions: [{ name, type: recordType, class: 'IN' }] });

/** `other`: no answer to this query, as a late one to an earlier query; to be ignored. `truncated`: to be asked for again over TCP (RFC 7766 5). */
export type Reading = { readonly type: 'other'; readonly why: string } | { readonly type: 'truncated' } | { readonly type: 'judged'; readonly result: ProbeResult };

export const readResponse = (message: Buffer, asked: Asked, id: number): Reading => {
  if (message.length < 12) return { type: 'judged', result: { ok: false, reason: `the answer is no DNS message: it has ${message.length} octets` } };
  if (message.readUInt16BE(0) !== id) return { type: 'other', why: 'an answer with another id' };
  const flags = message.readUInt16BE(2);
  if ((flags & RESPONSE) === 0) return { type: 'other', why: 'a query' };
  if ((flags & TRUNCATED) !== 0) return { type: 'truncated' };
  try {
    return judge(message, asked);
  } catch (error) {
    return { type: 'judged', result: { ok: false, reason: `the answer cannot be read: ${error instanceof Error ? error.message : String(error)}` } };
  }
};

const judge = (message: Buffer, asked: Asked): Reading => {
  const { questions = [], answers = [], ...header } = packet.decode(message);
  // @types/dns-packet does not know of it
  const { rcode } = header as { readonly rcode?: string };
  if (questions.some(({ name, type }) => name.toLowerCase() !== asked.name.toLowerCase() || type !== asked.recordType)) return { type: 'other', why: 'an answer to another question' };
  const judged = (result: ProbeResult): Reading => ({ type: 'judged', result });
  if (rcode !== asked.rcode) return judged({ ok: false, reason: `response code ${String(rcode)}, expected ${asked.rcode}` });
  if (asked.answer === undefined) return judged({ ok: true, detail: `${asked.rcode}, ${answers.length} ${answers.length === 1 ? 'record' : 'records'}` });
  const found = answers.filter(({ type }) => type === asked.recordType).map(dataOf);
  const wanted = comparable(asked.answer, asked.recordType);
  if (found.some((data) => comparable(data, asked.recordType) === wanted)) return judged({ ok: true, detail: `${asked.rcode}, answer ${asked.answer}` });
  const others = found.length === 0 ? `no record of type ${asked.recordType}` : `${escapeText(found.slice(0, 3).join(', ').slice(0, 200))}${found.length > 3 ? ', ...' : ''}`;
  return judged({ ok: false, reason: `answer is ${others}, expected ${asked.answer}` });
};

/** As a zone file writes it (RFC 1035 5.1), without quotes and final dots. */
const dataOf = (answer: Answer): string => {
  switch (answer.type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return answer.data;
    case 'MX':
      return `${answer.data.preference ?? 0} ${answer.data.exchange}`;
    case 'SRV':
      return `${answer.data.priority ?? 0} ${answer.data.weight ?? 0} ${answer.data.port} ${answer.data.target}`;
    case 'TXT':
      return [answer.data].flat().map(String).join('');
    case 'CAA':
      return `${answer.data.flags ?? 0} ${answer.data.tag} ${answer.data.value}`;
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = answer.data;
      return [mname, rname, serial, refresh, retry, expire, minimum].join(' ');
    }
    default:
      return '';
  }
};

/** Equal for data that mean the same: names know no case (RFC 4343), an IPv6 address has many forms. */
const comparable = (data: string, type: Asked['recordType']): string => {
  const text = data.trim();
  if (type === 'TXT' || type === 'CAA') return text.replaceAll('"', '');
  if (type === 'AAAA') return canonicalIPv6(text);
  return text.toLowerCase().split(/\s+/).map((field) => field.replace(/(?<=.)\.$/, '')).join(' ');
};
