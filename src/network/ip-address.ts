/** IP addresses as octets and as text, of both families: pure. */
import { isIPv6 } from 'node:net';

export type Family = 'ipv4' | 'ipv6';

export const familyOf = (address: string): Family => (address.includes(':') ? 'ipv6' : 'ipv4');

export const encodeIPv4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number));
export const decodeIPv4 = (buffer: Buffer, offset = 0): string => buffer.subarray(offset, offset + 4).join('.');

/** Any form of RFC 4291, 2.2, without a zone. @throws RangeError for what is none */
export const encodeIPv6 = (address: string): Buffer => {
  if (!isIPv6(address) || address.includes('%')) throw new RangeError(`${address} is no IPv6 address`);
  const groups = (text: string): readonly number[] =>
    text === '' ? [] : text.split(':').flatMap((group) => {
      if (!group.includes('.')) return [Number.parseInt(group, 16)];
      const quad = encodeIPv4(group);
      return [quad.readUInt16BE(0), quad.readUInt16BE(2)];
    });
  const [head = '', tail] = address.split('::');
  const [left, right] = [groups(head), groups(tail ?? '')];
  const all = tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  const octets = Buffer.alloc(16);
  all.forEach((group, index) => octets.writeUInt16BE(group, 2 * index));
  return octets;
};

/** The canonical form of RFC 5952, 4: one text for one address, so that texts can be compared. */
export const decodeIPv6 = (buffer: Buffer, offset = 0): string => {
  const groups = Array.from({ length: 8 }, (_, index) => buffer.readUInt16BE(offset + 2 * index));
  let best = { start: 0, length: 1 }; // a single zero is not shortened
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return best.length === 1 ? text(groups) : `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
};

export const encodeAddress = (address: string): Buffer => (familyOf(address) === 'ipv6' ? encodeIPv6(address) : encodeIPv4(address));

export const canonicalIPv6 = (address: string): string => decodeIPv6(encodeIPv6(address));

/** `10.0.0.11:80`, `[2001:db8::1]:80` */
export const formatEndpoint = (address: string, port: number): string => (familyOf(address) === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`);

/** fe80::/10 */
export const isLinkLocal = (address: string): boolean => familyOf(address) === 'ipv6' && (encodeIPv6(address).readUInt16BE(0) & 0xffc0) === 0xfe80;

/** Numeric order of two addresses of one family. */
export const compareAddresses = (a: string, b: string): number => Buffer.compare(encodeAddress(a), encodeAddress(b));
