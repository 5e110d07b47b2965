/**
 * What dist/bin/<program>.js is made of (build/bundle.ts): runs dist/bundle/<program>.js and the chunks that it asks for from V8's code cache, which
 * the build has left beside them. V8 refuses a cache of another version of Node, or of a file that is not the one it was made of: then it compiles.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { Script } from 'node:vm';

/** What a file of a bundle is: an expression (build/bundle.ts), a function of what CommonJS gives a module. */
type Wrapped = (exports: unknown, require: (id: string) => unknown, module: { readonly exports: unknown }, filename: string, directory: string) => void;

const folder = join(import.meta.dirname, '../bundle');
const requireFromThere = createRequire(`${folder}/`);
const loaded = new Map<string, { readonly exports: unknown }>();

const cacheOf = (path: string): Buffer | undefined => {
  try {
    return readFileSync(`${path}.cache`);
  } catch {
    return undefined;
  }
};

const load = (name: string): unknown => {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  try {
    const filename = join(folder, name);
    const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: cacheOf(filename) });
    (script.runInThisContext() as Wrapped)(module.exports, requireOfBundle, module, filename, folder);
  } catch (error) {
    loaded.delete(name);
    throw error;
  }
  return module.exports;
};

const requireOfBundle = (id: string): unknown => (id.startsWith('./') ? load(id) : requireFromThere(id));

load(`./${basename(import.meta.filename)}`);
