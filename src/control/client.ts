/** Asks the daemon through its control socket. */
import { statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Reply, Request } from './server.js';

const TIMEOUT_MS = 30_000;
const REPLY_LIMIT = 256 * 1024 * 1024;

export type ControlErrorCode = 'NO_DAEMON' | 'PERMISSION' | 'TIMEOUT' | 'BAD_REPLY';

/** The daemon could not be asked. */
export class ControlError extends Error {
  constructor(
    readonly code: ControlErrorCode,
    readonly path: string,
    message: string,
  ) {
    super(message);
    this.name = 'ControlError';
  }
}

export const controlPath = (runtimeDirectory: string): string => join(runtimeDirectory, 'control.sock');

const ownerOf = (path: string): string => {
  try {
    const { gid } = statSync(path);
    return gid === 0 ? 'root only (control.group in the configuration gives it to a group)' : `root and the members of the group ${gid}`;
  } catch {
    return 'root only';
  }
};

const refusal = (path: string, error: NodeJS.ErrnoException): ControlError => {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new ControlError('PERMISSION', path, `no permission to use ${path}: it is for ${ownerOf(path)}`);
  }
  return new ControlError('NO_DAEMON', path, `no tandemd answers at ${path} (${error.code ?? error.message}): is it running?`);
};

/** @returns the daemon's reply. @throws ControlError */
export const request = (runtimeDirectory: string, message: Request, timeoutMs = TIMEOUT_MS): Promise<Reply> => {
  const path = controlPath(runtimeDirectory);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const socket = createConnection(path);
    const fail = (error: ControlError): void => {
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new ControlError('TIMEOUT', path, `tandemd at ${path} did not answer within ${timeoutMs / 1_000} s`)), timeoutMs);
    socket.on('connect', () => socket.write(`${JSON.stringify(message)}\n`));
    socket.on('error', (error) => fail(refusal(path, error)));
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new ControlError('BAD_REPLY', path, `tandemd at ${path} ended the connection without an answer`));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > REPLY_LIMIT) fail(new ControlError('BAD_REPLY', path, `tandemd at ${path} answers without end`));
      if (!chunk.includes(0x0a)) return;
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString()) as Reply);
        socket.end();
      } catch {
        fail(new ControlError('BAD_REPLY', path, `tandemd at ${path} answered with something that is not JSON`));
      }
    });
  });
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

/**
 * Follows a stream: the reply, then each line, until the daemon or `signal` ends it. The lines are read at the pace of `onLine`.
 * @throws ControlError
 */
export const follow = async (runtimeDirectory: string, message: Request, onReply: (reply: Reply) => void, onLine: (line: unknown) => void | Promise<void>, signal?: AbortSignal): Promise<void> => {
  const path = controlPath(runtimeDirectory);
  const socket = createConnection(path);
  const end = (): void => void socket.destroy();
  signal?.addEventListener('abort', end);
  let replied = false;
  try {
    socket.write(`${JSON.stringify(message)}\n`);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    // the socket is read only as the loop goes on, so that one who is slow slows the daemon's writing
    for await (const chunk of socket) {
      const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const value: unknown = JSON.parse(line);
        if (replied) await onLine(value);
        else onReply(value as Reply);
        replied = true;
      }
    }
    if (!replied) throw new ControlError('BAD_REPLY', path, `tandemd at ${path} ended the connection without an answer`);
  } catch (error) {
    if (signal?.aborted === true) return;
    if (error instanceof SyntaxError) throw new ControlError('BAD_REPLY', path, `tandemd at ${path} answered with something that is not JSON`);
    throw isSystemError(error) ? refusal(path, error) : error;
  } finally {
    signal?.removeEventListener('abort', end);
    socket.destroy();
  }
};
