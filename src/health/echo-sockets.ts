/** The raw sockets that all `ping` checks share: one for each family, source address and mark, closed again when no ping has needed it for a while. */
import { randomInt } from 'node:crypto';
import raw, { type Socket } from 'raw-socket';
import { canonicalIPv6, familyOf, type Family } from '../network/ip-address.js';
import { bind, sendNow, setsockopt, SO_RCVBUFFORCE, SOL_SOCKET } from '../network/libc.js';
import { u32 } from '../network/netlink-attributes.js';
import { socketDescriptors } from '../network/netlink-channel.js';
import { isShortage } from '../network/shortage.js';
import { socketAddress } from '../network/socket-address.js';
import { encodeEcho, readEcho, wantedTypes } from './echo-message.js';
import { markSocket } from './marked-socket.js';

const SO_RCVBUF = 8;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const ICMPV6_FILTER = 1;

/** The answers of all the probes that a runner makes at once, while the loop is busy. */
const receiveBufferSize = 2 * 1024 * 1024;

export class PingError extends Error {
  override readonly name = 'PingError';
  constructor(
    readonly code: 'no_capability' | 'no_socket',
    message: string,
  ) {
    super(message);
  }
}

/** How a request leaves this host; undefined: as the kernel chooses, without a mark. */
export interface EchoOrigin {
  readonly source: string | undefined;
  readonly mark?: number | undefined;
}

/** `problem`: why there is no reply, in words; undefined = it has come. */
export type OnEcho = (problem: string | undefined) => void;

interface Waiting {
  readonly target: string;
  readonly onEcho: OnEcho;
}

class EchoSocket {
  readonly #socket: Socket;
  readonly #fd: number = -1;
  /** chance keeps two processes on one host apart */
  readonly #identifier = randomInt(0x10000);
  /** by sequence number */
  readonly #waiting = new Map<number, Waiting>();
  #sequence = randomInt(0x10000);
  #closed = false;

  /** `onIdle`: nothing is waited for any more. @throws PingError, SystemCallError, Error where marks are not allowed */
  constructor(
    private readonly family: Family,
    { source, mark }: EchoOrigin,
    private readonly events: { readonly onIdle: () => void; readonly onClosed: () => void },
  ) {
    const before = socketDescriptors();
    // Opened without close-on-exec; this process runs no other program.
    this.#socket = open(family);
    this.#socket.on('error', (error: Error | undefined) => this.#fail(error?.message ?? 'the raw socket failed'));
    this.#socket.on('message', (packet: Buffer, from: string) => this.#receive(packet, from));
    try {
      const [fd = -1] = [...socketDescriptors()].filter((descriptor) => !before.has(descriptor));
      this.#fd = fd;
      filter(family, fd);
      enlarge(fd);
      if (mark !== undefined) markSocket(fd, mark);
      if (source !== undefined) bind(fd, socketAddress(source, 0));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0;
  }

  /** Returns what gives up waiting. @throws SystemCallError when the kernel does not take it */
  send(target: string, onEcho: OnEcho): () => void {
    do this.#sequence = (this.#sequence + 1) & 0xffff;
    while (this.#waiting.has(this.#sequence));
    const sequence = this.#sequence;
    sendNow(this.#fd, encodeEcho(this.family, { identifier: this.#identifier, sequence }), socketAddress(target, 0));
    this.#waiting.set(sequence, { target: this.family === 'ipv6' ? canonicalIPv6(target) : target, onEcho });
    return () => {
      this.#waiting.delete(sequence);
      if (this.isIdle) this.events.onIdle();
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    this.events.onClosed();
  }

  #receive(packet: Buffer, from: string): void {
    const outcome = readEcho(this.family, packet, from);
    if (outcome === undefined || outcome.identifier !== this.#identifier) return;
    const waiting = this.#waiting.get(outcome.sequence);
    if (waiting?.target === outcome.target) waiting.onEcho(outcome.problem);
  }

  #fail(problem: string): void {
    this.close();
    for (const { onEcho } of this.#waiting.values()) onEcho(problem);
  }
}

const open = (family: Family): Socket => {
  try {
    return raw.createSocket(family === 'ipv4' ? { protocol: IPPROTO_ICMP } : { protocol: IPPROTO_ICMPV6, addressFamily: raw.AddressFamily.IPv6 });
  } catch (error) {
    if (isShortage(error)) throw error;
    // the package's errors have no code
    const message = error instanceof Error ? error.message : String(error);
    throw /not permitted/i.test(message) ? new PingError('no_capability', 'ping needs CAP_NET_RAW, which this process does not have') : new PingError('no_socket', `no raw socket can be opened: ${message}`);
  }
};

/** Lets only those types in that matter: a bit that is set keeps its type out (linux/icmp.h, linux/icmpv6.h). */
const filter = (family: Family, fd: number): void => {
  const words = Array.from({ length: family === 'ipv4' ? 1 : 8 }, () => 0xffff_ffff);
  for (const type of wantedTypes(family)) words[type >>> 5] = ((words[type >>> 5] ?? 0) & ~(1 << (type & 31))) >>> 0;
  if (family === 'ipv4') setsockopt(fd, SOL_RAW, ICMP_FILTER, Buffer.concat(words.map(u32)));
  else setsockopt(fd, IPPROTO_ICMPV6, ICMPV6_FILTER, Buffer.concat(words.map(u32)));
};

const enlarge = (fd: number): void => {
  try {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, u32(receiveBufferSize));
  } catch {
    // without CAP_NET_ADMIN as far as net.core.rmem_max allows
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, u32(receiveBufferSize));
  }
};

export class EchoSockets {
  readonly #sockets = new Map<string, EchoSocket>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /** `idleMilliseconds`: longer than the usual interval of checks, so that each finds its socket open. */
  constructor(private readonly idleMilliseconds = 15_000) {}

  /** Sends one echo request; returns what gives up waiting. @throws PingError, SystemCallError, Error where marks are not allowed */
  send(target: string, origin: EchoOrigin, onEcho: OnEcho): () => void {
    const family = familyOf(target);
    const key = `${family} ${origin.source ?? ''} ${origin.mark ?? ''}`;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    const socket = this.#sockets.get(key) ?? this.#open(key, family, origin);
    try {
      return socket.send(target, onEcho);
    } finally {
      if (socket.isIdle) this.#idle(key, socket);
    }
  }

  #open(key: string, family: Family, origin: EchoOrigin): EchoSocket {
    const onClosed = (): void => void this.#sockets.delete(key);
    const socket: EchoSocket = new EchoSocket(family, origin, { onIdle: () => this.#idle(key, socket), onClosed });
    this.#sockets.set(key, socket);
    return socket;
  }

  #idle(key: string, socket: EchoSocket): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key);
        if (socket.isIdle) socket.close();
      }, this.idleMilliseconds).unref(),
    );
  }
}
