/** Sockets whose packets bear a firewall mark. */
import net from 'node:net';
import { close, setsockopt, SO_MARK, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, socket, SOL_SOCKET, SystemCallError } from '../network/libc.js';
import { u32 } from '../network/netlink-attributes.js';
import { addressFamily } from '../network/socket-address.js';

/** From now on. @throws Error with the remedy where marks are not allowed */
export function markSocket(fd: number, mark: number): void {
  try {
    setsockopt(fd, SOL_SOCKET, SO_MARK, u32(mark));
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EPERM') throw new Error(`this process may not mark packets: mark needs CAP_NET_ADMIN`, { cause: error });
    throw error;
  }
}

/** Over TCP, not connected yet. `address`: that it will be connected to. @throws as `markSocket` */
export function markedSocket(address: string, mark: number): net.Socket {
  const fd = socket(addressFamily(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    markSocket(fd, mark);
  } catch (error) {
    close(fd);
    throw error;
  }
  return new net.Socket({ fd });
}
