/** The family of an instance: that of the addresses that it advertises (others may be held beside them). Pure. */
import type { InstanceConfiguration } from '../config/model.js';
import { type Family, familyOf } from '../network/ip-address.js';

export const instanceFamily = ({ virtualAddresses }: Pick<InstanceConfiguration, 'virtualAddresses'>): Family => {
  const [first] = virtualAddresses.filter(({ advertise }) => advertise);
  return first ? familyOf(first.address) : 'ipv4';
};

/** What the macvlan of a virtual MAC address is called unless the file says otherwise: as keepalived does. */
export const virtualMacInterface = (family: Family, virtualRouterId: number): string => `${family === 'ipv4' ? 'vrrp' : 'vrrp6'}.${virtualRouterId}`;
