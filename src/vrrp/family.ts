/** The family of an instance: that of the addresses that it advertises (others may be held beside them). Pure. */
import type { InstanceConfiguration } from '../config/model.js';
import { type Family, familyOf } from '../network/ip-address.js';

export const instanceFamily = ({ virtualAddresses }: Pick<InstanceConfiguration, 'virtualAddresses'>): Family => {
  const [first] = virtualAddresses.filter(({ advertise }) => advertise);
  return first ? familyOf(first.address) : 'ipv4';
};
