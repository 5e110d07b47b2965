/** Addresses as the calls of libc take them: pure. */
import { endianness } from 'node:os';
import { encodeAddress, familyOf } from './ip-address.js';

export const AF_INET = 2;
export const AF_INET6 = 10;

export const addressFamily = (address: string): number => (familyOf(address) === 'ipv6' ? AF_INET6 : AF_INET);

/** struct sockaddr_in or sockaddr_in6 (linux/in.h, linux/in6.h); without flow label and scope. */
export const socketAddress = (address: string, port: number): Buffer => {
  const family = addressFamily(address);
  const buffer = Buffer.alloc(family === AF_INET6 ? 28 : 16);
  if (endianness() === 'LE') buffer.writeUInt16LE(family, 0);
  else buffer.writeUInt16BE(family, 0);
  buffer.writeUInt16BE(port, 2);
  encodeAddress(address).copy(buffer, family === AF_INET6 ? 8 : 4);
  return buffer;
};
