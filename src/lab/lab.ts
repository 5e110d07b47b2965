/** A lab: one User-Mode Linux kernel over this machine's own file system, with real IPVS and network namespaces inside. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Duplex } from 'node:stream';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type FromAgent, pieceLength, type ToAgent } from './inside/messages.js';
import { LabError } from './lab-error.js';
import { LabProcess, withResolvers } from './lab-process.js';

/** The repository: the working directory of what runs inside. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
/** Where a lab looks for its kernel: Debian's package user-mode-linux. */
export const kernelImage = '/usr/bin/linux.uml';
const init = `${root}src/lab/inside/init.sh`;
/** What runs inside is compiled; this file itself may be run by vitest from its source. */
const agent = `${root}dist/lab/inside/agent.js`;

export interface LabOptions {
  /** megabytes */
  readonly memory?: number;
  /** milliseconds that the kernel and the agent may take to come up */
  readonly timeout?: number;
}

export interface ScriptResult {
  readonly stdout: string;
  readonly stderr: string;
  /** as a shell has it: 128 + the signal's number for one that was killed */
  readonly status: number;
}

export class Lab {
  /** The guest's second serial line, for a terminal. */
  readonly terminal: Duplex;

  readonly #kernel: ChildProcess;
  readonly #channel: Duplex;
  readonly #ended: Promise<void>;
  readonly #ready = withResolvers<void>();
  readonly #processes = new Map<number, LabProcess>();
  readonly #clocks = new Map<number, ReturnType<typeof withResolvers<number>>>();
  #console = '';
  /** of messages, not sent yet */
  readonly #pieces: string[] = [];
  /** a piece was sent and not taken yet */
  #underWay = false;
  #nextId = 1;
  #failure: LabError | undefined;
  #stopping = false;

  private constructor(memory: number) {
    const kernel = spawn(kernelImage, commandLine(memory), {
      // a process group of its own: a terminal's interrupt does not end it, and it can be ended with its helpers
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...memoryFolder(memory) },
    });
    this.#kernel = kernel;
    this.#channel = kernel.stdio[3] as Duplex;
    this.terminal = kernel.stdio[4] as Duplex;
    for (const stream of [kernel.stdout, kernel.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#console = (this.#console + text).slice(-4_000)));
    }
    // A write to a kernel that is gone fails; its end is reported by #ended.
    for (const stream of [this.#channel, this.terminal]) stream.on('error', () => undefined);
    createInterface({ input: this.#channel }).on('line', (line) => this.#take(JSON.parse(line) as FromAgent));
    this.#ended = new Promise((resolve) => {
      kernel.on('error', (error) => this.#fail(new LabError('kernel', `${kernelImage}: ${error.message}`), resolve));
      kernel.on('exit', (code, signal) => {
        this.#killGroup(); // a kernel that was killed leaves its helper processes behind
        this.#fail(new LabError('kernel', `the lab's kernel ended (${signal ?? `exit status ${code}`})`, this.#console), resolve);
      });
    });
  }

  /**
   * Boots a lab: about 3 s.
   * @throws LabError `missing` naming what to install or build, `kernel` or `timeout` with the console's tail
   */
  static async boot({ memory = 2048, timeout = 60_000 }: LabOptions = {}): Promise<Lab> {
    if (!existsSync(kernelImage)) throw new LabError('missing', `no ${kernelImage}: install Debian's package user-mode-linux`);
    if (!existsSync(agent)) throw new LabError('missing', `no ${agent}: npm run build`);
    const lab = new Lab(memory);
    const timer = new AbortController();
    const late = delay(timeout, undefined, { signal: timer.signal }).then(() => {
      throw new LabError('timeout', `the lab did not come up within ${timeout} ms`, lab.#console);
    });
    try {
      await Promise.race([lab.#ready.promise, late]);
      return lab;
    } catch (error) {
      await lab.stop();
      throw error;
    } finally {
      timer.abort();
      late.catch(() => undefined);
    }
  }

  /** The kernel's process id on the host. */
  get pid(): number | undefined {
    return this.#kernel.pid;
  }

  /** Milliseconds since the epoch by the lab's own clock, which never steps. */
  now(): Promise<number> {
    const id = this.#nextId++;
    const answer = withResolvers<number>();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#clocks.set(id, answer);
    this.#send({ type: 'now', id });
    return answer.promise;
  }

  /** Starts a bash script in the background, as root, in the repository's folder. `modprobe NAME` there loads the lab kernel's modules. */
  start(name: string, script: string): LabProcess {
    const id = this.#nextId++;
    const labProcess = new LabProcess(name, (signal, group) => this.#send({ type: 'signal', id, signal, group }));
    if (this.#failure !== undefined) {
      labProcess.abandon(this.#failure);
      return labProcess;
    }
    this.#processes.set(id, labProcess);
    this.#send({ type: 'start', id, script });
    return labProcess;
  }

  /**
   * Runs a bash script to its end; its status is part of the result.
   * @param options.timeout milliseconds after which it is killed with all its process group
   * @throws LabError `timeout`, or `kernel` when the lab ends
   */
  async run(script: string, { timeout = 60_000 }: { readonly timeout?: number } = {}): Promise<ScriptResult> {
    const labProcess = this.start('script', script);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      labProcess.signal('SIGKILL', { group: true });
    }, timeout);
    try {
      const status = await labProcess.exited;
      const { stdout, stderr } = labProcess;
      if (late) throw new LabError('timeout', `no end within ${timeout} ms: ${script}`, stdout + stderr);
      return { stdout, stderr, status };
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Runs a bash script that has to succeed (`set -e`); returns what it printed.
   * @throws LabError `script` with its output when its status is not 0, and as `run`
   */
  async must(script: string, options: { readonly timeout?: number } = {}): Promise<string> {
    const { stdout, stderr, status } = await this.run(`set -e\n${script}`, options);
    if (status !== 0) throw new LabError('script', `status ${status} from: ${script}`, stderr + stdout);
    return stdout;
  }

  /** Powers off; kills the kernel if it does not obey within 5 s. Nothing of the lab is left when this returns. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#failure === undefined) this.#send({ type: 'power_off' });
    const timer = setTimeout(() => this.#killGroup(), 5_000);
    await this.#ended;
    clearTimeout(timer);
  }

  #send(message: ToAgent): void {
    // ASCII, so that a piece is as many octets as characters
    const text = JSON.stringify(message).replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
    for (let from = 0; from < text.length; from += pieceLength) {
      const last = from + pieceLength >= text.length;
      this.#pieces.push(`${last ? '=' : '+'}${text.slice(from, from + pieceLength)}\n`);
    }
    if (!this.#underWay) this.#sendPiece();
  }

  #sendPiece(): void {
    const piece = this.#pieces.shift();
    this.#underWay = piece !== undefined;
    if (piece !== undefined && this.#failure === undefined) this.#channel.write(piece);
  }

  #take(message: FromAgent): void {
    switch (message.type) {
      case 'ready':
        return this.#ready.resolve();
      case 'taken':
        return this.#sendPiece();
      case 'now':
        this.#clocks.get(message.id)?.resolve(message.time);
        this.#clocks.delete(message.id);
        return;
    }
    const labProcess = this.#processes.get(message.id);
    if (labProcess === undefined) return;
    switch (message.type) {
      case 'started':
        labProcess.pid = message.pid;
        return;
      case 'output':
        return labProcess.take(message.stream, message.data, message.time);
      case 'exit':
        this.#processes.delete(message.id);
        return labProcess.end(message.status, message.time);
    }
  }

  #fail(error: LabError, ended: () => void): void {
    this.#failure = this.#stopping ? new LabError('kernel', 'the lab was stopped') : error;
    this.#ready.reject(this.#failure);
    for (const { reject } of this.#clocks.values()) reject(this.#failure);
    for (const labProcess of this.#processes.values()) labProcess.abandon(this.#failure);
    this.#processes.clear();
    ended();
  }

  #killGroup(): void {
    if (this.#kernel.pid === undefined) return;
    try {
      process.kill(-this.#kernel.pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

function commandLine(memory: number): string[] {
  return [
    `mem=${memory}M`, 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'rw', 'quiet',
    'con=null', 'con0=null,fd:1', 'ssl=null', 'ssl0=fd:3', 'ssl1=fd:4',
    'init=/bin/bash', '--', ...[init, process.execPath, agent, root].map((path) => `"${path}"`),
  ]; // prettier-ignore
}

/** The guest's memory is a sparse file in /dev/shm, which containers often make too small to hold it. */
function memoryFolder(memory: number): { TMPDIR?: string } {
  const { bavail, bsize } = statfsSync('/dev/shm');
  return bavail * bsize < memory * 1024 * 1024 ? { TMPDIR: tmpdir() } : {};
}
