/** A real nginx with a configuration of its own in a temporary directory, in the foreground on free ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

export class Nginx {
  readonly #child: ChildProcess;
  #stderr = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
  }

  /** `servers`: the `server { }` blocks; resolves when every one of `ports` answers. */
  static async start(directory: string, servers: string, ports: readonly number[]): Promise<Nginx> {
    const prefix = join(directory, 'nginx');
    mkdirSync(prefix, { recursive: true });
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(prefix, name)};`).join(' ');
    const path = join(prefix, 'nginx.conf');
    writeFileSync(
      path,
      `daemon off; master_process off; worker_processes 1; pid ${join(prefix, 'pid')}; error_log stderr;\nevents { worker_connections 512; }\nhttp { access_log off; ${temporary}\n${servers}\n}\n`,
    );
    const nginx = new Nginx(spawn('/usr/sbin/nginx', ['-p', prefix, '-e', 'stderr', '-c', path], { stdio: ['ignore', 'ignore', 'pipe'] }));
    for (const port of ports) await nginx.#listening(port);
    return nginx;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }

  async #listening(port: number): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!(await accepts(port))) {
      if (this.#child.exitCode !== null || Date.now() > deadline) throw new Error(`nginx does not listen on port ${port}: ${this.#stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
