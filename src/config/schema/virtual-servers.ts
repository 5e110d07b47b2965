/** The `virtual_servers:` section: services and their real servers. */
import { z } from 'zod';
import { Seconds } from '../../time/microseconds.js';
import { schedulers, type ForwardingMethod } from '../model.js';
import { healthCheck } from './health-check.js';
import { duration, ipv4, later, list, mapping, named, netmask, oneOf, wholeNumber } from './values.js';

const forwardingRule = 'dr, nat or tun; or a mapping such as { method: tun, type: ipip }';
const methods = ['dr', 'nat', 'tun'] as const;
const notYet = { fullnat: 'forwarding by full NAT' };

const forwarding = () =>
  z.union(
    [
      oneOf(methods, notYet),
      mapping({
        method: oneOf(methods, notYet).describe('dr (direct routing), nat, tun (IP in IP tunnel)'),
        type: oneOf(['ipip'], { gre: 'tunnels of type gre', gue: 'tunnels of type gue' }).optional().describe('tun: kind of tunnel'),
      }).transform(({ method, type }, context): ForwardingMethod => {
        if (type === undefined || method === 'tun') return method;
        context.issues.push({ code: 'custom', input: type, path: ['type'], message: 'method: tun with it, or leave type out', params: { problem: `type belongs to tunnels; the method is ${method}` } });
        return z.NEVER;
      }),
    ],
    { error: forwardingRule },
  );

/** IPVS counts persistence in whole seconds; IP_VS_TEMPLATE_TIMEOUT is 360. */
const persistenceTimeout = () => duration({ from: Seconds(1), to: Seconds(31 * 86_400), step: Seconds(1) });
const persistenceDefaults = { timeout: '360s', netmask: '255.255.255.255' } as const;
const persistenceKeys = mapping({
  timeout: persistenceTimeout().prefault(persistenceDefaults.timeout).describe('A client stays with its server until so long after its last connection; whole seconds'),
  netmask: netmask().prefault(persistenceDefaults.netmask).describe('Clients whose addresses agree under this mask count as one'),
});
const persistence = () =>
  z
    .union([z.boolean(), persistenceTimeout(), persistenceKeys], { error: 'true (360s), a duration, or a mapping such as { timeout: 360s, netmask: 255.255.255.255 }' })
    .transform((value) => {
      if (value === false) return undefined;
      if (value === true) return persistenceKeys.parse({});
      return typeof value === 'number' ? { ...persistenceKeys.parse({}), timeout: value } : value;
    });

const weight = () => wholeNumber(0, 65_535);

export const realServer = mapping({
  address: ipv4().describe('Address of the server'),
  port: wholeNumber(0, 65_535).optional().describe("Port; the service's by default. Only NAT can map ports"),
  weight: weight().prefault(1).describe('Share of the requests; 0 = no new connections'),
  forwarding: forwarding().optional().describe("Forwarding method of this server; the service's by default"),
  health_check: healthCheck().optional().describe("Health check of this server: what it does not say it inherits from the service's"),
});

export const virtualServer = mapping({
  name: named().describe('Name of the service: in the log and in status'),
  address: ipv4().describe('Virtual IP address of the service'),
  port: wholeNumber(0, 65_535).describe('Port; 0 = every port, which needs persistence'),
  protocol: oneOf(['tcp', 'udp'], { sctp: 'SCTP' }).prefault('tcp').describe('Transport protocol'),
  scheduler: oneOf(schedulers).prefault('wlc').describe('Scheduling algorithm of IPVS'),
  forwarding: forwarding().describe('How packets reach the real servers: dr (direct routing), nat or tun (IP in IP)'),
  persistence: persistence().optional().describe('Keep a client on its server: a mapping, a duration, or true (360s)'),
  quorum: mapping({
    weight: wholeNumber(0).prefault(1).describe('Sum of the weights of healthy servers that the service needs; under it the sorry server takes over'),
    hysteresis: wholeNumber(0).prefault(0).describe('The sum must pass the quorum by this much to count as gained or lost'),
  })
    .prefault({})
    .describe('When the service counts as up'),
  sorry_server: mapping({
    address: ipv4().describe('Address of the sorry server'),
    port: wholeNumber(0, 65_535).optional().describe("Port; the service's by default"),
    forwarding: forwarding().optional().describe("Forwarding method; the service's by default"),
  })
    .optional()
    .describe('Takes the requests while the quorum is lost'),
  on_failure: oneOf(['remove', 'weight_zero']).prefault('remove').describe('What happens to a failed server: out of the table, or weight 0 (its connections go on)'),
  health_check: healthCheck().optional().describe('Health check that every real server inherits, key by key'),
  real_servers: list(realServer, 'a list of real servers').prefault([]).describe('The servers that do the work'),
  fwmark: later('a service by firewall mark'),
  family: later('a service by firewall mark'),
  addresses: later('a group of addresses in one service'),
});

