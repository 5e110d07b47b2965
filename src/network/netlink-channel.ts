/** One netlink socket: batches of requests in one datagram, dumps, notifications. */
import { readdirSync, readlinkSync } from 'node:fs';
// the package's index loads its families too (nl80211, wireguard, ...): 100 ms and 10 MB that a restarted child has no use for
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { SO_RCVBUFFORCE, SOL_SOCKET, setsockopt } from './libc.js';
import { u32 } from './netlink-attributes.js';
import { align, decodeDatagram, encodeRequests, errorCode, headerLength, type NetlinkMessage } from './netlink-message.js';

export type { NetlinkMessage } from './netlink-message.js';

/** The request at `index` of a batch was refused with errno `code`, e.g. `EEXIST`. */
export interface BatchFailure {
  readonly index: number;
  readonly code: string;
}

/** The kernel refused a request, or the socket ended before it answered. `code` is errno's name. */
export class NetlinkError extends Error {
  constructor(
    readonly code: string,
    message = `the kernel refused a netlink request: ${code}${code === 'EPERM' ? ', CAP_NET_ADMIN is needed' : ''}`,
  ) {
    super(message);
    this.name = 'NetlinkError';
  }
}

export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLMSG_NOOP = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_DUMP_INTR = 0x10;

/** linux/netlink.h, linux/socket.h */
const SOL_NETLINK = 270;
const NETLINK_NO_ENOBUFS = 5;
const NETLINK_GET_STRICT_CHK = 12;

const protocols = { route: 0, generic: 16 } as const;

/** Room for 4,000 events and more while the loop is busy: past it the netlink package would end the process. */
const receiveBufferSize = 8 * 1024 * 1024;
/** One datagram stays below the default send buffer (212,992), which the kernel doubles for its own bookkeeping. */
const largestDatagram = 128 * 1024;
/** Only the end of a batch asks for an ACK, but each message may fail: so many answers always fit. */
const largestBatch = 2_000;

/**
 * The last of every batch: acknowledged without anything done. EINTR is the one result that the kernel never answers (stopping a
 * sync daemon whose thread has not run yet gives it), and a batch that ended with it would be waited for without end.
 */
const barrier: NetlinkMessage = { type: NLMSG_NOOP, flags: NLM_F_ACK, payload: Buffer.alloc(0) };

/** Descriptors of this process that are sockets. */
export const socketDescriptors = (): Set<number> => {
  const found = new Set<number>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')) found.add(Number(name));
    } catch {
      // closed since it was listed (the directory's own descriptor always is)
    }
  }
  return found;
};

export interface ChannelOptions {
  /** a dump's header filters what the kernel gives (Linux 4.20 and later) */
  readonly strictDumps?: boolean;
  /** notifications that find no room are lost without a word */
  readonly overrunsAreSilent?: boolean;
}

interface Pending {
  /** sequence of the first and last message */
  readonly first: number;
  readonly last: number;
  readonly replies: NetlinkMessage[];
  readonly failures: BatchFailure[];
  readonly settle: (interrupted: boolean) => void;
  readonly fail: (error: NetlinkError) => void;
}

export class NetlinkChannel {
  private sequence = 1;
  private pending: Pending[] = [];
  private closed = false;
  /** dumps wait for each other: the kernel runs one at a time on a socket */
  private lastDump: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly socket: RawNetlinkSocket,
    private readonly onNotification: ((message: NetlinkMessage) => void) | undefined,
  ) {
    socket.on('message', (datagram: Buffer, { groups }: { groups: number }) => this.receive(datagram, groups !== 0));
    socket.on('error', (error: Error & { code?: string }) => this.end(new NetlinkError(error.code ?? 'EIO', error.message)));
  }

  static open(protocol: 'route' | 'generic', onNotification?: (message: NetlinkMessage) => void, options: ChannelOptions = {}): NetlinkChannel {
    const before = socketDescriptors();
    const socket = new RawNetlinkSocket(protocols[protocol]);
    for (const fd of socketDescriptors()) {
      if (before.has(fd)) continue;
      try {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, u32(receiveBufferSize));
      } catch {
        // without CAP_NET_ADMIN nothing will be asked of this socket but dumps
        socket.setRecvBufferSize(receiveBufferSize);
      }
      if (options.strictDumps) setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, u32(1));
      if (options.overrunsAreSilent) setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, u32(1));
    }
    return new NetlinkChannel(socket, onNotification);
  }

  /** Joins a multicast group of the family (RTNLGRP_*): its messages go to `onNotification`. */
  join(group: number): void {
    this.socket.addMembership(group);
  }

  /**
   * Hands the requests to the kernel in order, in one datagram unless they are very many. The kernel carries all of them out
   * before the call that sends them returns; one that is refused does not stop the others.
   */
  async batch(requests: readonly NetlinkMessage[]): Promise<readonly BatchFailure[]> {
    const failures: Promise<readonly BatchFailure[]>[] = [];
    let from = 0;
    let size = 0;
    requests.forEach((request, index) => {
      const length = headerLength + align(request.payload.length);
      if (index > from && (size + length > largestDatagram || index - from >= largestBatch)) {
        failures.push(this.sendBatch(requests.slice(from, index), from));
        from = index;
        size = 0;
      }
      size += length;
    });
    if (from < requests.length) failures.push(this.sendBatch(requests.slice(from), from));
    return (await Promise.all(failures)).flat();
  }

  /** One request and what answers it. @throws NetlinkError */
  async request(message: NetlinkMessage): Promise<readonly NetlinkMessage[]> {
    const { replies, failures } = await this.send([{ ...message, flags: message.flags | NLM_F_ACK }]);
    const [failure] = failures;
    if (failure) throw new NetlinkError(failure.code);
    return replies;
  }

  /** All entries; asked again when the kernel says that they changed under the dump. @throws NetlinkError */
  dump(message: NetlinkMessage): Promise<readonly NetlinkMessage[]> {
    const run = this.lastDump.then(() => this.runDump(message));
    this.lastDump = run.catch(() => undefined);
    return run;
  }

  close(): void {
    if (this.closed) return;
    this.socket.close();
    this.end(new NetlinkError('ECANCELED', 'the netlink socket was closed'));
  }

  private async runDump(message: NetlinkMessage): Promise<readonly NetlinkMessage[]> {
    for (let attempt = 1; ; attempt++) {
      const { replies, failures, interrupted } = await this.send([{ ...message, flags: message.flags | NLM_F_DUMP }]);
      const [failure] = failures;
      if (failure) throw new NetlinkError(failure.code);
      if (!interrupted || attempt === 5) return replies;
    }
  }

  private async sendBatch(requests: readonly NetlinkMessage[], offset: number): Promise<readonly BatchFailure[]> {
    const { failures } = await this.send([...requests, barrier]);
    return failures.map(({ index, code }) => ({ index: index + offset, code }));
  }

  private send(
    messages: readonly NetlinkMessage[],
  ): Promise<{ replies: readonly NetlinkMessage[]; failures: readonly BatchFailure[]; interrupted: boolean }> {
    return new Promise((resolve, reject) => {
      if (this.closed) {
        reject(new NetlinkError('ECANCELED', 'the netlink socket is closed'));
        return;
      }
      const first = this.sequence;
      const datagram = encodeRequests(messages, first);
      // 2^31 requests take weeks at full rate; sequence numbers are only compared within what is pending
      this.sequence = first + messages.length > 0x7fff0000 ? 1 : first + messages.length;
      const pending: Pending = {
        first,
        last: first + messages.length - 1,
        replies: [],
        failures: [],
        settle: (interrupted) => resolve({ replies: pending.replies, failures: pending.failures, interrupted }),
        fail: reject,
      };
      this.pending.push(pending);
      this.socket.send(datagram, {}, (error?: Error & { code?: string }) => {
        if (!error) return;
        this.remove(pending);
        reject(new NetlinkError(error.code ?? 'EIO', `a netlink message could not be sent: ${error.message}`));
      });
    });
  }

  private receive(datagram: Buffer, multicast: boolean): void {
    for (const { sequence, ...message } of decodeDatagram(datagram)) {
      // a notification carries the sequence number of the request that caused it, ours as well as a stranger's
      if (multicast) this.onNotification?.(message);
      else this.dispatch(message, sequence);
    }
  }

  private dispatch(message: NetlinkMessage, sequence: number): void {
    const pending = this.pending.find(({ first, last }) => sequence >= first && sequence <= last);
    if (!pending) return; // the answer to a request that could not be sent whole
    const interrupted = (message.flags & NLM_F_DUMP_INTR) !== 0;
    switch (message.type) {
      case NLMSG_ERROR: {
        const code = errorCode(message.payload);
        if (code !== undefined) pending.failures.push({ index: sequence - pending.first, code });
        if (sequence === pending.last) this.finish(pending, interrupted);
        return;
      }
      case NLMSG_DONE: {
        // a dump that fails half way says so in its DONE
        const code = message.payload.length >= 4 ? errorCode(message.payload) : undefined;
        if (code !== undefined) pending.failures.push({ index: sequence - pending.first, code });
        this.finish(pending, interrupted);
        return;
      }
      default:
        pending.replies.push(message);
    }
  }

  private finish(pending: Pending, interrupted: boolean): void {
    this.remove(pending);
    pending.settle(interrupted);
  }

  private remove(pending: Pending): void {
    this.pending = this.pending.filter((other) => other !== pending);
  }

  private end(error: NetlinkError): void {
    this.closed = true;
    const { pending } = this;
    this.pending = [];
    for (const { fail } of pending) fail(error);
  }
}
