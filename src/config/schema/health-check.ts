/** A `health_check:`. Every key is optional here: defaults come after a service's check is inherited by its servers. */
import { Milliseconds, Seconds } from '../../time/microseconds.js';
import { nearest } from '../nearest.js';
import { dnsDefaults, dnsKeys } from './check-dns.js';
import { smtpKeys } from './check-smtp.js';
import { exchangeKeys } from './exchange.js';
import { httpDefaults, httpKeys } from './http-check.js';
import { mapping, textual, union, type Output } from './kinds.js';
import { duration, flag, ipAddress, oneOf, port, someText, wholeNumber } from './values.js';
import { weighingDefaults, weighingKeys } from './weighing-checks.js';

export const checkTypes = ['none', 'tcp', 'udp', 'tls', 'http', 'https', 'dns', 'smtp', 'ping', 'script', 'file', 'agent'] as const;
export type CheckType = (typeof checkTypes)[number];

/** What a check has that neither says otherwise. One place: `default` in the JSON Schema (`lastDefault` here: zod fills in its own at once), and the completion. */
export const checkDefaults = { type: 'tcp', interval: '5s', timeout: '2s', rise: 2, fall: 3, probe: 'real_server', verify: false, ...dnsDefaults, ...httpDefaults, ...weighingDefaults } as const;

const http = ['http', 'https'] as const;
/** Those that make TCP connections. */
const connecting = ['tcp', 'tls', 'http', 'https', 'smtp', 'agent'] as const;
const withTls = ['tls', 'https', 'smtp'] as const;

/** Keys that only some types have; those not listed belong to every type that probes. */
export const keysOfTypes: Readonly<Record<string, readonly CheckType[]>> = {
  address: [...connecting, 'udp', 'dns', 'ping', 'script'],
  port: [...connecting, 'udp', 'dns', 'script'],
  source: [...connecting, 'udp', 'dns', 'ping'],
  mark: [...connecting, 'udp', 'dns', 'ping'],
  probe: ['tcp', 'udp', 'tls', 'http', 'https', 'dns', 'smtp'],
  send: ['tcp', 'udp', 'agent'],
  expect: ['tcp', 'udp'],
  require_reply: ['udp'],
  name: ['dns'],
  record_type: ['dns'],
  protocol: ['dns'],
  rcode: ['dns'],
  answer: ['dns'],
  helo: ['smtp'],
  starttls: ['smtp'],
  implicit_tls: ['smtp'],
  server_name: withTls,
  verify: withTls,
  ca: withTls,
  client_certificate: withTls,
  client_key: withTls,
  expiry_warning: withTls,
  ...Object.fromEntries(Object.keys(httpKeys).map((key) => [key, http])),
  command: ['script'],
  user: ['script'],
  weight_from: ['script'],
  file: ['file'],
  agent: ['tcp', 'udp', 'tls', 'http', 'https', 'dns', 'smtp', 'ping', 'script', 'file'],
};

/** What others call ours. */
const otherNames: Readonly<Record<string, CheckType>> = { icmp: 'ping', command: 'script', misc: 'script' };

/** A type that is no slip of one of ours is taken for one that is still to come (product.md leaves the list open). */
const checkType = () =>
  textual(
    `one of ${checkTypes.join(', ')}`,
    (text, fail): CheckType => {
      const known = checkTypes.find((each) => each === text);
      if (known !== undefined) return known;
      const comingTypes = ['sctp', 'bfd', 'grpc', 'ftp', 'mysql', 'redis', 'ldap'];
      const suggestion = comingTypes.includes(text) ? undefined : (otherNames[text] ?? nearest(text, checkTypes));
      return suggestion === undefined && /^[a-z][a-z0-9_-]*$/i.test(text) ? fail({ notSupported: `the health check type ${text.slice(0, 40)}` }) : fail({ suggestion });
    },
    { enum: checkTypes },
  );

/** What may stand in a TLS server_name extension: a DNS name, never an address (RFC 6066 3). */
const serverName = () =>
  textual('a DNS name such as www.example.org', (text, fail) =>
    text.length <= 253 && /^(?!.*\.\d+$)(?!\d+$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/i.test(text) ? text : fail(),
  );

const probeTime = () => duration({ from: Milliseconds(1), to: Seconds(86_400) });

export const healthCheckKeys = mapping({
  type: checkType()
    .optional()
    .describe("What the probe does: none (taken as healthy), tcp (connect, and converse if send or expect is given), udp, tls (handshake), http, https, dns, smtp, ping (ICMP echo), script (a program's exit status), file (what a file says), agent (HAProxy's agent-check)")
    .meta({ lastDefault: checkDefaults.type }),
  interval: probeTime().optional().describe('Time between two probes').meta({ lastDefault: checkDefaults.interval }),
  fast_interval: probeTime().optional().describe('Time between two probes while they do not agree with the verdict yet (after a first failure, or a first success), and while there is none; interval by default'),
  jitter: duration({ to: Seconds(3_600) }).optional().describe('Each probe starts up to so much later than its time, at random; not at all by default'),
  timeout: probeTime().optional().describe('A probe that has not ended by then has failed').meta({ lastDefault: checkDefaults.timeout }),
  rise: wholeNumber(1).optional().describe('Successes in a row before up').meta({ lastDefault: checkDefaults.rise }),
  fall: wholeNumber(1).optional().describe('Failures in a row before down').meta({ lastDefault: checkDefaults.fall }),
  probe: oneOf(['real_server', 'virtual_address'])
    .optional()
    .describe("What the probe asks: the real server's own address, or (dr, tun) the virtual address on that server, as the packets of clients reach it, so that a server without the virtual address is found")
    .meta({ lastDefault: checkDefaults.probe }),
  address: ipAddress().optional().describe("Where the probe goes; the real server's address by default, with probe: virtual_address the service's first one"),
  port: port().optional().describe("Where the probe goes; the real server's port by default"),
  source: ipAddress().optional().describe('Local address to probe from; the kernel chooses by default'),
  mark: wholeNumber(1, 0xffff_ffff).optional().describe('Firewall mark (SO_MARK) of the packets of a probe, for routing rules and filters of this host'),
  ...exchangeKeys,
  ...dnsKeys,
  ...smtpKeys,
  ...httpKeys,
  ...weighingKeys,
  server_name: serverName().optional().describe('tls, https, smtp: name to send (SNI), and to verify; none is sent by default'),
  verify: flag().optional().describe('tls, https, smtp: verify the certificate').meta({ lastDefault: checkDefaults.verify }),
  ca: someText('the path of a PEM file').optional().describe("tls, https, smtp: PEM file of the authorities to verify against instead of the system's; relative to this file's directory"),
  client_certificate: someText('the path of a PEM file').optional().describe("tls, https, smtp: PEM file of the certificate to show to the server, and of its chain; relative to this file's directory"),
  client_key: someText('the path of a PEM file').optional().describe("tls, https, smtp: PEM file of that certificate's private key, without a passphrase; relative to this file's directory"),
  expiry_warning: duration({ from: Seconds(3_600), to: Seconds(3_660 * 86_400) })
    .optional()
    .describe('tls, https, smtp: a certificate that expires within this time is a warning, in the log once and in status; the check succeeds'),
});

const noneOrMapping = 'none, or a mapping such as { type: http, path: /health }';

export const healthCheck = () =>
  union([textual(noneOrMapping, (text, fail): 'none' => (text === 'none' ? text : fail()), { const: 'none' }), healthCheckKeys], { error: noneOrMapping });

export type HealthCheckEntry = Output<ReturnType<typeof healthCheck>>;
export type HealthCheckKeys = Output<typeof healthCheckKeys>;
