/** Sockets whose packets bear a firewall mark. */
import net from 'node:net';
import { u32 } from '../network/netlink-attributes.js';
import { close, setsockopt, SO_MARK, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, socket, SOL_SOCKET, SystemCallError } from '../network/libc.js';

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_IP = 0;
/** linux/in.h; for sockets of IPv6 too */
const IP_BIND_ADDRESS_NO_PORT = 24;

/** @throws Error with the remedy where marks are not allowed */
export const setMark = (fd: number, mark: number): void => {
  try {
    setsockopt(fd, SOL_SOCKET, SO_MARK, u32(mark));
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EPERM') throw new Error(`this process may not mark packets: mark needs CAP_NET_ADMIN`, { cause: error });
    throw error;
  }
};

/** Not connected yet. `address`: that it will be connected to. @throws Error with the remedy where marks are not allowed */
export function markedSocket(address: string, mark: number): net.Socket {
  const fd = socket(net.isIPv6(address) ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    setMark(fd, mark);
    // Bound to a source the kernel would choose the port at random, and IPVS knows a port that a failed probe had for another minute.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, u32(1));
  } catch (error) {
    close(fd);
    throw error;
  }
  return new net.Socket({ fd });
}
