/** The settings of /proc/sys/net/ipv4/vs: written where they differ, remembered, put back. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The kernel has no such setting: it is too old for it, or has no IPVS. */
export class UnknownSysctlError extends Error {
  readonly code = 'UNKNOWN_SYSCTL';
  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`this kernel has no setting net.ipv4.vs.${key}: it is too old for it, or the module ip_vs is not loaded`, options);
    this.name = 'UnknownSysctlError';
  }
}

/** The kernel refused the value, or this process may not write it: `cause` says which. */
export class SysctlRefusedError extends Error {
  readonly code = 'SYSCTL_REFUSED';
  constructor(
    readonly key: string,
    readonly value: string,
    options: ErrorOptions,
  ) {
    super(`net.ipv4.vs.${key} could not be set to "${value}": ${options.cause instanceof Error ? options.cause.message : String(options.cause)}`, options);
    this.name = 'SysctlRefusedError';
  }
}

export interface SysctlChange {
  readonly key: string;
  readonly before: string;
  readonly after: string;
}

/** Several numbers come apart by tabs and may be written with blanks. */
const normalise = (text: string): string => text.trim().replace(/\s+/g, ' ');

export class Sysctls {
  /** key -> what was there before we first wrote, and what we wrote last */
  private readonly written = new Map<string, { readonly original: string; readonly ours: string }>();

  constructor(private readonly root = '/proc/sys/net/ipv4/vs') {}

  /**
   * Makes the settings so, and puts back those that an earlier call changed and this one does not name.
   * @throws UnknownSysctlError before anything is written, SysctlRefusedError
   */
  async apply(values: Readonly<Record<string, string>>): Promise<readonly SysctlChange[]> {
    const wanted = Object.entries(values).map(([key, value]) => ({ key, value: normalise(value) }));
    const before = new Map<string, string>();
    for (const { key } of wanted) before.set(key, await this.read(key));
    const changes = await this.putBack((key) => !before.has(key));
    for (const { key, value } of wanted) {
      const present = before.get(key) ?? '';
      if (present === value) continue;
      await this.write(key, value);
      this.written.set(key, { original: this.written.get(key)?.original ?? present, ours: value });
      changes.push({ key, before: present, after: value });
    }
    return changes;
  }

  /** Puts everything back as it was, except what someone else changed since. */
  restore(): Promise<readonly SysctlChange[]> {
    return this.putBack(() => true);
  }

  private async putBack(which: (key: string) => boolean): Promise<SysctlChange[]> {
    const changes: SysctlChange[] = [];
    for (const [key, { original, ours }] of this.written) {
      if (!which(key)) continue;
      if ((await this.read(key)) === ours) {
        await this.write(key, original);
        changes.push({ key, before: ours, after: original });
      }
      this.written.delete(key);
    }
    return changes;
  }

  private async read(key: string): Promise<string> {
    if (!/^[a-z0-9_]+$/.test(key)) throw new UnknownSysctlError(key);
    try {
      return normalise(await readFile(join(this.root, key), 'utf8'));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') throw new UnknownSysctlError(key, { cause });
      throw cause;
    }
  }

  private async write(key: string, value: string): Promise<void> {
    try {
      await writeFile(join(this.root, key), `${value}\n`);
    } catch (cause) {
      throw new SysctlRefusedError(key, value, { cause });
    }
  }
}
