/** SMTP servers: the real aiosmtpd of Debian, and one that says what a test wants. */
import net from 'node:net';
import type { BadServer } from './bad-servers.js';
import type { Certificate } from './certificates.js';
import { ServerProcess } from './server-process.js';

export interface SmtpServerOptions {
  readonly host?: string;
  /** offers STARTTLS with it */
  readonly starttls?: Certificate;
  /** speaks TLS from the first octet with it */
  readonly implicitTls?: Certificate;
}

export const startSmtpServer = (port: number, { host = '127.0.0.1', starttls, implicitTls }: SmtpServerOptions = {}): Promise<ServerProcess> =>
  ServerProcess.start(
    '/usr/bin/aiosmtpd',
    [
      '-n', '-d', '-d', '-c', 'aiosmtpd.handlers.Sink', '-l', `${host}:${port}`,
      ...(starttls === undefined ? [] : ['--tlscert', starttls.certificatePath, '--tlskey', starttls.keyPath]),
      ...(implicitTls === undefined ? [] : ['--smtpscert', implicitTls.certificatePath, '--smtpskey', implicitTls.keyPath]),
    ],
    host,
    port,
  );

/** Greets, and answers each line by its first word; `undefined` = silence, `null` = the connection is closed. What it heard is in `heard`. */
export async function scriptedServer(greeting: string | undefined | null, answers: Readonly<Record<string, string | null>> = {}): Promise<BadServer & { readonly heard: string[] }> {
  const heard: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    const say = (text: string | undefined | null): void => void (text === null ? socket.end() : text === undefined ? undefined : socket.write(text));
    say(greeting);
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) {
        heard.push(line);
        say(answers[line.split(' ', 1)[0] ?? '']);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: address.port, heard, close };
}
