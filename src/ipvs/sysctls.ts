/** The settings of /proc/sys/net/ipv4/vs: written where they differ, remembered, put back. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ChangedSetting, SettingsRecord } from '../supervisor/settings-record.js';

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
  private recalled = false;

  /** @param record of what was there, so that neither a crash nor a table that is kept loses it */
  constructor(
    private readonly root = '/proc/sys/net/ipv4/vs',
    private readonly record?: Pick<SettingsRecord, 'load' | 'save'>,
  ) {}

  /**
   * Makes the settings so, and puts back those that an earlier call changed and this one does not name.
   * @throws UnknownSysctlError before anything is written, SysctlRefusedError, Error when the record cannot be written
   */
  async apply(values: Readonly<Record<string, string>>): Promise<readonly SysctlChange[]> {
    const wanted = Object.entries(values).map(([key, value]) => ({ key, value: normalise(value) }));
    const before = new Map<string, string>();
    for (const { key } of wanted) before.set(key, this.read(key));
    const changes = await this.putBack((key) => !before.has(key));
    const differing = wanted.flatMap(({ key, value }) => {
      const present = before.get(key) ?? '';
      return present === value ? [] : [{ key, before: present, after: value }];
    });
    if (differing.length === 0) return changes;
    for (const { key, before: present, after } of differing) this.written.set(key, { original: this.written.get(key)?.original ?? present, ours: after });
    await this.save();
    for (const change of differing) {
      this.write(change.key, change.after);
      changes.push(change);
    }
    return changes;
  }

  /** Puts everything back as it was, except what someone else changed since. */
  restore(): Promise<readonly SysctlChange[]> {
    return this.putBack(() => true);
  }

  private async putBack(which: (key: string) => boolean): Promise<SysctlChange[]> {
    await this.recall();
    const changes: SysctlChange[] = [];
    const known = this.written.size;
    for (const [key, { original, ours }] of this.written) {
      if (!which(key)) continue;
      if (this.read(key) === ours) {
        this.write(key, original);
        changes.push({ key, before: ours, after: original });
      }
      this.written.delete(key);
    }
    if (this.written.size < known) await this.save();
    return changes;
  }

  private async recall(): Promise<void> {
    if (this.recalled) return;
    this.recalled = true;
    for (const { path, before, ours } of (await this.record?.load()) ?? []) this.written.set(basename(path), { original: before, ours });
  }

  private async save(): Promise<void> {
    const changed = [...this.written].map(([key, { original, ours }]): ChangedSetting => ({ path: `ipv4/vs/${key}`, before: original, ours, cause: `ipv4/vs/${key}` }));
    await this.record?.save(changed);
  }

  private read(key: string): string {
    if (!/^[a-z0-9_]+$/.test(key)) throw new UnknownSysctlError(key);
    try {
      return normalise(readFileSync(join(this.root, key), 'utf8'));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') throw new UnknownSysctlError(key, { cause });
      throw cause;
    }
  }

  private write(key: string, value: string): void {
    try {
      writeFileSync(join(this.root, key), `${value}\n`);
    } catch (cause) {
      throw new SysctlRefusedError(key, value, { cause });
    }
  }
}
