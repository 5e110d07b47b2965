/**
 * What was asked for and what of the host is ours, in a file: written before anything is done. It is of one boot and one network namespace,
 * since the kernel forgets all of it with either: after a reboot an older record counts for nothing.
 */
import { closeSync, mkdirSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { inWords } from '../control/in-words.js';
import { tryLock } from '../network/libc.js';
import { writeAtomically } from '../supervisor/write-atomically.js';
import { RealServerError } from './error.js';
import { type Made, nothingMade } from './made.js';
import { arpMethods, type Wishes } from './wishes.js';

const lockPatienceMs = 30_000;
const lockRetryMs = 100;

/** The sets by the names that they were applied under. */
export interface RealServerState {
  readonly sets: Readonly<Record<string, Wishes>>;
  readonly made: Made;
}

export const emptyState: RealServerState = { sets: {}, made: nothingMade };

const address = z.union([z.ipv4(), z.ipv6()]);
const device = z.string().regex(/^[^/\s]{1,15}$/);
/** nothing outside of /proc/sys/net/ipv4/conf is ever written, whatever a damaged file says */
const settingPath = z.string().regex(/^ipv4\/conf\/(?!\.\.?\/)[^/\s]+\/[a-z_]+$/);
const number = z.string().regex(/^\d+$/);
const place = z.object({ device, address, prefixLength: z.union([z.literal(32), z.literal(128)]) });
const port = z.object({ family: z.enum(['ipv4', 'ipv6']), port: z.int().min(1).max(65_535) });
const tunnel = z.object({ type: z.enum(['ipip', 'gre', 'gue']), port: z.int(), checksum: z.enum(['none', 'plain', 'remote']) });
const wishes = z.object({
  vips: z.array(z.object({ address, method: z.enum(['dr', 'tun']), tunnel: tunnel.optional(), realServer: address.optional() })),
  arpMethod: z.enum(arpMethods),
  interfaces: z.array(z.object({ name: device, source: z.ipv4().optional() })),
  modprobe: z.array(z.string()),
});
const content = z.object({
  boot: z.string(),
  sets: z.record(z.string(), wishes),
  made: z.object({ addresses: z.array(place), settings: z.array(z.object({ path: settingPath, before: number, ours: number })), raised: z.array(device), created: z.array(device), ports: z.array(port), arpRules: z.boolean() }),
});

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
/** `net:[4026531840]` */
const namespaceNumber = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? '';

export class RealServerRecord {
  readonly path: string;
  private readonly lock: string;

  constructor(
    private readonly directory: string,
    private readonly boot = bootId(),
  ) {
    const name = join(directory, namespaceNumber());
    this.path = `${name}.json`;
    this.lock = `${name}.lock`;
  }

  /** Runs `work` while no other process does: two units may start at once. @throws RealServerError REFUSED, and what `work` throws */
  async locked<T>(work: () => Promise<T>): Promise<T> {
    let fd: number;
    try {
      makeDirectory(this.directory);
      fd = openSync(this.lock, 'a', 0o600);
    } catch (error) {
      throw new RealServerError('REFUSED', `${this.directory} cannot be written: ${inWords(error)}; name another directory with --state-dir`, { cause: error });
    }
    try {
      for (let waited = 0; !tryLock(fd); waited += lockRetryMs) {
        if (waited >= lockPatienceMs) throw new RealServerError('REFUSED', `another tandem realserver has been at work for ${lockPatienceMs / 1_000} s: it holds ${this.lock}`);
        await delay(lockRetryMs);
      }
      return await work();
    } finally {
      closeSync(fd);
    }
  }

  /** The empty one when there is none of this boot. @throws RealServerError REFUSED for one that cannot be read or understood */
  load(): RealServerState {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return emptyState;
      throw new RealServerError('REFUSED', `${this.path} cannot be read: ${inWords(error)}`, { cause: error });
    }
    const parsed = content.safeParse(jsonOf(text));
    if (!parsed.success) throw new RealServerError('REFUSED', `${this.path} is damaged, so that what was there before is not known: move it away, and look at what is on lo and in net.ipv4.conf yourself`);
    const { boot, sets, made } = parsed.data;
    return boot === this.boot ? { sets, made } : emptyState;
  }

  /** @throws RealServerError REFUSED */
  async save(state: RealServerState): Promise<void> {
    try {
      if (isEmpty(state)) await rm(this.path, { force: true });
      else await writeAtomically(this.path, `${JSON.stringify({ boot: this.boot, ...state })}\n`);
    } catch (error) {
      throw new RealServerError('REFUSED', `${this.path} cannot be written: ${inWords(error)}`, { cause: error });
    }
  }
}

/** With those above it. (Of Node 20 and 24 `recursive: true` never ends below /proc.) */
const makeDirectory = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return; // if it is no directory, opening the lock says so
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeDirectory(dirname(path));
    mkdirSync(path, { mode: 0o755 });
  }
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isEmpty = ({ sets, made }: RealServerState): boolean =>
  Object.keys(sets).length === 0 && !made.arpRules && [made.addresses, made.settings, made.raised, made.created, made.ports].every((items) => items.length === 0);
