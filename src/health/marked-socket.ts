/** TCP sockets whose packets bear a firewall mark. */
import net from 'node:net';
import { close, setsockopt, SO_MARK, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, socket, SOL_SOCKET, SystemCallError } from '../network/libc.js';

const AF_INET = 2;
const AF_INET6 = 10;

/** Not connected yet. `address`: that it will be connected to. @throws Error with the remedy where marks are not allowed */
export function markedSocket(address: string, mark: number): net.Socket {
  const fd = socket(net.isIPv6(address) ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(mark);
    setsockopt(fd, SOL_SOCKET, SO_MARK, value);
  } catch (error) {
    close(fd);
    if (error instanceof SystemCallError && error.code === 'EPERM') throw new Error(`this process may not mark packets: mark needs CAP_NET_ADMIN`, { cause: error });
    throw error;
  }
  return new net.Socket({ fd });
}
