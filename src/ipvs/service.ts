/** An IPVS service: what tells it from others, its settings, and its form in a message (IPVS_SVC_ATTR_*, linux/ip_vs.h). */
import { onceForEach } from '../config/once-for-each.js';
import { type Family, familyOf, formatEndpoint } from '../network/ip-address.js';
import { type Attribute, decodeAttributes, readString, readU16, readU32, string, u16, u16be, u32 } from '../network/netlink-attributes.js';
import { type Microseconds, Seconds, toSeconds } from '../time/microseconds.js';
import * as ipvs from './constants.js';
import { type Attributes, decodeAddress, decodeFamily, encodeAddress, encodeFamily, IpvsMessageError, required } from './message.js';

export type TransportProtocol = 'tcp' | 'udp' | 'sctp';

export interface AddressSelector {
  readonly protocol: TransportProtocol;
  /** dotted quad, or IPv6 as RFC 5952 writes it */
  readonly address: string;
  /** 0 = every port */
  readonly port: number;
}

/** All that bears a firewall mark. */
export interface MarkSelector {
  readonly family: Family;
  readonly fwmark: number;
}

export type ServiceSelector = AddressSelector | MarkSelector;

export interface ServiceSettings {
  /** name as `ipvsadm -s` takes it */
  readonly scheduler: string;
  readonly persistence:
    | {
        /** whole seconds */
        readonly timeout: Microseconds;
        /** dotted quad; for IPv6 the prefix length in decimal */
        readonly netmask: string;
      }
    | undefined;
  /** UDP: each packet is scheduled for itself */
  readonly onePacket: boolean;
  /** any of IP_VS_SVC_F_SCHED1 to 3 */
  readonly schedulerFlags: number;
  /** e.g. `sip` */
  readonly persistenceEngine: string | undefined;
}

export type AddressService = AddressSelector & ServiceSettings;
export type MarkService = MarkSelector & ServiceSettings;
export type Service = AddressService | MarkService;

const protocolNumbers: Readonly<Record<TransportProtocol, number>> = { tcp: 6, udp: 17, sctp: 132 };
const protocols = new Map(Object.entries(protocolNumbers).map(([name, number]) => [number, name as TransportProtocol]));
const schedulerFlags = ipvs.IP_VS_SVC_F_SCHED1 | ipvs.IP_VS_SVC_F_SCHED2 | ipvs.IP_VS_SVC_F_SCHED3;
const wholeMask = 0xffffffff;

const selectorFamily = (selector: ServiceSelector): Family => ('fwmark' in selector ? selector.family : familyOf(selector.address));

/** What the kernel tells services apart by, as text: one and the same for equal selectors. */
export const serviceKey = onceForEach((selector: ServiceSelector): string =>
  'fwmark' in selector ? `mark ${selector.fwmark} ${selector.family}` : `${formatEndpoint(selector.address, selector.port)}/${selector.protocol}`,
);

export const sameSettings = (a: ServiceSettings, b: ServiceSettings): boolean =>
  a.scheduler === b.scheduler &&
  a.persistence?.timeout === b.persistence?.timeout &&
  a.persistence?.netmask === b.persistence?.netmask &&
  a.onePacket === b.onePacket &&
  a.schedulerFlags === b.schedulerFlags &&
  a.persistenceEngine === b.persistenceEngine;

/** The attributes that select a service. */
export const encodeServiceSelector = (selector: ServiceSelector): readonly Attribute[] => {
  const family = { type: ipvs.IPVS_SVC_ATTR_AF, value: u16(encodeFamily(selectorFamily(selector))) };
  if ('fwmark' in selector) return [family, { type: ipvs.IPVS_SVC_ATTR_FWMARK, value: u32(selector.fwmark) }];
  return [
    family,
    { type: ipvs.IPVS_SVC_ATTR_PROTOCOL, value: u16(protocolNumbers[selector.protocol]) },
    { type: ipvs.IPVS_SVC_ATTR_ADDR, value: encodeAddress(selector.address) },
    { type: ipvs.IPVS_SVC_ATTR_PORT, value: u16be(selector.port) },
  ];
};

const encodeNetmask = (family: Family, netmask: string | undefined): Buffer => {
  if (family === 'ipv6') return u32(netmask === undefined ? 128 : Number(netmask));
  return netmask === undefined ? u32(wholeMask) : encodeAddress(netmask).subarray(0, 4);
};

export const encodeService = (service: Service): readonly Attribute[] => {
  const flags = (service.persistence ? ipvs.IP_VS_SVC_F_PERSISTENT : 0) | (service.onePacket ? ipvs.IP_VS_SVC_F_ONEPACKET : 0) | service.schedulerFlags;
  const attributes: Attribute[] = [
    ...encodeServiceSelector(service),
    { type: ipvs.IPVS_SVC_ATTR_SCHED_NAME, value: string(service.scheduler) },
    // struct ip_vs_flags { flags, mask }: all bits are ours to say, so an edit also clears
    { type: ipvs.IPVS_SVC_ATTR_FLAGS, value: Buffer.concat([u32(flags), u32(wholeMask)]) },
    { type: ipvs.IPVS_SVC_ATTR_TIMEOUT, value: u32(service.persistence ? Math.round(toSeconds(service.persistence.timeout)) : 0) },
    { type: ipvs.IPVS_SVC_ATTR_NETMASK, value: encodeNetmask(selectorFamily(service), service.persistence?.netmask) },
  ];
  if (service.persistenceEngine !== undefined) attributes.push({ type: ipvs.IPVS_SVC_ATTR_PE_NAME, value: string(service.persistenceEngine) });
  return attributes;
};

const decodeSelector = (family: Family, attributes: Attributes): ServiceSelector => {
  const mark = attributes.get(ipvs.IPVS_SVC_ATTR_FWMARK);
  if (mark && mark.length >= 4 && readU32(mark) !== 0) return { family, fwmark: readU32(mark) };
  const number = readU16(required(attributes, ipvs.IPVS_SVC_ATTR_PROTOCOL, 'the protocol', 2));
  const protocol = protocols.get(number);
  if (!protocol) throw new IpvsMessageError(`protocol ${number}`);
  return {
    protocol,
    address: decodeAddress(family, required(attributes, ipvs.IPVS_SVC_ATTR_ADDR, 'the address', 4)),
    port: required(attributes, ipvs.IPVS_SVC_ATTR_PORT, 'the port', 2).readUInt16BE(),
  };
};

/** The content of IPVS_CMD_ATTR_SERVICE. @throws IpvsMessageError, NetlinkFormatError */
export const decodeService = (content: Buffer): Service => {
  const attributes = decodeAttributes(content);
  const family = decodeFamily(readU16(required(attributes, ipvs.IPVS_SVC_ATTR_AF, 'the address family', 2)));
  const flags = readU32(required(attributes, ipvs.IPVS_SVC_ATTR_FLAGS, 'flags', 8));
  const netmask = required(attributes, ipvs.IPVS_SVC_ATTR_NETMASK, 'the netmask', 4);
  const engine = attributes.get(ipvs.IPVS_SVC_ATTR_PE_NAME);
  return {
    ...decodeSelector(family, attributes),
    scheduler: readString(required(attributes, ipvs.IPVS_SVC_ATTR_SCHED_NAME, 'the scheduler', 1)),
    persistence:
      (flags & ipvs.IP_VS_SVC_F_PERSISTENT) === 0
        ? undefined
        : {
            timeout: Seconds(readU32(required(attributes, ipvs.IPVS_SVC_ATTR_TIMEOUT, 'the persistence timeout', 4))),
            netmask: family === 'ipv6' ? String(readU32(netmask)) : decodeAddress('ipv4', netmask),
          },
    onePacket: (flags & ipvs.IP_VS_SVC_F_ONEPACKET) !== 0,
    schedulerFlags: flags & schedulerFlags,
    persistenceEngine: engine && readString(engine),
  };
};
