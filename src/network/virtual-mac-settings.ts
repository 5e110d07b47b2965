/**
 * The host's settings (net.ipv4.conf, net.ipv6.conf) that a virtual MAC address needs, and what they were before. All that
 * another interface loses or gains by them is put back when the last virtual MAC on it is gone.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { inWords } from '../control/in-words.js';

const root = '/proc/sys/net';

/** `ipv4/conf/e0/arp_ignore` */
type Path = string;

const read = (path: Path): string | undefined => {
  try {
    return readFileSync(`${root}/${path}`, 'latin1').trim();
  } catch {
    return undefined; // no such interface, or no IPv6
  }
};

/** A setting that is needed could not be made. */
export class SettingError extends Error {
  readonly code = 'SETTING';
  constructor(path: Path, value: string, cause: unknown) {
    super(`net/${path} cannot be set to ${value}: ${inWords(cause)}; /proc/sys must be writable (ProtectKernelTunables=no in a unit)`, { cause });
    this.name = 'SettingError';
  }
}

/** @throws SettingError */
const set = (path: Path, value: string): void => {
  if (read(path) !== value) write(path, value);
};

/**
 * One that was never written follows `default`: it is written even where it is right by chance (linux/net/ipv4/devinet.c, devinet_conf_proc()).
 * @throws SettingError
 */
const write = (path: Path, value: string): void => {
  try {
    writeFileSync(`${root}/${path}`, value);
  } catch (error) {
    if (read(path) !== value) throw new SettingError(path, value, error);
  }
};

/** Where the address is held: it answers ARP for its own addresses only, with its own; packets come in here whose way back is the interface below. */
const ipv4OfMacvlan = { rp_filter: '0', arp_ignore: '1', arp_filter: '0', arp_announce: '2', promote_secondaries: '1' } as const;
const ipv6OfMacvlan = { accept_ra: '0', autoconf: '0' } as const;
/** Below: silent about the virtual addresses, when asked (arp_ignore) and when asking (arp_announce: else its own MAC would be learnt for them). */
const ipv4Below = { arp_ignore: '1', arp_announce: '2' } as const;

export class VirtualMacSettings {
  /** what it was before, and what we made of it */
  private readonly originals = new Map<Path, { readonly before: string; readonly now: string }>();
  /** names of interfaces below -> names of the macvlans that need them so */
  private readonly users = new Map<string, Set<string>>();

  /**
   * Makes the settings for one macvlan; again when they are made already.
   * @param remembered what an earlier run left in the macvlan's alias
   * @returns what to leave there, and what else of the host was changed, in words
   * @throws SettingError
   */
  make(macvlan: string, below: string, families: ReadonlySet<'ipv4' | 'ipv6'>, remembered = ''): { readonly memory: string; readonly told: string | undefined } {
    this.recall(remembered);
    const users = this.users.get(below) ?? new Set();
    this.users.set(below, users.add(macvlan));
    let told: string | undefined;
    if (families.has('ipv4')) {
      for (const [name, value] of Object.entries(ipv4OfMacvlan)) write(`ipv4/conf/${macvlan}/${name}`, value);
      this.follow(`ipv4/conf/${macvlan}/forwarding`, `ipv4/conf/${below}/forwarding`);
      for (const [name, value] of Object.entries(ipv4Below)) this.change(`ipv4/conf/${below}/${name}`, value);
      told = this.moveReversePathFilter(macvlan);
    }
    if (read(`ipv6/conf/${macvlan}/disable_ipv6`) !== undefined) {
      set(`ipv6/conf/${macvlan}/disable_ipv6`, families.has('ipv6') ? '0' : '1');
      for (const [name, value] of Object.entries(ipv6OfMacvlan)) set(`ipv6/conf/${macvlan}/${name}`, value);
      this.follow(`ipv6/conf/${macvlan}/forwarding`, `ipv6/conf/${below}/forwarding`);
    }
    return { memory: this.memory(below), told };
  }

  /** A macvlan is gone: what nobody needs any more is as before, unless someone else has changed it since. */
  release(macvlan: string, below: string): void {
    const users = this.users.get(below);
    users?.delete(macvlan);
    if (users?.size === 0) {
      this.users.delete(below);
      this.putBack((path) => path.startsWith(`ipv4/conf/${below}/`) && !path.endsWith('/rp_filter'));
    }
    if (this.users.size === 0) this.putBack(() => true);
  }

  /** The filter in force is the higher one of `all` and the interface's own: each other interface gets the common one for itself, and keeps it so. */
  private moveReversePathFilter(macvlan: string): string | undefined {
    const common = read('ipv4/conf/all/rp_filter');
    if (common === undefined || common === '0') return undefined;
    for (const name of readdirSync(`${root}/ipv4/conf`)) {
      const path = `ipv4/conf/${name}/rp_filter`;
      if (name !== 'all' && name !== macvlan && !this.isMacvlan(name) && Number(read(path) ?? common) < Number(common)) this.change(path, common);
    }
    this.change('ipv4/conf/all/rp_filter', '0');
    return `net.ipv4.conf.all.rp_filter ${common} -> 0: every other interface has it for itself now`;
  }

  private isMacvlan(name: string): boolean {
    return [...this.users.values()].some((macvlans) => macvlans.has(name));
  }

  private follow(path: Path, other: Path): void {
    const value = read(other);
    if (value !== undefined && read(path) !== undefined) set(path, value);
  }

  private change(path: Path, value: string): void {
    const before = read(path);
    if (before === undefined) return; // the interface is gone: its FAULT says so
    set(path, value);
    const known = this.originals.get(path);
    if (known) this.originals.set(path, { before: known.before, now: value });
    else if (before !== value) this.originals.set(path, { before, now: value });
  }

  private putBack(which: (path: Path) => boolean): void {
    for (const [path, { before, now }] of [...this.originals]) {
      if (!which(path)) continue;
      this.originals.delete(path);
      try {
        if (read(path) === now) set(path, before);
      } catch {
        // it could be set before: someone made /proc/sys read-only meanwhile, and the host keeps the stricter setting
      }
    }
  }

  /** `all.rp_filter=1 e0.arp_ignore=0`: fits an alias (at most 255 octets), and goes with the interface that needed it. */
  private memory(below: string): string {
    const kept = [...this.originals].filter(([path]) => path === 'ipv4/conf/all/rp_filter' || (path.startsWith(`ipv4/conf/${below}/`) && !path.endsWith('/rp_filter')));
    return kept.map(([path, { before }]) => `${path.split('/').slice(2).join(':')}=${before}`).join(' ');
  }

  private recall(memory: string): void {
    for (const [, name, setting, before] of memory.matchAll(/(\S+):(\w+)=(\d+)/g)) {
      const path = `ipv4/conf/${name ?? ''}/${setting ?? ''}`;
      const now = read(path);
      if (now !== undefined && before !== undefined && !this.originals.has(path)) this.originals.set(path, { before, now });
    }
  }
}
