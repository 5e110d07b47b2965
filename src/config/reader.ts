/** Reads one configuration file again and again: what has not changed, file and files that it names, is not parsed anew. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { loadConfiguration, readSecretFile, type LoadedConfiguration, type LoadResult } from './load.js';

interface Remembered {
  readonly result: LoadedConfiguration;
  readonly hostName: string;
  readonly mode: number;
  /** of the certificates and keys: path -> fingerprint */
  readonly others: ReadonlyMap<string, string>;
}

const digest = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const fingerprintOf = (path: string): string => {
  try {
    return `${statSync(path).mode} ${digest(readFileSync(path))}`;
  } catch (error) {
    return String(error);
  }
};

export class ConfigurationReader {
  #last: Remembered | undefined;

  constructor(private readonly path: string) {}

  /** As `loadConfiguration`; the configuration is the very object of last time when nothing has changed. */
  async load(): Promise<LoadResult> {
    const last = this.#last;
    if (last !== undefined && (await this.#isUnchanged(last))) return last.result;
    const others = new Map<string, string>();
    const hostName = hostname();
    const mode = this.#mode();
    const result = await loadConfiguration(this.path, {
      hostName,
      readText: (path) => {
        others.set(path, fingerprintOf(path));
        return readFileSync(path, 'utf8');
      },
      readSecret: (path) => {
        others.set(path, fingerprintOf(path));
        return readSecretFile(path);
      },
    });
    this.#last = result.ok && mode !== undefined ? { result, hostName, mode, others } : undefined;
    return result;
  }

  async #isUnchanged({ result, hostName, mode, others }: Remembered): Promise<boolean> {
    if (hostname() !== hostName || this.#mode() !== mode) return false;
    try {
      if (digest(await readFile(this.path)) !== result.sha256) return false;
    } catch {
      return false; // loading it tells why
    }
    return [...others].every(([path, fingerprint]) => fingerprintOf(path) === fingerprint);
  }

  /** Of a regular file: others are for loading to refuse. */
  #mode(): number | undefined {
    try {
      const status = statSync(this.path);
      return status.isFile() ? status.mode : undefined;
    } catch {
      return undefined;
    }
  }
}
