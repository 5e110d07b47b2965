/** A real mail server (aiosmtpd, Debian) on loopback, and the messages that it took. */
import { type ChildProcess, spawn } from 'node:child_process';
import { vi } from 'vitest';

export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  /** who logged in; empty: nobody */
  readonly user: string;
  readonly tls: boolean;
  readonly text: string;
}

interface MailServerOptions {
  readonly tls: 'none' | 'starttls' | 'implicit';
  readonly certificate?: { readonly certificatePath: string; readonly keyPath: string };
  /** of the user tandem; without one there is no login */
  readonly password?: string;
  readonly port?: number;
  readonly namespace?: string;
  /** 127.0.0.1 unless given */
  readonly address?: string;
}

const program = new URL('smtp-server.py', import.meta.url).pathname;

export class MailServer {
  private printed = '';
  private constructor(private readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk: Buffer) => (this.printed += chunk.toString()));
  }

  /** Listens when this resolves. */
  static async start({ tls, certificate, password = '', port = 0, namespace, address = '127.0.0.1' }: MailServerOptions): Promise<MailServer> {
    const args = [program, tls, certificate?.certificatePath ?? '-', certificate?.keyPath ?? '-', password, String(port), address];
    const within = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const [command = '', ...rest] = [...within, '/usr/bin/python3', ...args];
    const server = new MailServer(spawn(command, rest, { stdio: ['pipe', 'pipe', 'ignore'] }));
    await vi.waitFor(() => {
      if (server.lines.length === 0) throw new Error('the mail server does not listen');
    }, 15_000);
    return server;
  }

  get port(): number {
    return Number(this.lines[0]);
  }

  get received(): readonly Received[] {
    return this.lines.slice(1).map((line) => JSON.parse(line) as Received);
  }

  async message(index: number): Promise<Received> {
    return vi.waitFor(
      () => {
        const message = this.received[index];
        if (message === undefined) throw new Error(`${this.received.length} messages have come`);
        return message;
      },
      { timeout: 15_000, interval: 10 },
    );
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null || this.process.signalCode !== null) return resolve();
      this.process.once('exit', () => resolve());
      this.process.kill('SIGKILL');
    });
  }

  private get lines(): readonly string[] {
    return this.printed.split('\n').slice(0, -1);
  }
}
