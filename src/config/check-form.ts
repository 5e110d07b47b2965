/** The keys of the checks that converse, in the file's own names: what file-form.ts adds to those that all checks have. */
import type { DnsHealthCheck, Expected, Octets, SmtpHealthCheck, TcpHealthCheck, UdpHealthCheck } from './check-model.js';
import { escapeText } from './escapes.js';
import type { FileMapping, FileValue } from './file-form.js';

const valueForm = (octets: Octets | Expected | undefined): FileValue => (octets === undefined ? undefined : octets.form === 'text' ? escapeText(octets.value) : { [octets.form]: octets.value });

export const tcpForm = ({ send, expect }: TcpHealthCheck): FileMapping => ({ send: valueForm(send), expect: valueForm(expect) });

export const udpForm = ({ send, expect, requireReply }: UdpHealthCheck): FileMapping => ({ send: valueForm(send), expect: valueForm(expect), require_reply: requireReply });

export const dnsForm = ({ name, recordType, protocol, rcode, answer }: DnsHealthCheck): FileMapping => ({ name, record_type: recordType, protocol, rcode, answer });

/** Without the keys of TLS. */
export const smtpForm = ({ helo, security }: SmtpHealthCheck): FileMapping => ({ helo, starttls: security === 'starttls', implicit_tls: security === 'implicit_tls' });
