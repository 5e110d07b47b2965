/** What this project uses of the package raw-socket, which brings no types of its own. */
declare module 'raw-socket' {
  import { EventEmitter } from 'node:events';

  export interface SocketOptions {
    readonly protocol: number;
    readonly addressFamily?: number;
    readonly bufferSize?: number;
  }
  export class Socket extends EventEmitter {
    constructor(options: SocketOptions);
    /** called when the socket is readable: receives, and emits `message` */
    onRecvReady(): void;
    setOption(level: number, option: number, value: number | Buffer, length?: number): void;
    /** `before` runs when the packet's turn comes; what it throws goes to `after` and the packet is not sent */
    send(buffer: Buffer, offset: number, length: number, address: string, before: () => void, after: (error: Error | null, bytes: number) => void): this;
    close(): this;
    /** what waits for the socket to become writable */
    readonly requests: readonly unknown[];
    /** the package's native part: its `send` is sendto() within the call, and throws what that refused */
    readonly wrap: { send(buffer: Buffer, offset: number, length: number, address: string, after: (bytes: number) => void): void };
  }
  export const AddressFamily: { readonly IPv4: number; readonly IPv6: number };
  const raw: { Socket: typeof Socket; createSocket(options: SocketOptions): Socket; AddressFamily: typeof AddressFamily };
  export default raw;
}
