/** The two raw sockets of a port, whatever their family: one that receives and one that only sends. */
import type { Socket } from 'raw-socket';
import type { Link } from './rtnetlink.js';
import type { Outgoing, Port, VrrpPortEvents } from './vrrp-port.js';

/** A packet that lost its reason while it was queued. */
class CancelledError extends Error {}

export abstract class PortSockets implements Port {
  private closed = false;
  private joined = false;

  protected constructor(
    readonly link: Link,
    protected readonly receiver: Socket,
    private readonly sender: Socket,
    { onPacket, onError }: VrrpPortEvents,
  ) {
    receiver.on('message', (packet: Buffer) => {
      if (!this.closed) onPacket(packet);
    });
    for (const socket of [receiver, sender]) {
      socket.on('error', (error: Error | undefined) => {
        if (this.closed) return;
        this.close();
        onError(error ?? new Error(`the raw socket on ${link.name} failed`)); // a poll error arrives as undefined
      });
    }
  }

  join(): void {
    if (this.joined) return;
    this.joinGroup();
    this.joined = true;
  }

  send(outgoing: Outgoing, wanted: () => boolean, done: (error: Error | undefined) => void): void {
    const before = (): void => {
      if (!wanted()) throw new CancelledError();
    };
    const { packet, destination } = this.addressed(outgoing);
    if (this.sendNow(packet, destination)) {
      done(undefined);
      return;
    }
    this.sender.send(packet, 0, packet.length, destination, before, (error) => {
      done(error instanceof CancelledError ? undefined : (error ?? undefined));
    });
  }

  /** The queue costs a turn of the loop or two, which is much at 10 ms: tried first without it. @returns false when it must wait, or was refused */
  private sendNow(packet: Buffer, destination: string): boolean {
    if (this.closed || this.sender.requests.length > 0) return false;
    try {
      this.sender.wrap.send(packet, 0, packet.length, destination, () => undefined);
      return true;
    } catch {
      return false; // the queue tries again, and tells what is wrong
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.receiver.close();
    this.sender.close();
  }

  /** @throws when the kernel refuses */
  protected abstract joinGroup(): void;
  /** The whole IP packet, and where the socket is to send it. */
  protected abstract addressed(outgoing: Outgoing): { readonly packet: Buffer; readonly destination: string };
}
