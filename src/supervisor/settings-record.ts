/** The record of the host's settings that were changed, and of what they were: written before the change, so that a crash loses nothing. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from './owned.js';

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

/** @throws SyntaxError, TypeError when the text is no record */
const parse = (text: string): readonly ChangedSetting[] => {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value) || !value.every(isChanged) || !value.every(isInside)) throw new TypeError('it is no list of settings');
  return value;
};

export class SettingsRecord {
  readonly path: string;

  constructor(runtimeDirectory: string) {
    this.path = join(runtimeDirectory, 'settings.json');
  }

  /** Empty when there is none. @throws Error when it cannot be read or understood */
  async load(): Promise<readonly ChangedSetting[]> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
    return parse(text);
  }

  /** @throws Error */
  async save(changed: readonly ChangedSetting[]): Promise<void> {
    if (changed.length === 0) await rm(this.path, { force: true });
    else await writeAtomically(this.path, `${JSON.stringify(changed)}\n`);
  }
}
