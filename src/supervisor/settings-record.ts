/** The record of the host's settings that were changed, and of what they were: written before the change, so that a crash loses nothing. */
import { readFile, rename, rm } from 'node:fs/promises';
import { writeAtomically } from './write-atomically.js';

export interface ChangedSetting {
  /** under /proc/sys/net, e.g. `ipv4/conf/eth0/send_redirects` */
  readonly path: string;
  readonly before: string;
  readonly ours: string;
  /** path of the setting that it follows; its own where it was set for itself */
  readonly cause: string;
}

const isChanged = (value: unknown): value is ChangedSetting =>
  typeof value === 'object' && value !== null && ['path', 'before', 'ours', 'cause'].every((key) => typeof Reflect.get(value, key) === 'string');

/** Nothing outside of /proc/sys/net is ever written, whatever a damaged file says. */
const isInside = ({ path }: ChangedSetting): boolean => /^ipv[46](\/[^/]+)+$/.test(path) && !path.split('/').includes('..');

/** It cannot be understood; it is out of the way now. */
export class DamagedRecordError extends Error {
  readonly code = 'DAMAGED_RECORD';
  constructor(path: string, movedTo: string) {
    super(`the record ${path} of the host's settings is damaged: moved to ${movedTo}, and what it held is not put back`);
    this.name = 'DamagedRecordError';
  }
}

/** Undefined when it is no record. */
const parse = (text: string): readonly ChangedSetting[] | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isChanged) && value.every(isInside) ? value : undefined;
  } catch {
    return undefined;
  }
};

export class SettingsRecord {
  constructor(readonly path: string) {}

  /** Empty when there is none. @throws DamagedRecordError once, Error when it cannot be read */
  async load(): Promise<readonly ChangedSetting[]> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
    const changed = parse(text);
    if (changed !== undefined) return changed;
    await rename(this.path, `${this.path}.corrupt`);
    throw new DamagedRecordError(this.path, `${this.path}.corrupt`);
  }

  /** @throws Error */
  async save(changed: readonly ChangedSetting[]): Promise<void> {
    if (changed.length === 0) await rm(this.path, { force: true });
    else await writeAtomically(this.path, `${JSON.stringify(changed)}\n`);
  }
}
