/** Servers that misbehave, each in one way. */
import net from 'node:net';

export interface BadServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

async function listen(onConnection: (socket: net.Socket) => void): Promise<BadServer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket)); // probes end by RST
    onConnection(socket);
    socket.resume(); // only who reads sees the other side go
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: address.port, close };
}

/** Accepts, reads, and never says a word. */
export const hangingServer = (): Promise<BadServer> => listen(() => undefined);

export const closingServer = (): Promise<BadServer> => listen((socket) => socket.end());

export const resettingServer = (): Promise<BadServer> => listen((socket) => socket.once('data', () => socket.resetAndDestroy()));

/** Says `text` as soon as it is spoken to, and closes. */
export const sayingServer = (text: string): Promise<BadServer> => listen((socket) => socket.once('data', () => socket.end(text)));

/** Says `start`, and then a byte every few milliseconds, for ever. */
export const tricklingServer = (start: string): Promise<BadServer> =>
  listen((socket) => {
    socket.write(start);
    const timer = setInterval(() => socket.write('x'), 5);
    socket.on('close', () => clearInterval(timer));
  });

/** Says `start`, and then as much as the other side takes, for ever. */
export const floodingServer = (start: string): Promise<BadServer> =>
  listen((socket) => {
    const block = Buffer.alloc(16_384, 'x');
    const pour = (): void => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.once('data', () => {
      socket.write(start);
      pour();
    });
    socket.on('drain', pour);
  });
