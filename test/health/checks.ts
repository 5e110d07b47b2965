/** Builders of checks and services for the tests of health. */
import type { DnsHealthCheck, HttpHealthCheck, PingHealthCheck, RealServerConfiguration, SmtpHealthCheck, TcpHealthCheck, TlsHealthCheck, UdpHealthCheck, VirtualServerConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';

const base = { address: '127.0.0.1', port: 80, source: undefined, interval: Seconds(2), timeout: Seconds(1), rise: 2, fall: 3 };
const trust = { serverName: undefined, verify: false, ca: undefined };

export const tcpCheck = (options: Partial<TcpHealthCheck> = {}): TcpHealthCheck => ({ ...base, type: 'tcp', ...options });
export const tlsCheck = (options: Partial<TlsHealthCheck> = {}): TlsHealthCheck => ({ ...base, ...trust, type: 'tls', ...options });
export const httpCheck = (options: Partial<HttpHealthCheck> = {}): HttpHealthCheck => ({
  ...base, ...trust, type: 'http', method: 'GET', path: '/', host: undefined, status: [[200, 299]], body: undefined, ...options,
});

export const udpCheck = (options: Partial<UdpHealthCheck> = {}): UdpHealthCheck => ({ ...base, type: 'udp', requireReply: options.expect !== undefined, ...options });
export const dnsCheck = (options: Partial<DnsHealthCheck> = {}): DnsHealthCheck => ({ ...base, type: 'dns', name: '.', recordType: 'SOA', protocol: 'udp', rcode: 'NOERROR', ...options });
export const smtpCheck = (options: Partial<SmtpHealthCheck> = {}): SmtpHealthCheck => ({ ...base, ...trust, type: 'smtp', helo: undefined, security: 'none', ...options });
export const pingCheck = (options: Partial<PingHealthCheck> = {}): PingHealthCheck => ({ ...base, type: 'ping', ...options, port: 0 });

/** A timeout short enough to wait for in a test. */
export const shortTimeout = Milliseconds(200);

export const realServer = (n: number, options: Partial<RealServerConfiguration> = {}): RealServerConfiguration => ({
  address: `10.0.0.${n}`, port: 80, forwarding: 'dr', weight: 1, healthCheck: tcpCheck({ address: `10.0.0.${n}` }), ...options,
});

export const virtualServer = (realServers: readonly RealServerConfiguration[], options: Partial<VirtualServerConfiguration> = {}): VirtualServerConfiguration => ({
  name: 'web-http', targets: [{ address: '192.168.50.100', port: 80 }], protocol: 'tcp', scheduler: 'wrr', schedulerFlags: [], onePacket: false, persistence: undefined, modules: [],
  quorum: { weight: 1, hysteresis: 0 }, sorryServer: undefined, onFailure: 'remove', realServers, ...options,
});
