/** rtnetlink messages for routing rules: struct fib_rule_hdr (linux/fib_rules.h). Pure. */
import type { RuleAction, RuleConfiguration } from '../config/routing-model.js';
import { decodeIPv4, decodeIPv6, type Family } from './ip-address.js';
import { type Attribute, decodeAttributes, encodeAttributes, readString, readU32, string, u32, u8 } from './netlink-attributes.js';
import type { NetlinkMessage } from './netlink-channel.js';
import { familyNumbers, familyOfNumber, ourProtocol, shortTable, splitNetwork } from './route.js';

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;
export const RTNLGRP_IPV4_RULE = 8;
export const RTNLGRP_IPV6_RULE = 19;

const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const headerLength = 12;
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_PROTOCOL = 21;
const everyBit = 0xffffffff;

const actions: Readonly<Record<RuleAction, number>> = { lookup: 1, blackhole: 6, unreachable: 7, prohibit: 8 };

/** A rule as the kernel describes it. */
export interface KernelRule {
  readonly family: Family;
  readonly protocol: number;
  readonly priority: number;
  /** networks with their length */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly iif: string | undefined;
  readonly oif: string | undefined;
  readonly mark: number;
  readonly mask: number;
  /** FR_ACT_* */
  readonly action: number;
  readonly table: number;
}

const payload = ({ family, priority, from, to, iif, oif, fwmark, action, table = 0 }: RuleConfiguration): Buffer => {
  const source = from === undefined ? undefined : splitNetwork(from);
  const destination = to === undefined ? undefined : splitNetwork(to);
  const header = Buffer.from([familyNumbers[family], destination?.prefixLength ?? 0, source?.prefixLength ?? 0, 0, shortTable(table), 0, 0, actions[action], 0, 0, 0, 0]);
  const attributes: readonly (Attribute | undefined)[] = [
    destination?.prefixLength ? { type: FRA_DST, value: destination.address } : undefined,
    source?.prefixLength ? { type: FRA_SRC, value: source.address } : undefined,
    iif === undefined ? undefined : { type: FRA_IIFNAME, value: string(iif) },
    oif === undefined ? undefined : { type: FRA_OIFNAME, value: string(oif) },
    fwmark && { type: FRA_FWMARK, value: u32(fwmark.mark) },
    fwmark?.mask === undefined ? undefined : { type: FRA_FWMASK, value: u32(fwmark.mask) },
    table > 255 ? { type: FRA_TABLE, value: u32(table) } : undefined,
    { type: FRA_PRIORITY, value: u32(priority) },
    { type: FRA_PROTOCOL, value: u8(ourProtocol) },
  ];
  return Buffer.concat([header, encodeAttributes(attributes.filter((attribute) => attribute !== undefined))]);
};

/** Refused with EEXIST when it is there: without that flag the kernel would take it twice. */
export const ruleAddition = (rule: RuleConfiguration): NetlinkMessage => ({ type: RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL, payload: payload(rule) });

/** Only of ours: the protocol must agree. Refused with ENOENT when it is not there. */
export const ruleDeletion = (rule: RuleConfiguration): NetlinkMessage => ({ type: RTM_DELRULE, flags: 0, payload: payload(rule) });

export const ruleDump = (family: Family): NetlinkMessage => ({ type: RTM_GETRULE, flags: 0, payload: Buffer.from([familyNumbers[family], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) });

/** RTM_NEWRULE or RTM_DELRULE; undefined for another family. */
export const decodeRule = ({ payload: message }: Pick<NetlinkMessage, 'payload'>): KernelRule | undefined => {
  if (message.length < headerLength) return undefined;
  const family = familyOfNumber(message.readUInt8(0));
  if (family === undefined) return undefined;
  const attributes = decodeAttributes(message.subarray(headerLength));
  const network = (type: number, length: number): string | undefined => {
    const octets = attributes.get(type);
    if (octets?.length !== (family === 'ipv4' ? 4 : 16)) return undefined;
    return `${family === 'ipv4' ? decodeIPv4(octets) : decodeIPv6(octets)}/${length}`;
  };
  const text = (type: number): string | undefined => {
    const octets = attributes.get(type);
    return octets && readString(octets);
  };
  const number = (type: number): number | undefined => {
    const octets = attributes.get(type);
    return octets && readU32(octets);
  };
  const mark = number(FRA_FWMARK);
  return {
    family,
    protocol: attributes.get(FRA_PROTOCOL)?.[0] ?? 0,
    priority: number(FRA_PRIORITY) ?? 0,
    from: network(FRA_SRC, message.readUInt8(2)),
    to: network(FRA_DST, message.readUInt8(1)),
    iif: text(FRA_IIFNAME),
    oif: text(FRA_OIFNAME),
    mark: mark ?? 0,
    mask: mark === undefined ? 0 : (number(FRA_FWMASK) ?? everyBit),
    action: message.readUInt8(7),
    table: number(FRA_TABLE) ?? message.readUInt8(4),
  };
};

const noWide = (network: string | undefined): string | undefined => (network?.endsWith('/0') ? undefined : network);

/** Whether what is there is this rule of ours. */
export const isRule = (rule: RuleConfiguration, there: KernelRule): boolean =>
  there.protocol === ourProtocol &&
  rule.family === there.family &&
  rule.priority === there.priority &&
  noWide(rule.from) === there.from &&
  noWide(rule.to) === there.to &&
  rule.iif === there.iif &&
  rule.oif === there.oif &&
  (rule.fwmark?.mark ?? 0) === there.mark &&
  (rule.fwmark === undefined ? 0 : (rule.fwmark.mask ?? everyBit)) === there.mask &&
  actions[rule.action] === there.action &&
  (rule.table ?? 0) === there.table;
