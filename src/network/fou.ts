/** UDP ports on which the kernel unwraps GUE: the generic netlink family `fou` (linux/fou.h, linux/genetlink.h). */
import type { Family } from './ip-address.js';
import { type Attribute, decodeAttributes, encodeAttributes, readU16, readU16be, string, u16be, u8 } from './netlink-attributes.js';
import type { NetlinkMessage } from './netlink-channel.js';

const GENL_ID_CTRL = 0x10;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_VERSION = 2;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const FOU_VERSION = 1;
const FOU_CMD_ADD = 1;
const FOU_CMD_DEL = 2;
const FOU_CMD_GET = 3;
const FOU_ATTR_PORT = 1;
const FOU_ATTR_AF = 2;
const FOU_ATTR_TYPE = 4;
const FOU_ENCAP_GUE = 2;
const AF_INET = 2;
const AF_INET6 = 10;
const headerLength = 4;

/** A UDP port of one family. */
export interface FouPort {
  readonly family: Family;
  readonly port: number;
}

const message = (type: number, command: number, version: number, attributes: readonly Attribute[]): NetlinkMessage => ({
  type,
  flags: 0,
  payload: Buffer.concat([Buffer.from([command, version, 0, 0]), encodeAttributes(attributes)]), // struct genlmsghdr
});

/** The question for the family's number; refused with ENOENT where the module is not loaded. */
export const fouFamilyRequest = (): NetlinkMessage => message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_VERSION, [{ type: CTRL_ATTR_FAMILY_NAME, value: string('fou') }]);

/** @returns undefined for an answer without it. @throws NetlinkFormatError */
export const decodeFouFamily = ({ payload }: NetlinkMessage): number | undefined => {
  const id = decodeAttributes(payload.subarray(headerLength)).get(CTRL_ATTR_FAMILY_ID);
  return id && readU16(id);
};

const portAttributes = ({ family, port }: FouPort): readonly Attribute[] => [
  { type: FOU_ATTR_PORT, value: u16be(port) },
  { type: FOU_ATTR_AF, value: u8(family === 'ipv6' ? AF_INET6 : AF_INET) },
];

export const fouDump = (familyNumber: number): NetlinkMessage => message(familyNumber, FOU_CMD_GET, FOU_VERSION, []);

/** Unwraps GUE there. Refused with EADDRINUSE or EALREADY when someone has the port. */
export const guePortOpening = (familyNumber: number, port: FouPort): NetlinkMessage =>
  message(familyNumber, FOU_CMD_ADD, FOU_VERSION, [...portAttributes(port), { type: FOU_ATTR_TYPE, value: u8(FOU_ENCAP_GUE) }]);

export const fouPortClosing = (familyNumber: number, port: FouPort): NetlinkMessage => message(familyNumber, FOU_CMD_DEL, FOU_VERSION, portAttributes(port));

/** A row of the dump that unwraps GUE; undefined for another one. @throws NetlinkFormatError */
export const decodeGuePort = ({ payload }: NetlinkMessage): FouPort | undefined => {
  const attributes = decodeAttributes(payload.subarray(headerLength));
  const [port, family, type] = [FOU_ATTR_PORT, FOU_ATTR_AF, FOU_ATTR_TYPE].map((each) => attributes.get(each));
  if (!port || !family || type?.[0] !== FOU_ENCAP_GUE) return undefined;
  return { family: family[0] === AF_INET6 ? 'ipv6' : 'ipv4', port: readU16be(port) };
};
