/** Writes a stream to a client at the client's own pace: nothing more is taken from the source until what was written has left. */
import type { Socket } from 'node:net';

/** Where lines come from; each becomes one JSON object on one line. */
export interface LineSource {
  /** Some of what there is; empty = nothing now. */
  readonly next: () => readonly object[];
  /** @returns what ends it */
  readonly onMore: (listener: () => void) => () => void;
}

/** A command's answer that goes on: first the reply, then the lines of the source until the client goes. */
export class Streamed {
  constructor(
    readonly reply: { readonly ok: true; readonly [key: string]: unknown },
    readonly source: LineSource,
  ) {}
}

/** A client that reads nothing for so long while there is something to read is let go. */
const STALL_MS = 300_000;

/** @param stallMs milliseconds */
export const writeStream = (socket: Socket, { reply, source }: Streamed, stallMs = STALL_MS): void => {
  let stalled: NodeJS.Timeout | undefined;
  const write = (lines: readonly object[]): boolean => socket.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const wait = (): void => {
    stalled = setTimeout(() => socket.destroy(), stallMs);
    socket.once('drain', () => {
      clearTimeout(stalled);
      stalled = undefined;
      pump();
    });
  };
  const pump = (): void => {
    while (stalled === undefined && socket.writable) {
      const lines = source.next();
      if (lines.length === 0) return;
      if (!write(lines)) wait();
    }
  };
  const unsubscribe = source.onMore(pump);
  socket.once('close', () => {
    unsubscribe();
    clearTimeout(stalled);
  });
  // it has nothing more to say, but that it goes must be seen
  socket.removeAllListeners('data');
  socket.on('data', () => undefined).resume();
  const end = (): void => void socket.end();
  if (!write([reply])) wait();
  pump();
  if (socket.readableEnded) end();
  else socket.once('end', end);
};
