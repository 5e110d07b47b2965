/** Service and server addresses as ipvsadm takes them: `10.0.0.100:80`, `[fd00::100]:http`, `vip.example.org`. The text is taken apart here, names are looked up elsewhere. Pure. */
import { isIP, isIPv6 } from 'node:net';

export interface Endpoint {
  /** an address, or a name */
  readonly host: string;
  /** a name in brackets has an IPv6 address */
  readonly bracketed: boolean;
  /** a number or a name; undefined = none given */
  readonly port: string | undefined;
}

/** Undefined = it is none. */
export const splitEndpoint = (text: string): Endpoint | undefined => {
  if (isIPv6(text)) return { host: text, bracketed: true, port: undefined };
  const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(.+))?$/.exec(text) ?? [];
  const host = inBrackets ?? plain;
  if (host === undefined || (inBrackets !== undefined && isIP(inBrackets) === 4)) return undefined;
  return { host, bracketed: inBrackets !== undefined, port };
};

/** A port, from 0 to 65535, or undefined. */
export const portNumber = (text: string): number | undefined => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined);

/** The port that /etc/services (services(5)) has for a name or an alias. */
export const findServicePort = (services: string, name: string, protocol: string): number | undefined => {
  for (const line of services.split('\n')) {
    const [first = '', port = '', ...aliases] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if ([first, ...aliases].includes(name) && port.endsWith(`/${protocol}`)) return portNumber(port.slice(0, port.indexOf('/')));
  }
  return undefined;
};
