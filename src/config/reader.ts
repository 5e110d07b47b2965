/** Reads one configuration file again and again: what has not changed, file and files that it names, is not parsed anew. */
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { readSecretFile } from './check-across.js';
import { parseText, readBytes, textOf, type LoadedConfiguration, type LoadResult } from './load.js';
import { QuickMemory } from './parse-quickly.js';
import { sha256 } from './sha256.js';

interface Remembered {
  readonly result: LoadedConfiguration;
  readonly hostName: string;
  readonly mode: number;
  /** of the certificates and keys: path -> fingerprint */
  readonly others: ReadonlyMap<string, string>;
}

const fingerprintOf = (path: string): string => {
  try {
    return `${statSync(path).mode} ${sha256(readFileSync(path))}`;
  } catch (error) {
    return String(error);
  }
};

/** Octets by which a file may grow, and be read without more memory. */
const spare = 4_096;

export class ConfigurationReader {
  #last: Remembered | undefined;
  /** of one reading after the other */
  #octets: Buffer = Buffer.alloc(0);
  readonly #memory: QuickMemory;

  constructor(
    private readonly path: string,
    memory = new QuickMemory(),
  ) {
    this.#memory = memory;
  }

  /** As `load` of a file with one service changed, of which nothing is kept. */
  rehearse(): Promise<LoadResult> {
    const other = new ConfigurationReader(this.path, this.#memory.butOne());
    other.#octets = this.#octets;
    return other.load();
  }

  /** As `loadConfiguration`; the configuration is the very object of last time when nothing has changed, and so is each service that has not. */
  async load(): Promise<LoadResult> {
    const last = this.#last;
    const read = await readBytes(this.path, this.#octets);
    if (!read.ok) {
      this.#last = undefined;
      return read;
    }
    const { bytes, mode } = read;
    if (bytes.length >= this.#octets.length) this.#octets = Buffer.allocUnsafeSlow(bytes.length + spare);
    const hostName = hostname();
    if (last !== undefined && last.result.sha256 === sha256(bytes) && last.mode === mode && last.hostName === hostName && [...last.others].every(([path, fingerprint]) => fingerprintOf(path) === fingerprint)) return last.result;
    const decoded = textOf(bytes, this.path);
    if (!decoded.ok) {
      this.#last = undefined;
      return decoded;
    }
    const { text } = decoded;
    const others = new Map<string, string>();
    const result = await parseText(
      text,
      this.path,
      {
        bytes,
        mode,
        hostName,
        readText: (path) => {
          others.set(path, fingerprintOf(path));
          return readFileSync(path, 'utf8');
        },
        readSecret: (path) => {
          others.set(path, fingerprintOf(path));
          return readSecretFile(path);
        },
      },
      this.#memory,
    );
    this.#last = result.ok ? { result, hostName, mode, others } : undefined;
    return result;
  }
}
