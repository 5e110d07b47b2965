/** Runs arptables: the host's choice of back end, or the legacy one where the kernel has no nftables. For set-up only. */
import { execFile } from 'node:child_process';
import { childEnvironment } from '../supervisor/environment.js';
import { type ArpRules, parseArpRules } from './arp-rules.js';

const timeoutMilliseconds = 10_000;

/** `TOOL_MISSING`: arptables is not installed. `REFUSED`: it does not do what is asked. */
export class ArptablesError extends Error {
  constructor(
    readonly code: 'TOOL_MISSING' | 'REFUSED',
    message: string,
  ) {
    super(message);
    this.name = 'ArptablesError';
  }
}

const run = (program: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(program, args, { timeout: timeoutMilliseconds, killSignal: 'SIGKILL', env: childEnvironment(), maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new ArptablesError('TOOL_MISSING', `${program} is not there: install the package arptables (apt-get install arptables, dnf install arptables-nft), or take --arp-method sysctl`));
      else if (error.killed === true) reject(new ArptablesError('REFUSED', `${program} did not end within ${timeoutMilliseconds / 1_000} s`));
      else reject(new ArptablesError('REFUSED', `${program} ${args.join(' ')}: ${stderr.trim() === '' ? error.message : stderr.trim().split('\n').join(' ')}`));
    });
  });

export class Arptables {
  private program: string | undefined;

  /** @throws ArptablesError */
  async list(): Promise<ArpRules> {
    const listing = ['-n', '-L'];
    if (this.program !== undefined) return parseArpRules(await run(this.program, listing));
    try {
      const found = parseArpRules(await run('arptables', listing));
      this.program = 'arptables';
      return found;
    } catch (error) {
      // "Failed to initialize nft": a kernel without it may have arp_tables
      const found = await run('arptables-legacy', listing).catch(() => {
        throw error;
      });
      this.program = 'arptables-legacy';
      return parseArpRules(found);
    }
  }

  /** One after the other, until one fails. @throws ArptablesError */
  async carryOut(commands: readonly (readonly string[])[]): Promise<void> {
    if (this.program === undefined) await this.list();
    for (const command of commands) await run(this.program ?? 'arptables', command);
  }
}
