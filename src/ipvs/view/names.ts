/** How ipvsadm shows addresses and ports: as numbers, or by the names that the system has for them. */
import { encodeIPv6, familyOf } from '../../network/ip-address.js';

export interface Names {
  /** of an address; the address itself where it has no name */
  readonly host: (address: string) => string;
  /** @param protocol in small letters; undefined = any (the service of a firewall mark), which has no names */
  readonly port: (port: number, protocol: string | undefined) => string;
}

/** As inet_ntop(3) writes it: unlike RFC 5952 with a dotted quad in the end for all of ::/96 but ::/112. */
export const numericAddress = (address: string): string => {
  if (familyOf(address) === 'ipv4') return address;
  const octets = encodeIPv6(address);
  const isZero = (to: number): boolean => octets.subarray(0, to).every((octet) => octet === 0);
  const quad = octets.subarray(12).join('.');
  if (isZero(12) && octets.readUInt16BE(12) !== 0) return `::${quad}`;
  return isZero(10) && octets.readUInt16BE(10) === 0xffff ? `::ffff:${quad}` : address;
};

export const numeric: Names = { host: numericAddress, port: String };

/** ipvsadm has room for so many characters of a name with its port. */
const longestEndpoint = 59;

export const endpointText = (names: Names, address: string, port: number, protocol: string | undefined): string => {
  const host = names.host(address);
  return `${familyOf(address) === 'ipv6' ? `[${host}]` : host}:${names.port(port, protocol)}`.slice(0, longestEndpoint);
};

/** The names of ports in /etc/services (services(5)): `80/tcp` -> `http`; the first one counts. */
export const parseServiceNames = (text: string): ReadonlyMap<string, string> => {
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name = '', port = ''] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (/^\d+\/\w+$/.test(port) && !names.has(port)) names.set(port, name);
  }
  return names;
};
