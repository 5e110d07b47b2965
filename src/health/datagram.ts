/** Opens the UDP sockets of probes: connected to the target, and told of ICMP errors of every kind; closed as soon as the attempt is settled. */
import dgram from 'node:dgram';
import { bind, close, setsockopt, socket as openSocket, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from '../network/libc.js';
import { u32 } from '../network/netlink-attributes.js';
import { AF_INET6, addressFamily, socketAddress } from '../network/socket-address.js';
import type { Attempt } from './attempt.js';
import type { ActiveCheck } from './check-key.js';
import { markSocket } from './marked-socket.js';

const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;

/** What ICMP says of a datagram, where the words for a connection would not do. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'port unreachable: nothing listens there',
  EACCES: 'the target forbids it (ICMP: communication administratively prohibited)',
  EPROTO: 'the target does not take what was sent (ICMP: parameter problem)',
  ENOPROTOOPT: 'the target does not speak UDP (ICMP: protocol unreachable)',
};

/** A socket that sends to the check's target, and hears from no one else; its errors fail the attempt. */
export function openDatagram(check: ActiveCheck, attempt: Attempt, onReady: (socket: dgram.Socket) => void): void {
  const socket = dgram.createSocket(addressFamily(check.address) === AF_INET6 ? 'udp6' : 'udp4');
  attempt.onSettled(() => socket.close());
  const onError = (error: NodeJS.ErrnoException | null | undefined): void => {
    const known = error?.code === undefined ? undefined : words[error.code];
    if (known !== undefined) attempt.fail(known);
    else if (error) attempt.error(error);
  };
  socket.on('error', onError);
  socket.bind({ fd: descriptor(check), exclusive: true });
  socket.connect(check.port, check.address, (...[error]: readonly unknown[]) => {
    if (error instanceof Error) onError(error);
    else onReady(socket);
  });
}

/** Node's own socket cannot have the option: without it the kernel keeps to itself that a host or a network is unreachable. */
const descriptor = (check: ActiveCheck): number => {
  const family = addressFamily(check.address);
  const fd = openSocket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  try {
    if (family === AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, u32(1));
    else setsockopt(fd, IPPROTO_IP, IP_RECVERR, u32(1));
    if (check.mark !== undefined) markSocket(fd, check.mark);
    // Bound before Node sets SO_REUSEADDR on it: after that the kernel could give one port to two probes, and the answers of both to one.
    bind(fd, socketAddress(check.source ?? (family === AF_INET6 ? '::' : '0.0.0.0'), 0));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
};
