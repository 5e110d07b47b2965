/** The calls of libc that Node does not offer, through koffi: sockets of other families, options, non-blocking receive. */
import koffi from 'koffi';
import { getSystemErrorMap } from 'node:util';

const libc = koffi.load('libc.so.6');

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const void *address, uint32_t length)');
const sendtoCall = libc.func('int64_t sendto(int fd, const void *buffer, size_t length, int flags, const void *address, uint32_t addressLength)');
const closeCall = libc.func('int close(int fd)');
const setsockoptCall = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
koffi.struct('sock_fprog', { length: 'uint16_t', instructions: 'const void *' });
const attachFilterCall = libc.func('int setsockopt(int fd, int level, int name, const sock_fprog *program, uint32_t length)');
const recvmsgCall = libc.func('int64_t recvmsg(int fd, void *header, int flags)');
const sendmmsgCall = libc.func('int sendmmsg(int fd, void *messages, unsigned int count, int flags)');
const pollCall = libc.func('int poll(void *descriptors, unsigned long count, int timeout)');
const flockCall = libc.func('int flock(int fd, int operation)');
const recvCall = libc.func('int64_t recv(int fd, void *buffer, size_t length, int flags)');

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const SOCK_NONBLOCK = 0o4000;
export const SOL_SOCKET = 1;
/** asm-generic/socket.h */
export const SO_MARK = 36;
export const SO_ATTACH_FILTER = 26;
export const SO_RCVBUFFORCE = 33;
const POLLERR = 0x8;
export const MSG_DONTWAIT = 0x40;

/** A call of libc that failed. `code` is errno's name, e.g. `EPERM`. */
export class SystemCallError extends Error {
  readonly code: string;
  readonly errno: number;
  constructor(
    readonly call: string,
    errno: number,
  ) {
    const [code, description] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error'];
    super(`${call}: ${description} (${code})`);
    this.name = 'SystemCallError';
    this.code = code;
    this.errno = errno;
  }
}

const checked = (call: string, result: number): number => {
  if (result < 0) throw new SystemCallError(call, koffi.errno());
  return result;
};

/** @returns a file descriptor. @throws SystemCallError, `EPERM` without CAP_NET_RAW for raw and packet sockets */
export const socket = (domain: number, type: number, protocol: number): number => checked('socket', socketCall(domain, type, protocol) as number);

export const bind = (fd: number, address: Buffer): void => {
  checked('bind', bindCall(fd, address, address.length) as number);
};

/** Closes a descriptor that nothing of Node has taken over. */
export const close = (fd: number): void => {
  checked('close', closeCall(fd) as number);
};

/** One datagram, at once or not at all. @param address see `socketAddress` @throws SystemCallError, e.g. `EAGAIN`, `ENETUNREACH` */
export const sendNow = (fd: number, datagram: Buffer, address: Buffer): void => {
  checked('sendto', Number(sendtoCall(fd, datagram, datagram.length, MSG_DONTWAIT, address, address.length)));
};

export const setsockopt = (fd: number, level: number, name: number, value: Buffer): void => {
  checked('setsockopt', setsockoptCall(fd, level, name, value, value.length) as number);
};

/** @param program instructions of classic BPF, struct sock_filter one after the other (linux/filter.h) */
export const attachFilter = (fd: number, program: Buffer): void => {
  checked('setsockopt', attachFilterCall(fd, SOL_SOCKET, SO_ATTACH_FILTER, { length: program.length / 8, instructions: program }, koffi.sizeof('sock_fprog')) as number);
};

/** POLLERR of poll(2): on the writing end of a pipe, that nobody has it open for reading. Does not wait. */
export const hasError = (fd: number): boolean => {
  const descriptor = Buffer.alloc(8); // struct pollfd
  descriptor.writeInt32LE(fd, 0);
  checked('poll', pollCall(descriptor, 1, 0) as number);
  return (descriptor.readInt16LE(6) & POLLERR) !== 0;
};

const LOCK_EX = 2;
const LOCK_NB = 4;

/** flock(2), exclusive, without waiting; it ends with the descriptor. @returns whether it is ours now */
export const tryLock = (fd: number): boolean => {
  if ((flockCall(fd, LOCK_EX | LOCK_NB) as number) === 0) return true;
  const error = new SystemCallError('flock', koffi.errno());
  if (error.code === 'EAGAIN' || error.code === 'EINTR') return false;
  throw error;
};

/** @param messages struct mmsghdr, one after the other. @returns how many the kernel took. @throws SystemCallError when it refused the first */
export const sendMessages = (fd: number, messages: Buffer, count: number): number => checked('sendmmsg', sendmmsgCall(fd, messages, count, 0) as number);

/** Octets received into `buffer`, or undefined when nothing is queued. */
export const receiveNow = (fd: number, buffer: Buffer): number | undefined => {
  const length = Number(recvCall(fd, buffer, buffer.length, MSG_DONTWAIT));
  if (length >= 0) return length;
  const error = new SystemCallError('recv', koffi.errno());
  if (error.code === 'EAGAIN' || error.code === 'EINTR') return undefined;
  throw error;
};

/** Octets of a message received as a struct msghdr says, or undefined when nothing is queued. */
export const receiveMessageNow = (fd: number, header: Buffer): number | undefined => {
  const length = Number(recvmsgCall(fd, header, MSG_DONTWAIT));
  if (length >= 0) return length;
  const error = new SystemCallError('recvmsg', koffi.errno());
  if (error.code === 'EAGAIN' || error.code === 'EINTR') return undefined;
  throw error;
};
