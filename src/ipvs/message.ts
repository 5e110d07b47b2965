/** The outer form of an IPVS message: struct genlmsghdr and attributes, and the addresses inside. */
import { isIP } from 'node:net';
import { type Attribute, decodeAttributes, encodeAttributes } from '../network/netlink-attributes.js';

/** A message from the kernel that lacks what it must have. */
export class IpvsMessageError extends Error {
  readonly code = 'IPVS_MESSAGE';
  constructor(what: string) {
    super(`the kernel sent an IPVS message that cannot be read: ${what}`);
    this.name = 'IpvsMessageError';
  }
}

export interface Request {
  /** IPVS_CMD_* */
  readonly command: number;
  readonly attributes: readonly Attribute[];
}

/** Type -> content. */
export type Attributes = ReadonlyMap<number, Buffer>;

const headerLength = 4;

/** struct genlmsghdr (command, version, reserved), then the attributes. */
export const encodeMessage = (command: number, version: number, attributes: readonly Attribute[]): Buffer =>
  Buffer.concat([Buffer.from([command, version, 0, 0]), encodeAttributes(attributes)]);

/** @throws IpvsMessageError, NetlinkFormatError */
export const decodeMessage = (payload: Buffer): { readonly command: number; readonly attributes: Attributes } => {
  if (payload.length < headerLength) throw new IpvsMessageError(`${payload.length} octets, the header has ${headerLength}`);
  return { command: payload.readUInt8(0), attributes: decodeAttributes(payload.subarray(headerLength)) };
};

/** @throws IpvsMessageError when the attribute is absent or shorter than `length` */
export const required = (attributes: Attributes, type: number, name: string, length: number): Buffer => {
  const value = attributes.get(type);
  if (!value || value.length < length) throw new IpvsMessageError(`${name} is ${value ? `${value.length} octets long` : 'missing'}`);
  return value;
};

export type AddressFamily = 'ipv4' | 'ipv6';
const AF_INET = 2;
const AF_INET6 = 10;

export const familyOf = (address: string): AddressFamily => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
export const encodeFamily = (family: AddressFamily): number => (family === 'ipv6' ? AF_INET6 : AF_INET);
/** @throws IpvsMessageError */
export const decodeFamily = (number: number): AddressFamily => {
  if (number !== AF_INET && number !== AF_INET6) throw new IpvsMessageError(`address family ${number}`);
  return number === AF_INET6 ? 'ipv6' : 'ipv4';
};

/** RFC 5952 text without IPv4 notation: the URL standard's serializer writes exactly that. */
const canonicalIPv6 = (text: string): string => new URL(`http://[${text}]/`).hostname.slice(1, -1);

/** union nf_inet_addr: 16 octets, an IPv4 address in the first four. @throws RangeError for what is no address */
export const encodeAddress = (address: string): Buffer => {
  const octets = Buffer.alloc(16);
  switch (isIP(address)) {
    case 4: {
      let [octet, index] = [0, 0];
      for (const character of address) {
        if (character === '.') [octet, index] = [0, index + 1];
        else octets[index] = octet = 10 * octet + Number(character);
      }
      return octets;
    }
    case 6: {
      const [head = '', tail] = canonicalIPv6(address).split('::');
      const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
      groups(head).forEach((group, index) => octets.writeUInt16BE(Number.parseInt(group, 16), 2 * index));
      const last = groups(tail ?? '');
      last.forEach((group, index) => octets.writeUInt16BE(Number.parseInt(group, 16), 16 - 2 * (last.length - index)));
      return octets;
    }
    default:
      throw new RangeError(`not an IP address: ${address}`);
  }
};

/** @throws IpvsMessageError */
export const decodeAddress = (family: AddressFamily, octets: Buffer): string => {
  if (octets.length < (family === 'ipv6' ? 16 : 4)) throw new IpvsMessageError(`${octets.length} octets for an ${family} address`);
  if (family === 'ipv4') return octets.subarray(0, 4).join('.');
  return canonicalIPv6(Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(2 * index).toString(16)).join(':'));
};

export const formatEndpoint = (address: string, port: number): string => (familyOf(address) === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`);
