/** The compiled programs with stub children, in a directory of their own, and a daemon to be started and watched. */
import { execFile, execFileSync, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { request } from '../../src/control/client.js';
import type { Reply } from '../../src/control/server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds src/ as `npm run build` does, beside nothing else of the working tree; `remove` it when done. */
export class Build {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-build-'));

  constructor() {
    for (const name of ['node_modules', 'package.json', 'src']) symlinkSync(join(root, name), join(this.directory, name));
    try {
      execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.json'), '--outDir', join(this.directory, 'dist'), '--sourceMap', 'false'], { stdio: 'pipe' });
    } catch (error) {
      // a type error elsewhere does not keep the compiler from writing
      if (!existsSync(this.path('tandemd'))) throw error;
    }
    execFileSync(process.execPath, [join(this.directory, 'dist/build/bundle.js')], { stdio: 'pipe' });
    for (const name of ['vrrp', 'lvs']) {
      copyFileSync(join(root, 'test/supervisor/stub-child.mjs'), join(this.directory, 'dist/bin', `${name}.mjs`));
      writeFileSync(this.path(name), `import('./${name}.mjs');`);
    }
  }

  path(program: string): string {
    return join(this.directory, 'dist/bin', `${program}.js`);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export const goodConfiguration = `
router_id: director-a
vrrp:
  instances:
    - { name: web, interface: eth0, virtual_router_id: 51, priority: 150, virtual_addresses: [192.0.2.100/32] }
virtual_servers:
  - name: web-http
    address: 192.0.2.100
    port: 80
    forwarding: dr
    real_servers:
      - { address: 192.0.2.22 }
      - { address: 192.0.2.23 }
`;

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a stub child noted. */
export interface Note {
  readonly type: string;
  readonly pid: number;
  readonly message?: Readonly<Record<string, unknown>>;
  /** owned.json at the time */
  readonly record?: { readonly addresses: readonly object[]; readonly services: readonly object[] } | null;
}

/** A temporary place with a configuration and a runtime directory. */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-daemon-'));
  readonly config = join(this.directory, 'tandem.yaml');
  readonly runtime = join(this.directory, 'run');
  readonly #daemons: Daemon[] = [];

  constructor(
    private readonly build: Build,
    configuration = goodConfiguration,
  ) {
    this.write(configuration);
  }

  write(configuration: string): void {
    writeFileSync(this.config, configuration, { mode: 0o600 });
  }

  daemon(environment: NodeJS.ProcessEnv = {}, args: readonly string[] = [], stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'pipe']): Daemon {
    const process = spawn(globalThis.process.execPath, [this.build.path('tandemd'), '--config', this.config, '--runtime-dir', this.runtime, ...args], {
      stdio,
      env: { ...globalThis.process.env, TANDEM_STUB_DIR: this.directory, TANDEM_STUB_RUNTIME: this.runtime, ...environment },
    });
    const daemon = new Daemon(process);
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Runs `tandem` with this place's runtime directory. */
  tandem(...args: readonly string[]): Promise<Outcome> {
    return run(this.build.path('tandem'), ['--runtime-dir', this.runtime, ...args]);
  }

  /** Asks for a reload without starting a process for it. */
  requestReload(): Promise<Reply> {
    return request(this.runtime, { command: 'reload' });
  }

  notes(child: 'vrrp' | 'lvs'): readonly Note[] {
    const path = join(this.directory, `${child}.jsonl`);
    return existsSync(path)
      ? readFileSync(path, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Note)
      : [];
  }

  record(): Note['record'] {
    return JSON.parse(readFileSync(join(this.runtime, 'owned.json'), 'utf8')) as Note['record'];
  }

  async killAll(): Promise<void> {
    for (const daemon of this.#daemons) await daemon.kill('SIGKILL');
  }

  async clear(): Promise<void> {
    await this.killAll();
    // a child that lost its supervisor may still be writing its last note
    await vi.waitFor(() => rmSync(this.directory, { recursive: true, force: true }), { timeout: 2_000, interval: 20 });
  }
}

export class Daemon {
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | string>;

  constructor(readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = once(process, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  }

  /** Waits until the log holds it `times`. */
  async says(text: string, times = 1): Promise<void> {
    await vi.waitFor(
      () => {
        if (this.stdout.split(text).length - 1 < times) throw new Error(`'${text}' is not in the log:\n${this.stdout}${this.stderr}`);
      },
      { timeout: 15_000, interval: 10 },
    );
  }

  async kill(signal: NodeJS.Signals): Promise<number | string> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
    return this.exited;
  }
}

export const run = (program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env: { ...process.env, ...environment } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

/** One build for all tests of a file or a `describe`, a place anew for each: `take` is given both before the test. */
export const inPlaces = (take: (place: Place, build: Build) => void): void => {
  let build: Build;
  let place: Place;
  beforeAll(() => {
    build = new Build();
  }, 60_000);
  afterAll(() => build.remove());
  beforeEach(() => {
    place = new Place(build);
    take(place, build);
  });
  afterEach(() => place.clear());
};
