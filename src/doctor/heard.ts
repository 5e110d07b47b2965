/** Who is heard for an instance, whatever becomes of it. Pure. */
import type { InstanceConfiguration } from '../config/model.js';
import { familyOf } from '../network/ip-address.js';
import { instanceFamily } from '../vrrp/family.js';
import { peek } from '../vrrp/packet.js';
import { decodeIPv4Packet, decodeIPv6Packet } from '../vrrp/receive.js';
import type { Facts, HeardPacket } from './facts.js';

export const isOwn = ({ hardwareAddress }: HeardPacket, { host }: Pick<Facts, 'host'>): boolean => host.links.some((link) => link.hardwareAddress === hardwareAddress && link.hardwareAddress !== '');

/** Senders of packets with the instance's VRID and family, this host excepted. */
export const sendersOf = (facts: Pick<Facts, 'vrrp' | 'host'>, instance: InstanceConfiguration): readonly { readonly source: string; readonly hardwareAddress: string }[] => {
  const found = facts.vrrp.flatMap((heard) => {
    if (heard.interface !== instance.interface || isOwn(heard, facts)) return [];
    const ip = decodeIPv4Packet(heard.packet) ?? decodeIPv6Packet(heard.packet);
    if (!ip || familyOf(ip.source) !== instanceFamily(instance) || peek(ip.payload)?.virtualRouterId !== instance.virtualRouterId) return [];
    return [{ source: ip.source, hardwareAddress: heard.hardwareAddress }];
  });
  return [...new Map(found.map((sender) => [`${sender.source} ${sender.hardwareAddress}`, sender])).values()];
};
