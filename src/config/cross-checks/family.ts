/** What must hold of an instance since its addresses are IPv4 or IPv6. */
import { type Family, familyOf, isLinkLocal } from '../../network/ip-address.js';
import type { Path } from '../document.js';
import type { Context, ReadableFile } from './context.js';

type Instance = NonNullable<NonNullable<NonNullable<ReadableFile['vrrp']>['instances']>[number]>;

/** Of 16 octets each they fit, with both headers, into the 1,500 octets of Ethernet; as many as keepalived sends. */
export const mostAdvertisedIPv6 = 89;
/** The 28 octets of a signature leave room for one less, of which keepalived makes nothing else either. */
export const addressesOfTrailer = 1;

export const familyNames: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

/** Addresses that are advertised, each with its place in the list; wrong ones are left out. */
const advertised = ({ virtual_addresses: entries = [] }: Instance): readonly (readonly [string, number])[] =>
  entries.flatMap((entry, index) => {
    const address = entry?.address?.address;
    return address !== undefined && entry?.advertise !== false ? [[address, index] as const] : [];
  });

/** Of the first address that is advertised. */
export const advertisedFamily = (instance: Instance): Family | undefined => {
  const [first] = advertised(instance);
  return first && familyOf(first[0]);
};

export const checkFamily = (context: Context, instance: Instance, path: Path, version: 2 | 3 | undefined): void => {
  const list = [...path, 'virtual_addresses'];
  const place = (index: number): Path => (context.given([...list, index, 'address']) ? [...list, index, 'address'] : [...list, index]);
  const [first, ...others] = advertised(instance);
  if (!first) return;
  const family = familyOf(first[0]);
  for (const [address, index] of others) {
    if (familyOf(address) === family) continue;
    const remedy = `make an instance of its own for the ${familyNames[familyOf(address)]} addresses, or give it advertise: false`;
    context.report(place(index), { code: 'conflict', message: `an instance advertises addresses of one family, and ${address} is not ${familyNames[family]} as ${first[0]} is`, remedy });
    return;
  }
  if (family === 'ipv4') return;
  if (version === 2) {
    const own = context.given([...path, 'version']);
    context.report(own ? [...path, 'version'] : list, { code: 'conflict', message: 'VRRP version 2 has no IPv6', remedy: own ? 'give version: 3' : 'give the instance version: 3', ...(own ? {} : { at: 'key' as const }) });
  }
  if (!isLinkLocal(first[0])) {
    const message = `the first address, ${first[0]}, is not link-local as RFC 9568 (5.2.9) asks for; other routers may reject the advertisements`;
    context.report(place(first[1]), { severity: 'warning', code: 'doubtful', message, remedy: 'put a link-local address in front, such as fe80::100' });
  }
  if (context.given([...path, 'checksum'])) {
    context.report([...path, 'checksum'], { code: 'conflict', severity: 'warning', message: 'checksum has no effect with IPv6, which has one form only', remedy: 'leave checksum out', at: 'key' });
  }
};
