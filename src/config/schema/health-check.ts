/** A `health_check:`. Every key is optional here: defaults come after a service's check is inherited by its servers. */
import { z } from 'zod';
import { Milliseconds, Seconds } from '../../time/microseconds.js';
import { nearest } from '../nearest.js';
import { dnsDefaults, dnsKeys } from './check-dns.js';
import { smtpKeys } from './check-smtp.js';
import { exchangeKeys } from './exchange.js';
import { duration, flag, ipAddress, mapping, oneOf, port, someText, textual, wholeNumber } from './values.js';

export const checkTypes = ['none', 'tcp', 'udp', 'tls', 'http', 'https', 'dns', 'smtp', 'ping'] as const;
export type CheckType = (typeof checkTypes)[number];

/** What a check has that neither says otherwise. One place: `default` in the JSON Schema (`lastDefault` here: zod fills in its own at once), and the completion. */
export const checkDefaults = { type: 'tcp', interval: '5s', timeout: '2s', rise: 2, fall: 3, method: 'GET', path: '/', status: '200-299', verify: false, ...dnsDefaults } as const;

/** Keys that only some types have; those not listed belong to every type that probes. */
export const keysOfTypes: Readonly<Record<string, readonly CheckType[]>> = {
  port: ['tcp', 'udp', 'tls', 'http', 'https', 'dns', 'smtp'],
  send: ['tcp', 'udp'],
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
  server_name: ['tls', 'https', 'smtp'],
  verify: ['tls', 'https', 'smtp'],
  ca: ['tls', 'https', 'smtp'],
  method: ['http', 'https'],
  path: ['http', 'https'],
  host: ['http', 'https'],
  status: ['http', 'https'],
  body: ['http', 'https'],
};

/** A type that is no slip of one of ours is taken for one that is still to come (product.md leaves the list open). */
const checkType = () =>
  textual(
    `one of ${checkTypes.join(', ')}`,
    (text, fail): CheckType => {
      const known = checkTypes.find((each) => each === text);
      if (known !== undefined) return known;
      const comingTypes = ['sctp', 'script', 'command', 'file', 'bfd', 'grpc', 'ftp', 'mysql', 'redis', 'ldap'];
      const suggestion = comingTypes.includes(text) ? undefined : text === 'icmp' ? 'ping' : nearest(text, checkTypes);
      return suggestion === undefined && /^[a-z][a-z0-9_-]*$/i.test(text) ? fail({ notSupported: `the health check type ${text.slice(0, 40)}` }) : fail({ suggestion });
    },
    { enum: checkTypes },
  );

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
  const one = z.union([z.int({ error: statusRule }).min(100, { error: statusRule }).max(999, { error: statusRule }), z.string({ error: statusRule })], { error: statusRule });
  return z.union([one, z.array(one, { error: statusRule }).min(1, { error: statusRule })], { error: statusRule }).transform((input, context): readonly StatusRange[] => {
    const ranges = readStatus([input].flat().join(','));
    if (ranges !== undefined) return ranges;
    context.issues.push({ code: 'custom', input, message: statusRule, params: {} });
    return z.NEVER;
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

/** What may stand in a TLS server_name extension: a DNS name, never an address (RFC 6066 3). */
const serverName = () =>
  textual('a DNS name such as www.example.org', (text, fail) =>
    text.length <= 253 && /^(?!.*\.\d+$)(?!\d+$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/i.test(text) ? text : fail(),
  );

const probeTime = () => duration({ from: Milliseconds(1), to: Seconds(86_400) });

export const healthCheckKeys = mapping({
  type: checkType().optional().describe('What the probe does: none (taken as healthy), tcp (connect, and converse if send or expect is given), udp, tls (handshake), http, https, dns, smtp, ping (ICMP echo)').meta({ lastDefault: checkDefaults.type }),
  interval: probeTime().optional().describe('Time between two probes').meta({ lastDefault: checkDefaults.interval }),
  timeout: probeTime().optional().describe('A probe that has not ended by then has failed').meta({ lastDefault: checkDefaults.timeout }),
  rise: wholeNumber(1).optional().describe('Successes in a row before up').meta({ lastDefault: checkDefaults.rise }),
  fall: wholeNumber(1).optional().describe('Failures in a row before down').meta({ lastDefault: checkDefaults.fall }),
  address: ipAddress().optional().describe("Where the probe goes; the real server's address by default"),
  port: port().optional().describe("Where the probe goes; the real server's port by default"),
  source: ipAddress().optional().describe('Local address to probe from; the kernel chooses by default'),
  ...exchangeKeys,
  ...dnsKeys,
  ...smtpKeys,
  method: oneOf(['GET', 'HEAD', 'OPTIONS', 'POST']).optional().describe('http, https: request method').meta({ lastDefault: checkDefaults.method }),
  path: textual('a path that begins with "/", without spaces', (text, fail) => (/^\/[\x21-\x7e]*$/.test(text) ? text : fail()), { pattern: '^/' })
    .optional()
    .describe('http, https: path and query of the request')
    .meta({ lastDefault: checkDefaults.path }),
  host: textual('a host name, with or without a port', (text, fail) => (/^[\x21-\x7e]{1,255}$/.test(text) && !/[/\\?#@]/.test(text) ? text : fail()))
    .optional()
    .describe("http, https: Host header; the probe's address by default"),
  status: status().optional().describe('http, https: accepted status codes: 200, "200-299,301" or a list').meta({ lastDefault: checkDefaults.status }),
  body: bodyPattern().optional().describe('http, https: regular expression (JavaScript) that must match in the first 64 KiB of the body'),
  server_name: serverName().optional().describe('tls, https, smtp: name to send (SNI), and to verify; none is sent by default'),
  verify: flag().optional().describe('tls, https, smtp: verify the certificate').meta({ lastDefault: checkDefaults.verify }),
  ca: someText('the path of a PEM file').optional().describe("tls, https, smtp: PEM file of the authorities to verify against instead of the system's; relative to this file's directory"),
});

const noneOrMapping = 'none, or a mapping such as { type: http, path: /health }';

export const healthCheck = () =>
  z.union([textual(noneOrMapping, (text, fail): 'none' => (text === 'none' ? text : fail()), { const: 'none' }), healthCheckKeys], { error: noneOrMapping });

export type HealthCheckEntry = z.output<ReturnType<typeof healthCheck>>;
export type HealthCheckKeys = z.output<typeof healthCheckKeys>;
