/** Tells the service manager how things are: sd_notify(3) by a datagram; koffi is loaded only where a manager listens. */
import { monotonicNow } from '../time/clock.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
/** sizeof(sun_path), linux/un.h */
const PATH_LIMIT = 108;

export interface ServiceManager {
  /** what `systemctl status` shows beside the state */
  status(text: string): void;
  ready(status?: string): void;
  reloading(): void;
  stopping(): void;
  watchdog(): void;
  /** milliseconds between two `watchdog` calls; undefined = none is asked for */
  readonly watchdogInterval: number | undefined;
}

/** No service manager listens. */
export const noServiceManager: ServiceManager = {
  status: () => undefined,
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  watchdog: () => undefined,
  watchdogInterval: undefined,
};

/** `sockaddr_un` of a path, or of an abstract name (`@name`): the length counts only what is used. */
export const socketAddress = (path: string): Buffer => {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  if (name.length >= PATH_LIMIT) throw new RangeError(`NOTIFY_SOCKET is longer than ${PATH_LIMIT - 1} octets`);
  const address = Buffer.alloc(2 + name.length + (path.startsWith('@') ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  return address;
};

/** Half of WATCHDOG_USEC in milliseconds, when it is meant for this process (sd_watchdog_enabled(3)). */
export const watchdogInterval = (environment: NodeJS.ProcessEnv, pid: number): number | undefined => {
  const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: meant } = environment;
  if (microseconds === undefined || (meant !== undefined && meant !== String(pid))) return undefined;
  const interval = Math.floor(Number(microseconds) / 2_000);
  return Number.isFinite(interval) && interval > 0 ? interval : undefined;
};

/** Sends one datagram, addressed each time: a connected socket would stay dead when the manager made its own anew. */
type Sender = (text: string) => void;

const open = async (path: string): Promise<Sender> => {
  const address = socketAddress(path);
  const [{ default: koffi }, { SOCK_CLOEXEC, SOCK_NONBLOCK, socket, SystemCallError }] = await Promise.all([import('koffi'), import('../network/libc.js')]);
  const sendto = koffi.load('libc.so.6').func('int64_t sendto(int fd, const void *message, size_t size, int flags, const void *address, uint32_t length)');
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return (text) => {
    const octets = Buffer.from(text);
    if (Number(sendto(fd, octets, octets.length, 0, address, address.length)) < 0) throw new SystemCallError('sendto', koffi.errno());
  };
};

/**
 * The service manager of NOTIFY_SOCKET. What it cannot be told is given to `onError` (once for each kind) and otherwise passed over:
 * the service manager itself acts on silence.
 */
export const connectServiceManager = async (onError: (error: Error) => void, environment: NodeJS.ProcessEnv = process.env): Promise<ServiceManager> => {
  const path = environment.NOTIFY_SOCKET;
  if (path === undefined || path === '') return noServiceManager;
  let send: Sender;
  try {
    send = await open(path);
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error)));
    return noServiceManager;
  }
  const told = new Set<string>();
  /** in order; the socket does not block */
  const notify = (...assignments: readonly string[]): void => {
    try {
      send(assignments.join('\n'));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (told.has(code)) return;
      told.add(code);
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const statusLine = (text: string): string => `STATUS=${text.replaceAll('\n', ' ')}`;
  return {
    status: (text) => notify(statusLine(text)),
    ready: (text) => notify('READY=1', ...(text === undefined ? [] : [statusLine(text)])),
    reloading: () => notify('RELOADING=1', `MONOTONIC_USEC=${monotonicNow()}`),
    stopping: () => notify('STOPPING=1'),
    watchdog: () => notify('WATCHDOG=1'),
    watchdogInterval: watchdogInterval(environment, process.pid),
  };
};
