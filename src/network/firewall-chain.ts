/**
 * Chains of our own in the host's firewall, by iptables-restore and ip6tables-restore: the same with both back ends (nft and
 * legacy). A chain is written whole or not at all, beside all else that is there; nothing of anybody else's is touched but for
 * the one jump to it. For set-up only: nothing of this is run on the way of a failover.
 */
import { execFile } from 'node:child_process';
import { childEnvironment } from '../supervisor/environment.js';
import type { Family } from './ip-address.js';

const timeoutMilliseconds = 10_000;
const lockSeconds = '5';

/** Where a chain is: enough to remove it. */
export interface ChainPlace {
  readonly family: Family;
  /** `filter`, `nat`, `mangle`, ... */
  readonly table: string;
  /** the built-in chain that jumps to it: `INPUT`, `PREROUTING`, ... */
  readonly hook: string;
  /** its own name, at most 28 characters */
  readonly name: string;
}

export interface FirewallChain extends ChainPlace {
  /** before all rules of the hook, or behind them */
  readonly position: 'first' | 'last';
  /**
   * What follows `-A NAME`, in the form in which iptables-save prints it (`-d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j RETURN`):
   * that is how it is known again. Another form works too, but is written anew every time.
   */
  readonly rules: readonly string[];
}

export type ChainOutcome = 'unchanged' | 'made' | 'put_right' | 'removed';

/** `TOOL_MISSING`: iptables is not installed. `REFUSED`: it does not do what is asked. */
export class FirewallError extends Error {
  constructor(
    readonly code: 'TOOL_MISSING' | 'REFUSED',
    message: string,
  ) {
    super(message);
    this.name = 'FirewallError';
  }
}

/** The programs; `''` is the host's choice of back end, `-legacy` and `-nft` name one. */
export type BackEnd = '' | '-legacy' | '-nft';

interface Found {
  readonly exists: boolean;
  readonly rules: readonly string[];
  readonly jumps: number;
}

const jumpTo = ({ name }: ChainPlace): string => `-j ${name}`;

/** @param saved what iptables-save prints of the table */
export const findChain = (saved: string, place: ChainPlace): Found => {
  const lines = saved.split('\n').map((line) => line.trim());
  const own = `-A ${place.name} `;
  return {
    exists: lines.some((line) => line.startsWith(`:${place.name} `)),
    rules: lines.flatMap((line) => (line.startsWith(own) ? [line.slice(own.length)] : [])),
    jumps: lines.filter((line) => line === `-A ${place.hook} ${jumpTo(place)}`).length,
  };
};

const script = (table: string, lines: readonly string[]): string => [`*${table}`, ...lines, 'COMMIT', ''].join('\n');

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((rule, index) => rule === b[index]);

/** What iptables-restore is to read; undefined when all is right. A declared chain is emptied by the declaration. */
export const restoration = (chain: FirewallChain, found: Found): string | undefined => {
  if (found.exists && found.jumps === 1 && same(found.rules, chain.rules)) return undefined;
  const surplus = Array.from({ length: Math.max(0, found.jumps - 1) }, () => `-D ${chain.hook} ${jumpTo(chain)}`);
  const jump = found.jumps > 0 ? [] : [`${chain.position === 'first' ? `-I ${chain.hook} 1` : `-A ${chain.hook}`} ${jumpTo(chain)}`];
  return script(chain.table, [`:${chain.name} - [0:0]`, ...chain.rules.map((rule) => `-A ${chain.name} ${rule}`), ...surplus, ...jump]);
};

/** What iptables-restore is to read so that it is gone; undefined when it is. */
export const removal = (place: ChainPlace, found: Found): string | undefined => {
  if (!found.exists) return undefined;
  const jumps = Array.from({ length: found.jumps }, () => `-D ${place.hook} ${jumpTo(place)}`);
  return script(place.table, [...jumps, `-F ${place.name}`, `-X ${place.name}`]);
};

export class Firewall {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly backEnd: BackEnd = '') {}

  /** Makes the chain as wanted, whatever of it is there. @throws FirewallError */
  ensure(chain: FirewallChain): Promise<ChainOutcome> {
    return this.inTurn(async () => {
      const found = await this.find(chain);
      const wanted = restoration(chain, found);
      if (wanted === undefined) return 'unchanged';
      await this.restore(chain, wanted);
      return found.exists || found.jumps > 0 ? 'put_right' : 'made';
    });
  }

  /** Removes the chain and the jumps to it. @throws FirewallError */
  remove(place: ChainPlace): Promise<ChainOutcome> {
    return this.inTurn(async () => {
      const wanted = removal(place, await this.find(place));
      if (wanted === undefined) return 'unchanged';
      await this.restore(place, wanted);
      return 'removed';
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work, work);
    this.last = done.catch(() => undefined);
    return done;
  }

  private async find(place: ChainPlace): Promise<Found> {
    return findChain(await this.run(place.family, 'save', ['-t', place.table]), place);
  }

  private async restore({ family }: ChainPlace, text: string): Promise<void> {
    await this.run(family, 'restore', ['--wait', lockSeconds, '--noflush'], text);
  }

  private run(family: Family, action: 'save' | 'restore', args: readonly string[], input?: string): Promise<string> {
    const program = `${family === 'ipv4' ? 'iptables' : 'ip6tables'}${this.backEnd}-${action}`;
    return new Promise((resolve, reject) => {
      const child = execFile(program, args, { timeout: timeoutMilliseconds, killSignal: 'SIGKILL', env: childEnvironment(), maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (error.code === 'ENOENT') reject(new FirewallError('TOOL_MISSING', `${program} is not there: install the package iptables (apt-get install iptables, dnf install iptables-nft)`));
        else if (error.killed === true) reject(new FirewallError('REFUSED', `${program} did not end within ${timeoutMilliseconds / 1_000} s`));
        else reject(new FirewallError('REFUSED', `${program}: ${stderr.trim() === '' ? error.message : stderr.trim().split('\n').join(' ')}`));
      });
      child.stdin?.on('error', () => undefined); // it ended before it read all: its exit status says why
      child.stdin?.end(input ?? '');
    });
  }
}
