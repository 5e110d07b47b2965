/** What must hold of an instance's authentication; reads the files that hold keys. */
import { dirname, resolve } from 'node:path';
import { keysOfType, readHmacKey } from '../schema/authentication.js';
import type { Path } from '../document.js';
import { readableByOthers } from '../secrets.js';
import { uniqueness, type Context, type ReadableFile } from './context.js';
import { inWords } from '../../control/in-words.js';

type Instance = NonNullable<NonNullable<NonNullable<ReadableFile['vrrp']>['instances']>[number]>;
type Key = NonNullable<NonNullable<NonNullable<Instance['authentication']>['keys']>[number]>;

/** Reads a file and its permission bits; throws what node:fs throws. */
export type ReadSecret = (path: string) => { readonly text: string; readonly mode: number };

/** @param version undefined = not known */
export const checkAuthentication = (context: Context, instance: Instance, path: Path, version: 2 | 3 | undefined): void => {
  const { given, report } = context;
  const place = [...path, 'authentication'];
  const entry = instance.authentication;
  if (entry === undefined) return;
  const { type, keys, active_key: active } = entry;
  if (type === undefined) return;
  if (version === 3 && type === 'pass') {
    report(place, { code: 'conflict', message: 'VRRP version 3 has no authentication by a password', remedy: 'give type: hmac with keys, remove authentication, or give version: 2', at: 'key' });
  }
  if (version === 2 && type === 'hmac') {
    report(place, { code: 'conflict', message: 'authentication of type hmac is for VRRP version 3', remedy: 'give version: 3, or type: pass with a password', at: 'key' });
  }
  const other = type === 'pass' ? 'hmac' : 'pass';
  for (const key of keysOfType[other]) {
    if (given([...place, key])) report([...place, key], { code: 'conflict', message: `${key} has no meaning for authentication of type ${type}`, remedy: `remove it, or give type: ${other}`, at: 'key' });
  }
  const needed = type === 'pass' ? 'password' : 'keys';
  if (!given([...place, needed])) report(place, { code: 'missing_key', message: `${needed} is missing`, remedy: type === 'pass' ? 'add password: a text of 1 to 8 octets' : 'add keys: a list of keys such as [{ id: 1, key_file: /etc/tandem/vrrp.key }]', at: 'key' });
  if (type === 'pass' || keys === undefined) return;
  const ids = uniqueness(context, 'give every key an id of its own');
  keys.forEach((key, index) => {
    const keyPlace = [...place, 'keys', index];
    if (key?.id !== undefined) ids(String(key.id), [...keyPlace, 'id'], `a key has the id ${key.id} already`);
    const [inline, file] = ['key', 'key_file'].map((name) => given([...keyPlace, name]));
    if (key !== undefined && inline === file) {
      const [message, remedy] = inline ? ['a key has both key and key_file', 'keep one of the two'] : ['key or key_file is missing', 'add key_file: the path of a file that holds the key'];
      report(keyPlace, { code: inline ? 'conflict' : 'missing_key', message, remedy });
    }
  });
  const known = keys.map((key) => key?.id);
  if (active !== undefined && !known.includes(active) && !known.includes(undefined)) {
    report([...place, 'active_key'], { code: 'unknown_reference', message: `no key has the id ${active}`, remedy: `give one of ${known.join(', ')}` });
  } else if (keys.length > 1 && !given([...place, 'active_key'])) {
    report(place, { code: 'missing_key', message: 'active_key is missing: there are several keys', remedy: 'add active_key: the id of the one to sign with; every other router must have that key already', at: 'key' });
  }
};

/** The key in each file (octets in hexadecimal), by its name as the configuration writes it; one that cannot serve is reported at its place. */
export const readKeys = (context: Context, configurationPath: string, readSecret: ReadSecret): ReadonlyMap<string, string> => {
  const keys = new Map<string, string>();
  const read = ({ key_file: name }: Key, place: Path): void => {
    if (name === undefined || keys.has(name)) return;
    if (name.startsWith('hex:')) {
      context.report(place, { code: 'invalid_value', message: 'key_file cannot be a key', remedy: 'give the path of a file that holds the key, or the key as key' });
      return;
    }
    const path = resolve(dirname(configurationPath), name);
    try {
      const { text, mode } = readSecret(path);
      const [first = '', ...more] = text.replace(/\s+$/, '').split(/\r?\n/);
      const key = more.length === 0 ? readHmacKey(first) : undefined;
      if (key === undefined) {
        context.report(place, { code: 'invalid_value', message: `${path} holds no key of 32 to 64 octets`, remedy: 'let it hold one line: hex: and 64 to 128 hexadecimal digits, or 32 to 64 printable ASCII characters; (umask 077; echo "hex:$(openssl rand -hex 32)" > FILE) makes one' });
        return;
      }
      keys.set(name, key);
      if ((mode & readableByOthers) !== 0) {
        context.report(place, { severity: 'warning', code: 'secret_readable', message: `others can read ${path} (mode ${(mode & 0o777).toString(8).padStart(4, '0')}), and it holds a key`, remedy: 'chmod 600 the file' });
      }
    } catch (error) {
      context.report(place, { code: 'invalid_value', message: `the key in ${path} cannot be read: ${inWords(error).replace(/, (?:open|read|stat) '.*'$/, '')}`, remedy: 'give the path of a file that tandemd can read' });
    }
  };
  context.file.vrrp?.instances?.forEach((instance, index) =>
    instance?.authentication?.keys?.forEach((key, item) => {
      if (key !== undefined) read(key, ['vrrp', 'instances', index, 'authentication', 'keys', item, 'key_file']);
    }),
  );
  return keys;
};
