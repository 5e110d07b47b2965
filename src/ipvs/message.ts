/** The outer form of an IPVS message: struct genlmsghdr and attributes, and the addresses inside. */
import { isIP } from 'node:net';
import { decodeIPv4, decodeIPv6, encodeIPv6, type Family } from '../network/ip-address.js';
import { IPVS_GENL_VERSION } from './constants.js';
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
export const encodeMessage = (command: number, version: number, attributes: readonly Attribute[]): Buffer => encodeAttributes(attributes, [command, version, 0, 0]);

export const encodeRequest = ({ command, attributes }: Request): Buffer => encodeMessage(command, IPVS_GENL_VERSION, attributes);

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

const AF_INET = 2;
const AF_INET6 = 10;

export const encodeFamily = (family: Family): number => (family === 'ipv6' ? AF_INET6 : AF_INET);
/** @throws IpvsMessageError */
export const decodeFamily = (number: number): Family => {
  if (number !== AF_INET && number !== AF_INET6) throw new IpvsMessageError(`address family ${number}`);
  return number === AF_INET6 ? 'ipv6' : 'ipv4';
};

/** union nf_inet_addr: 16 octets, an IPv4 address in the first four. @throws RangeError for what is no address */
export const encodeAddress = (address: string): Buffer => {
  switch (isIP(address)) {
    case 4: {
      const octets = Buffer.allocUnsafe(16).fill(0);
      let [octet, index] = [0, 0];
      for (const character of address) {
        if (character === '.') [octet, index] = [0, index + 1];
        else octets[index] = octet = 10 * octet + Number(character);
      }
      return octets;
    }
    case 6:
      return encodeIPv6(address);
    default:
      throw new RangeError(`not an IP address: ${address}`);
  }
};

/** @throws IpvsMessageError */
export const decodeAddress = (family: Family, octets: Buffer): string => {
  if (octets.length < (family === 'ipv6' ? 16 : 4)) throw new IpvsMessageError(`${octets.length} octets for an ${family} address`);
  return family === 'ipv4' ? decodeIPv4(octets) : decodeIPv6(octets);
};
