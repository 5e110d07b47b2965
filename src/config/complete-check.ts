/** The last defaults of the checks that converse: what complete.ts adds to the keys that all checks have. */
import type { DnsHealthCheck, SmtpHealthCheck, TcpHealthCheck, UdpHealthCheck } from './check-model.js';
import type { HealthCheckBase, TlsSettings } from './model.js';
import { dnsDefaults } from './schema/check-dns.js';
import type { CheckKeys } from './inherit-check.js';

/** Absent where there is nothing: a check that only connects is the same as ever. */
const exchange = ({ send, expect }: CheckKeys): Pick<TcpHealthCheck, 'send' | 'expect'> => ({ ...(send && { send }), ...(expect && { expect }) });

export const completeTcp = (base: HealthCheckBase, keys: CheckKeys): TcpHealthCheck => ({ type: 'tcp', ...base, ...exchange(keys) });

export const completeUdp = (base: HealthCheckBase, keys: CheckKeys): UdpHealthCheck => ({ type: 'udp', ...base, ...exchange(keys), requireReply: keys.require_reply ?? keys.expect !== undefined });

export const completeDns = (base: HealthCheckBase, keys: CheckKeys): DnsHealthCheck => ({
  type: 'dns',
  ...base,
  name: keys.name ?? dnsDefaults.name,
  recordType: keys.record_type ?? dnsDefaults.record_type,
  protocol: keys.protocol ?? dnsDefaults.protocol,
  rcode: keys.rcode ?? dnsDefaults.rcode,
  ...(keys.answer === undefined ? {} : { answer: keys.answer }),
});

export const completeSmtp = (base: HealthCheckBase, keys: CheckKeys, tls: TlsSettings): SmtpHealthCheck => ({
  type: 'smtp',
  ...base,
  ...tls,
  helo: keys.helo,
  security: keys.implicit_tls ? 'implicit_tls' : keys.starttls ? 'starttls' : 'none',
});
