/** A real server in the foreground, as its Debian package brings it. */
import { spawn, type ChildProcess } from 'node:child_process';
import net from 'node:net';

export class ServerProcess {
  readonly #child: ChildProcess;
  #output = '';

  private constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  /** Resolves when it accepts connections at `host` and `port`. */
  static async start(command: string, args: readonly string[], host: string, port: number): Promise<ServerProcess> {
    const server = new ServerProcess(command, args);
    const deadline = Date.now() + 20_000;
    while (!(await accepts(host, port))) {
      if (server.#child.exitCode !== null || Date.now() > deadline) {
        await server.stop();
        throw new Error(`${command} does not listen on port ${port}: ${server.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return server;
  }

  get output(): string {
    return this.#output;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}

const accepts = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
