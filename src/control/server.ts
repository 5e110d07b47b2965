/** The control socket: one JSON object a line in, one out. Commands come from a table. */
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { LogEvent } from '../supervisor/messages.js';
import { Streamed, writeStream } from './stream-writer.js';
import { inWords } from './in-words.js';

/** Characters of one request. */
const REQUEST_LIMIT = 64 * 1024;
const CONNECTION_LIMIT = 64;
/** Of these may follow a stream: the others must always get through. */
const STREAM_LIMIT = 32;
/** A client that neither sends nor reads for this long is let go. */
const IDLE_MS = 10_000;

export type Request = Readonly<Record<string, unknown>> & { readonly command: string };
export type Reply = { readonly ok: true; readonly [key: string]: unknown } | { readonly ok: false; readonly error: string; readonly [key: string]: unknown };
export type CommandHandler = (request: Request) => Reply | Streamed | Promise<Reply>;

export interface ControlServerOptions {
  readonly path: string;
  /** the group that may use it, besides root */
  readonly group: string | undefined;
  readonly commands: Readonly<Record<string, CommandHandler>>;
  readonly report: (event: LogEvent) => void;
  readonly idleMs?: number;
  /** of a client that follows a stream and reads nothing of it */
  readonly stallMs?: number;
}

/** Another daemon answers at the path. */
export class AddressInUseError extends Error {
  readonly code = 'EADDRINUSE';
  constructor(readonly path: string) {
    super(`another tandemd answers at ${path}`);
    this.name = 'AddressInUseError';
  }
}

/** Whether someone accepts connections at the path. */
export const isAnswering = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    const answer = (answering: boolean) => (): void => {
      socket.destroy();
      resolve(answering);
    };
    socket.on('connect', answer(true));
    socket.on('error', answer(false));
  });

/** The number of a group, from group(5). */
export const groupId = (name: string, file = '/etc/group'): number | undefined => {
  try {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const id = line?.split(':')[2];
    return id !== undefined && /^\d+$/.test(id) ? Number(id) : undefined;
  } catch {
    return undefined;
  }
};

const isRequest = (value: unknown): value is Request => typeof value === 'object' && value !== null && 'command' in value && typeof value.command === 'string';

/** What was written has left, or the client has. */
const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });

export class ControlServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #followers = new Set<Socket>();

  private constructor(private readonly options: ControlServerOptions) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    this.#server.maxConnections = CONNECTION_LIMIT;
  }

  /** @throws AddressInUseError when another daemon answers there; a file that a dead one left is replaced */
  static async listen(options: ControlServerOptions): Promise<ControlServer> {
    if (await isAnswering(options.path)) throw new AddressInUseError(options.path);
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o755 });
    rmSync(options.path, { force: true });
    const control = new ControlServer(options);
    await control.#bind();
    return control;
  }

  /** Connections that are open now. */
  get clients(): number {
    return this.#sockets.size;
  }

  /** Gives the socket to a group; a group that does not exist is reported, and root alone can use the socket. */
  setGroup(group: string | undefined): void {
    const id = group === undefined ? 0 : groupId(group);
    if (id === undefined) {
      const message = `the group ${group} of control.group does not exist: only root can use the control socket`;
      this.options.report({ time: Date.now(), level: 'warn', message, fields: { path: this.options.path } });
    }
    try {
      chownSync(this.options.path, process.getuid?.() ?? 0, id ?? 0);
    } catch (error) {
      // not root (a test, a user's trial): the socket stays its maker's
      const message = `cannot give the control socket to ${group ?? 'root'}: ${inWords(error)}`;
      if (group !== undefined) this.options.report({ time: Date.now(), level: 'warn', message, fields: { path: this.options.path } });
    }
  }

  /** Lets every client go, after what was written to it, and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) {
      socket.end();
      socket.setTimeout(500, () => socket.destroy());
    }
    await closed;
    rmSync(this.options.path, { force: true });
  }

  #bind(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      // bind(2) happens within listen(): never is there a moment in which others may connect
      const mask = process.umask(0o117);
      try {
        this.#server.listen(this.options.path);
      } finally {
        process.umask(mask);
      }
      this.#server.once('listening', () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.options.report({ time: Date.now(), level: 'warn', message: `control socket: ${error.message}`, fields: {} }));
        chmodSync(this.options.path, 0o660);
        this.setGroup(this.options.group);
        resolve();
      });
    });
  }

  #serve(socket: Socket): void {
    const idleMs = this.options.idleMs ?? IDLE_MS;
    const decoder = new StringDecoder('utf8');
    let received = '';
    let busy = false;
    let ended = false;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // a client that goes away is its own affair
    socket.on('error', () => socket.destroy());
    socket.setTimeout(idleMs, () => socket.destroy());

    const reply = (answer: Reply): boolean => socket.write(`${JSON.stringify(answer)}\n`);

    /** One request at a time; the next is read when the answer to the last has left. */
    const next = async (): Promise<void> => {
      if (busy) return;
      const end = received.indexOf('\n');
      if (end < 0) {
        if (received.length > REQUEST_LIMIT) {
          reply({ ok: false, error: `a request is at most ${REQUEST_LIMIT} characters` });
          socket.destroySoon();
        } else if (ended) socket.end();
        else socket.resume();
        return;
      }
      busy = true;
      socket.pause();
      const line = received.slice(0, end);
      received = received.slice(end + 1);
      socket.setTimeout(0);
      const answer = await this.#answer(line);
      if (socket.destroyed) return;
      if (answer instanceof Streamed) {
        this.#stream(socket, answer);
        return;
      }
      socket.setTimeout(idleMs);
      if (!reply(answer)) await drained(socket);
      busy = false;
      await next();
    };
    socket.on('data', (chunk: Buffer) => {
      received += decoder.write(chunk);
      void next();
    });
    // a client that has said everything still hears the answers
    socket.on('end', () => {
      ended = true;
      void next();
    });
  }

  #stream(socket: Socket, streamed: Streamed): void {
    if (this.#followers.size >= STREAM_LIMIT) {
      const refusal: Reply = { ok: false, error: `${STREAM_LIMIT} clients follow events already` };
      socket.end(`${JSON.stringify(refusal)}\n`);
      return;
    }
    this.#followers.add(socket);
    socket.on('close', () => this.#followers.delete(socket));
    writeStream(socket, streamed, this.options.stallMs);
  }

  async #answer(line: string): Promise<Reply | Streamed> {
    if (line.length > REQUEST_LIMIT) return { ok: false, error: `a request is at most ${REQUEST_LIMIT} characters` };
    let request: unknown;
    try {
      request = JSON.parse(line);
    } catch {
      return { ok: false, error: 'a request is one JSON object on one line' };
    }
    if (!isRequest(request)) return { ok: false, error: 'a request has a "command"' };
    const { commands } = this.options;
    const handler = Object.hasOwn(commands, request.command) ? commands[request.command] : undefined;
    if (handler === undefined) return { ok: false, error: `unknown command ${JSON.stringify(request.command.slice(0, 40))}; known are ${Object.keys(commands).join(', ')}` };
    try {
      return await handler(request);
    } catch (error) {
      const message = inWords(error);
      this.options.report({ time: Date.now(), level: 'error', message: `the command ${request.command} failed: ${message}`, fields: {} });
      return { ok: false, error: message };
    }
  }
}
