/** The names of addresses and ports, as the system has them: /etc/hosts, DNS, /etc/services. */
import { lookup, lookupService } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { canonicalIPv6 } from '../../network/ip-address.js';
import { findServicePort, portNumber, splitEndpoint } from './endpoint.js';
import { type Names, numeric, parseServiceNames } from './names.js';

/** services(5); without the file ports have no names. */
const readServices = (): string => {
  try {
    return readFileSync('/etc/services', 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
};

/** An address or a port that has a name which nothing knows. */
export class UnknownNameError extends Error {
  readonly code = 'UNKNOWN_NAME';
  constructor(
    readonly kind: 'host' | 'port' | 'endpoint',
    readonly given: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'UnknownNameError';
  }
}

/**
 * What ipvsadm takes as an address with or without a port, in numbers; port undefined = none given.
 * @throws UnknownNameError
 */
export const resolveEndpoint = async (text: string, protocol: string): Promise<{ readonly address: string; readonly port: number | undefined }> => {
  const endpoint = splitEndpoint(text);
  if (!endpoint) throw new UnknownNameError('endpoint', text, `'${text}' is no address; it is to be like 192.0.2.10:80 or [2001:db8::10]:80`);
  const { host, bracketed, port } = endpoint;
  const number = port === undefined ? undefined : (portNumber(port) ?? findServicePort(readServices(), port, protocol));
  if (port !== undefined && number === undefined) throw new UnknownNameError('port', port, `'${port}' is no port: a number up to 65535, or the name of a ${protocol} service in /etc/services`);
  return { address: await addressOf(host, bracketed), port: number };
};

const addressOf = async (host: string, bracketed: boolean): Promise<string> => {
  if (isIP(host) !== 0) return isIP(host) === 6 ? canonicalIPv6(host) : host;
  // four numbers, but too large ones
  if (/^[\d.]+$/.test(host)) throw new UnknownNameError('endpoint', host, `'${host}' is no address`);
  try {
    return (await lookup(host, { family: bracketed ? 6 : 4 })).address;
  } catch (error) {
    throw new UnknownNameError('host', host, `'${host}' has no ${bracketed ? 'IPv6' : 'IPv4'} address (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`, { cause: error });
  }
};

/** Those of these addresses; one that has no name, or whose name server does not answer, stays a number. */
export const resolveNames = async (addresses: Iterable<string>): Promise<Names> => {
  const hosts = new Map<string, string>();
  await Promise.all(
    [...new Set(addresses)].map(async (address) => {
      try {
        hosts.set(address, (await lookupService(address, 0)).hostname);
      } catch {
        // no name: the number is shown
      }
    }),
  );
  const ports = parseServiceNames(readServices());
  return { host: (address) => hosts.get(address) ?? numeric.host(address), port: (port, protocol) => ports.get(`${port}/${protocol ?? ''}`) ?? String(port) };
};
